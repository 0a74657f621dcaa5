"""Attempts: the pure walk of `core.attempt`, driven over the network, and its outcome saved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from muster.base.errors import Code, Misconfigured, MusterError, Refused, Unreachable
from muster.client.core.attempt import Attempt, Circumstances, Effect, Outcome, Response, attempt
from muster.client.core.choices import ActivationType, Guidance
from muster.client.core.directory import QUIET, choose, more_telling, outside, with_object
from muster.client.core.discovery import MAX_CANDIDATES, parse_address, zones_to_ask
from muster.client.core.licensing import Scene, failed, is_due, settle
from muster.client.core.machine import keep
from muster.client.core.search import AskName, SearchOrder
from muster.client.service.confirming import address_of, confirm_online
from muster.client.service.domain import look
from muster.client.service.machine import Machine
from muster.trust.directory import chain_beside
from muster.trust.evidence import Method
from muster.trust.hardware import lease_parts
from muster.trust.keyset import TrustedKeysets
from muster.trust.standing import is_suspect
from muster.wire.activation import NONCE_BYTES, Flags, State
from muster.wire.calendar import moment
from muster.wire.record import KeyKindCode

FRACTIONS = 4 * MAX_CANDIDATES


@dataclass(frozen=True, slots=True)
class Result:
    """An edition after an attempt; `error` is None when it was activated or renewed."""

    scene: Scene
    error: MusterError | None


async def activate(machine: Machine, edition: str | None, *, service: str = "") -> Result:
    """Try to activate, or renew, one edition now. Raises only when there is no edition to speak of.

    `service` is asked instead of the vendor's service that is known, where a multiple activation key is installed.
    """
    scene = machine.scene(edition)
    if scene.part.key is None:
        raise Refused(Code.NO_KEY, f"no product key is installed for {scene.edition.name}")
    if service and scene.part.key.kind is not KeyKindCode.MAK:
        raise Misconfigured(
            Code.USAGE,
            f"{scene.edition.name} has a generic key: a directory or a host activates it, no service of the vendor's",
            "leave --service out, or install a multiple activation key",
        )
    return await _attempt(machine, machine.woken(scene), service)


async def activate_due(machine: Machine) -> tuple[Result, ...]:
    """Try every edition that is due now."""
    return tuple([await attempt_edition(machine, s) for s in machine.scenes() if is_due(s)])


async def attempt_edition(machine: Machine, scene: Scene) -> Result:
    """Try one edition now; raises only when nothing could be saved, or read."""
    return await _attempt(machine, machine.woken(scene))


async def _attempt(machine: Machine, scene: Scene, service: str = "") -> Result:
    guidance = machine.guidance(scene.edition)
    key = scene.part.key
    try:
        if key is not None and key.kind is KeyKindCode.MAK:
            return await _by_confirmation(machine, scene, guidance, service)
        if guidance.type is ActivationType.MAK:
            raise Refused(
                Code.NO_HOST_FOUND,
                f"{scene.edition.name} may be activated by {guidance.type} only (set-type)",
                "muster client set-type any",
            )
        in_directory: MusterError | None = None
        if guidance.type is not ActivationType.HOST:
            scene, in_directory = await _by_directory(machine, scene, guidance)
            if in_directory is None:
                return Result(scene, None)
            if guidance.type is ActivationType.DIRECTORY:
                raise in_directory
        circumstances = await circumstances_of(machine, scene, guidance)
        outcome = await _drive(machine, attempt(circumstances))
        if in_directory is not None and outcome.error is not None:
            outcome = replace(outcome, error=more_telling(in_directory, outcome.error))
    except MusterError as error:
        return _failed(machine, scene, error)
    return _settled(machine, scene, outcome, guidance)


async def _by_directory(machine: Machine, scene: Scene, guidance: Guidance) -> tuple[Scene, MusterError | None]:
    """Try the directory. The scene afterwards: saved when it was activated, else to go on with, and why it was not."""
    seen = await look(machine, scene)
    if seen.found is None:
        error = seen.error or Unreachable(Code.DIRECTORY_UNREACHABLE, "the directory did not answer")
        if error.code is Code.NO_DOMAIN:
            return replace(scene, record=outside(scene, None)), error
        machine.journal.note(scene.now, "directory.failed", edition=scene.edition.name, code=str(error.code))
        return scene, error
    scene = replace(scene, record=outside(scene, seen.found.ident))
    scene = _with_keysets(machine, scene, chain_beside(seen.found.objects, scene.product.keysets, scene.now))
    try:
        chosen, proven = choose(seen.found, scene, guidance.organisation)
    except MusterError as error:
        if error.code not in QUIET:
            machine.journal.note(scene.now, "directory.failed", edition=scene.edition.name, code=str(error.code))
        return scene, error
    after = machine.save(scene, with_object(scene, seen.found, chosen))
    facts = {"serial": proven.claims.serial, "method": "directory", "state": str(after.standing().state)}
    machine.journal.note(scene.now, "activation.done", edition=scene.edition.name, **facts)
    return after, None


def _with_keysets(machine: Machine, scene: Scene, keysets: TrustedKeysets) -> Scene:
    """The scene with a longer chain, saved."""
    product = scene.product
    if keysets.version <= product.keysets.version:
        return scene
    machine.state.save_keysets(product.keysets.vendor_id, keysets)
    return replace(scene, product=product._replace(keysets=keysets))


async def _by_confirmation(machine: Machine, scene: Scene, guidance: Guidance, service: str) -> Result:
    """A multiple activation key is confirmed by the vendor; once it was, there is nothing to ask for."""
    standing = scene.standing()
    if standing.method is Method.MAK and standing.state is State.LICENSED:
        return Result(scene, None)
    if guidance.type in {ActivationType.DIRECTORY, ActivationType.HOST}:
        raise Refused(
            Code.KEY_WRONG_KIND,
            f"a multiple activation key is installed, and {scene.edition.name} may be activated by {guidance.type} only",
            "muster client set-type any; or install a generic key.",
        )
    if standing.method is Method.MAK and standing.reason is Code.CLOCK_SUSPECT:
        # A confirmation carries no time: no answer of the vendor's could end that doubt.
        raise Refused(Code.CLOCK_SUSPECT)
    after = await confirm_online(machine, scene, address_of(scene, guidance, service))
    standing = after.standing()
    if standing.state is not State.LICENSED:
        return _failed(machine, after, Refused(standing.reason or Code.CONFIRMATION_UNTRUSTED))
    return Result(after, None)


async def circumstances_of(machine: Machine, scene: Scene, guidance: Guidance) -> Circumstances:
    """What an attempt may know now: the suffixes of the machine are asked for, hosts and zones are not."""
    record, standing, entropy = scene.record, scene.standing(), machine.around.entropy
    flags = Flags(0)
    if machine.around.is_virtual:
        flags |= Flags.VIRTUAL
    if guidance.ephemeral:
        flags |= Flags.EPHEMERAL
    if scene.part.lease is not None:
        flags |= Flags.RENEWAL
    zones = guidance.zones
    if zones is None and not guidance.configured:
        own, search = await machine.names.suffixes()
        zones = zones_to_ask((), own, search)
    order = SearchOrder(
        configured=guidance.configured,
        cached=parse_address(record.cached_host) if record.cached_host and guidance.caching else None,
        zones=zones or (),
        srv=scene.product.policy.srv,
        skipped=frozenset(parse_address(host) for host, until in record.skips if scene.now < moment(until)),
        renewal=bool(flags & Flags.RENEWAL),
        fractions=tuple(entropy.fraction() for _ in range(FRACTIONS)),
    )
    return Circumstances(
        edition=scene.edition,
        keysets=scene.product.keysets,
        client_id=record.client_id,
        parts=lease_parts(scene.hardware, record.salt),
        state=standing.state,
        flags=flags,
        now=scene.now,
        order=order,
        nonces=tuple(entropy.token(NONCE_BYTES) for _ in range(MAX_CANDIDATES)),
        clock_suspect=is_suspect(record.high_water, scene.now),
        organisation=guidance.organisation,
    )


async def _drive(machine: Machine, walk: Attempt) -> Outcome:
    """Do what the walk asks for, and give it what came back, errors included."""
    try:
        effect = next(walk)
        while True:
            effect = walk.send(await _respond(machine, effect))
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome


async def _respond(machine: Machine, effect: Effect) -> Response:
    try:
        if isinstance(effect, AskName):
            return await machine.names.services(effect.name)
        return await machine.hosts.exchange(effect.address, effect.body)
    except MusterError as error:
        return error


def _settled(machine: Machine, scene: Scene, outcome: Outcome, guidance: Guidance) -> Result:
    scene = _with_keysets(machine, scene, outcome.keysets)
    record = settle(scene, outcome, machine.around.entropy.fraction(), caching=guidance.caching)
    after = machine.save(scene, record)
    if outcome.counted is not None and guidance.caching:
        machine.hosts.keep(outcome.counted.host)
    _tell(machine, after, outcome)
    return Result(after, outcome.error)


def _failed(machine: Machine, scene: Scene, error: MusterError) -> Result:
    attempts = failed(scene, scene.part.attempts, error, machine.around.entropy.fraction())
    after = machine.save(scene, keep(scene.record, scene.part._replace(attempts=attempts)))
    machine.journal.note(scene.now, "activation.failed", edition=scene.edition.name, code=str(error.code))
    return Result(after, error)


def _tell(machine: Machine, scene: Scene, outcome: Outcome) -> None:
    name, standing = scene.edition.name, scene.standing()
    fields: dict[str, object] = {"edition": name, "state": str(standing.state)}
    if outcome.counted is not None:
        fields |= {"host": str(outcome.counted.host), "count": outcome.counted.claims.count}
    if outcome.skew is not None:
        machine.journal.note(scene.now, "clock.skew", edition=name, seconds=int(outcome.skew.total_seconds()))
    if outcome.error is None:
        machine.journal.note(scene.now, "activation.done", **fields)
    else:
        machine.journal.note(scene.now, "activation.failed", code=str(outcome.error.code), **fields)
