"""The steps of a diagnosis, from the state folder to the count, each from what was found (docs/operate/diagnose.md).

Pure. A step says what it saw; what of it matters is judged in `muster.client.core.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Iterator

from muster.base.errors import Code, Misconfigured, MusterError, Refused, Unreachable
from muster.client.core.attempt import CLOCK_TOLERANCE
from muster.client.core.choices import ActivationType
from muster.client.core.diagnosis import Diagnosis, Facts, Stage, Status, Step, Visit, judge, wrong
from muster.client.core.diagnosis_directory import directory_steps
from muster.client.core.diagnosis_vendor import has_mak, no_of_the_vendor, service_step
from muster.client.core.discovery import ServiceRecord
from muster.client.core.licensing import Scene, next_attempt
from muster.trust.standing import is_suspect
from muster.wire.activation import State
from muster.wire.calendar import moment
from muster.wire.record import KeyKindCode

_AT_THE_HOST = (Stage.FRAME, Stage.CERTIFICATE, Stage.SCOPE, Stage.COUNT)
_STAGE_OF = {
    Code.HOST_UNREACHABLE: Stage.FRAME,
    Code.MESSAGE_MALFORMED: Stage.FRAME,
    Code.VERSION_NOT_SUPPORTED: Stage.FRAME,
    Code.HOST_BUSY: Stage.FRAME,
    Code.RATE_LIMITED: Stage.FRAME,
    Code.EDITION_NOT_COVERED: Stage.SCOPE,
    Code.MAINTENANCE_ENDED: Stage.SCOPE,
    Code.COUNT_BELOW_THRESHOLD: Stage.COUNT,
}


def diagnose(facts: Facts) -> Diagnosis:
    """Every step in order, and the verdict on them."""
    return judge(facts, tuple(_steps(facts)))


def _steps(facts: Facts) -> Iterator[Step]:
    yield _home(facts)
    scene = facts.scene
    yield _product(facts)
    if scene is None:
        yield from _without_edition(facts)
        return
    yield Step(Stage.VENDOR, Status.OK, f"{scene.product.claims.vendor}, {scene.product.fingerprint.hex()[:16]}…")
    yield _key(facts, scene)
    yield _lease(facts, scene)
    yield _clock(facts, scene)
    yield from directory_steps(facts)
    yield service_step(facts)
    if facts.is_by_directory or has_mak(scene):
        way = "the directory activates" if facts.is_by_directory else "a multiple activation key is installed"
        for stage in list(Stage)[list(Stage).index(Stage.ZONES) :]:
            yield _not_set_up(stage, f"{way}: no host is asked")
        return
    yield from _discovery(facts)
    yield from _hosts(facts)


def _without_edition(facts: Facts) -> Iterator[Step]:
    is_key = facts.obstacle is not None and facts.obstacle.code is Code.NO_KEY
    seen = ", ".join(facts.vendors)
    yield Step(Stage.VENDOR, Status.OK, seen) if seen else _not_reached(Stage.VENDOR)
    yield _missing_key(facts) if is_key else _not_reached(Stage.KEY)
    for stage in list(Stage)[list(Stage).index(Stage.LEASE) :]:
        yield _not_reached(stage)


def _home(facts: Facts) -> Step:
    home = facts.home
    if home.is_writable:
        return Step(Stage.HOME, Status.OK, home.path)
    due = next_attempt(facts.scene) if facts.scene is not None else None
    # Somebody who may write attends to it: this user need not.
    if not home.is_own and facts.scene is not None and (due is None or due > facts.scene.now):
        return Step(Stage.HOME, Status.OK, f"{home.path}; this user only reads it, its owner keeps it up to date")
    return wrong(
        Stage.HOME,
        Misconfigured(
            Code.HOME_NOT_WRITABLE,
            f"the state folder {home.path} cannot be written: {home.problem}",
            "Run as the folder's owner or as root, or give it back: chown and chmod u+rwx.",
        ),
    )


def _product(facts: Facts) -> Step:
    if facts.scene is not None:
        claims = facts.scene.product.claims
        return Step(Stage.PRODUCT, Status.OK, f"serial {claims.serial}, edition {facts.scene.edition.name}")
    if facts.obstacle is not None and facts.obstacle.code is not Code.NO_KEY:
        return wrong(Stage.PRODUCT, facts.obstacle)
    return Step(Stage.PRODUCT, Status.OK, "verified")


def _key(facts: Facts, scene: Scene) -> Step:
    key, guidance = scene.part.key, facts.guidance
    if key is None:
        return _missing_key(facts)
    is_mak = key.kind is KeyKindCode.MAK
    way = guidance.type if guidance is not None else ActivationType.ANY
    if (is_mak and way is ActivationType.HOST) or (not is_mak and way is ActivationType.MAK):
        kind = "multiple activation key" if is_mak else "generic key"
        problem = f"a {kind} is installed, and {scene.edition.name} may be activated by {way} only (set-type)"
        remedy = "Install a key of the other kind (muster client install-key), or muster client set-type any."
        return wrong(Stage.KEY, Refused(Code.KEY_WRONG_KIND, problem, remedy))
    if not is_mak:
        product = scene.product
        generic = {product.generic_key(e).reference: e.name for e in product.claims.editions}
        owner = generic.get(key.reference)
        if owner != scene.edition.name:
            whose = f"that of {owner}" if owner else "of no edition in the product file"
            problem = f"the key of {scene.edition.name} is {whose}"
            remedy = f"muster client install-key with a key of {scene.edition.name}"
            return wrong(Stage.KEY, Refused(Code.KEY_WRONG_EDITION, problem, remedy))
    if facts.refused_key is not None:
        return _refused_key(facts.refused_key)
    if is_mak and (refusal := no_of_the_vendor(scene)) is not None:
        return wrong(Stage.KEY, refusal)
    return Step(Stage.KEY, Status.OK, f"{'multiple activation' if is_mak else 'generic'} key …{key.partial}")


def _missing_key(facts: Facts) -> Step:
    if facts.refused_key is not None:
        return _refused_key(facts.refused_key)
    return wrong(Stage.KEY, Refused(Code.NO_KEY, "no product key is installed"))


def _refused_key(code: Code) -> Step:
    return wrong(Stage.KEY, Refused(code, f"the key that was entered last was refused: {code.meaning}"))


def _lease(facts: Facts, scene: Scene) -> Step:
    standing = scene.standing()
    if standing.state is State.LICENSED:
        until = "for good" if standing.expires_at is None else f"until {standing.expires_at:%Y-%m-%d %H:%M} UTC"
        return Step(Stage.LEASE, Status.OK, f"{standing.state} by {standing.method}, {until}")
    if standing.reason is not None and standing.reason is not Code.CLOCK_SUSPECT:
        cause = f"{standing.state}: {standing.reason.meaning}"
        return wrong(Stage.LEASE, Refused(standing.reason, cause, "muster client activate"))
    if scene.part.key is not None and scene.part.key.kind is KeyKindCode.MAK:
        problem = f"{standing.state}: {scene.edition.name} waits for a confirmation id"
        remedy = "muster client activate; without a network: muster client installation-id, then muster client confirm"
        return wrong(Stage.LEASE, Refused(Code.CONFIRMATION_UNTRUSTED, problem, remedy))
    copied = "; this state was made on another machine" if facts.is_copied else ""
    return Step(Stage.LEASE, Status.NOT_SET_UP, f"{standing.state}: never activated{copied}")


def _clock(facts: Facts, scene: Scene) -> Step:
    now = f"{scene.now:%Y-%m-%d %H:%M:%S} UTC"
    outcome = facts.outcome
    if outcome is not None and outcome.skew is not None:
        hours = abs(outcome.skew.total_seconds()) / 3600
        side = "behind" if outcome.skew.total_seconds() > 0 else "ahead of"
        problem = f"this machine's clock ({now}) is {hours:.1f} hours {side} the activation host's"
        return wrong(Stage.CLOCK, Refused(Code.CLOCK_SKEW, problem))
    high = moment(scene.record.high_water)
    if is_suspect(scene.record.high_water, scene.now):
        problem = f"the clock ({now}) stands before a time it has shown ({high:%Y-%m-%d %H:%M:%S} UTC)"
        return wrong(Stage.CLOCK, Refused(Code.CLOCK_SUSPECT, problem))
    if outcome is not None and outcome.counted is not None:
        hours = CLOCK_TOLERANCE.total_seconds() / 3600
        return Step(Stage.CLOCK, Status.OK, f"{now}, within {hours:g} hours of the activation host's")
    return Step(Stage.CLOCK, Status.OK, f"{now}, not before any time it has shown")


def _discovery(facts: Facts) -> Iterator[Step]:
    guidance = facts.guidance
    if facts.outcome is None or guidance is None:
        yield _not_reached(Stage.ZONES)
        yield _not_reached(Stage.SRV)
        return
    if guidance.configured:
        hosts = ", ".join(str(c.address) for c in guidance.configured)
        yield _not_set_up(Stage.ZONES, f"hosts are set by hand: {hosts}")
        yield _not_set_up(Stage.SRV, "DNS is not asked")
        return
    if not facts.zones:
        problem = "this machine has no DNS zone to ask: no own domain and no search list"
        remedy = "muster client set-domain ZONE, or muster client set-host HOST"
        yield wrong(Stage.ZONES, Refused(Code.NO_HOST_FOUND, problem, remedy))
        yield _not_reached(Stage.SRV)
        return
    yield Step(Stage.ZONES, Status.OK, ", ".join(facts.zones))
    yield _records(facts)


def _records(facts: Facts) -> Step:
    seen: list[str] = []
    for name, answer in facts.answers:
        if not isinstance(answer, MusterError):
            seen += [_record(name, record) for record in answer if record.target]
    if seen:
        return Step(Stage.SRV, Status.OK, ", ".join(seen))
    for _, answer in facts.answers:
        if isinstance(answer, MusterError):
            return wrong(Stage.SRV, answer)
    names = ", ".join(name for name, _ in facts.answers)
    return wrong(Stage.SRV, Refused(Code.NO_HOST_FOUND, f"DNS holds no SRV record of an activation host: {names}"))


def _record(name: str, record: ServiceRecord) -> str:
    return f"{name} {record.priority} {record.weight} {record.port} {record.target}"


def _hosts(facts: Facts) -> Iterator[Step]:
    if not facts.visits:
        for stage in (Stage.ADDRESS, Stage.TCP, *_AT_THE_HOST):
            yield _not_reached(stage)
    for visit in facts.visits:
        yield from _host(facts, visit)


def _host(facts: Facts, visit: Visit) -> Iterator[Step]:
    host = str(visit.address)
    if isinstance(visit.numbers, MusterError) or not visit.numbers:
        error = visit.numbers if isinstance(visit.numbers, MusterError) else _without_address(host)
        yield wrong(Stage.ADDRESS, error, host)
        for stage in (Stage.TCP, *_AT_THE_HOST):
            yield _not_reached(stage, host)
        return
    yield Step(Stage.ADDRESS, Status.OK, ", ".join(visit.numbers), host)
    if visit.unreached is not None:
        yield wrong(Stage.TCP, visit.unreached, host)
        for stage in _AT_THE_HOST:
            yield _not_reached(stage, host)
        return
    yield Step(Stage.TCP, Status.OK, f"port {visit.address.port} accepts connections", host)
    yield from _answer(facts, visit)


def _without_address(host: str) -> Unreachable:
    return Unreachable(
        Code.HOST_UNREACHABLE,
        f"{host} has no address: its name does not resolve",
        "Correct the SRV record or the host's own record in DNS.",
    )


def _answer(facts: Facts, visit: Visit) -> Iterator[Step]:
    """What the host said, told at the step where it ended."""
    host, outcome = str(visit.address), facts.outcome
    trial = next((t for t in (outcome.trials if outcome else ()) if t.candidate.address == visit.address), None)
    error = trial.error if trial is not None else None
    end = None if error is None else _STAGE_OF.get(error.code, Stage.CERTIFICATE)
    for stage in _AT_THE_HOST:
        if error is not None and stage is end:
            yield wrong(stage, error, host)
            break
        yield Step(stage, Status.OK, _well(facts, stage), host)
    if end is not None:
        for stage in _AT_THE_HOST[_AT_THE_HOST.index(end) + 1 :]:
            yield _not_reached(stage, host)


def _well(facts: Facts, stage: Stage) -> str:
    scene, counted = facts.scene, facts.outcome.counted if facts.outcome else None
    if stage is Stage.CERTIFICATE and counted is not None:
        return f"signed by the vendor, of organisation {counted.organisation}"
    if stage is Stage.SCOPE and scene is not None:
        return f"covers {scene.edition.name}"
    if stage is Stage.COUNT and scene is not None and counted is not None:
        return f"{counted.claims.count} of {scene.edition.threshold}"
    return "answers as an activation host" if stage is Stage.FRAME else "good"


def _not_set_up(stage: Stage, detail: str) -> Step:
    return Step(stage, Status.NOT_SET_UP, detail)


def _not_reached(stage: Stage, host: str = "") -> Step:
    return Step(stage, Status.NOT_REACHED, "", host)
