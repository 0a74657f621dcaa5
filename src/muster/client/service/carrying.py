"""Volume activation without a network: a request goes out as a file, its reply comes back (spec/confirmation.md §Files)."""

from __future__ import annotations

from dataclasses import replace

from muster.base.errors import Code, Malformed, MusterError, Refused, Untrusted
from muster.client.core.carried import Carried, make, settled
from muster.client.core.licensing import Scene
from muster.client.service.activating import Result, circumstances_of
from muster.client.service.confirming import confirm_file
from muster.client.service.machine import Machine
from muster.trust.chain import verify_answer
from muster.wire.armour import ACTIVATION_REPLY, ACTIVATION_REQUEST, armour, dearmour
from muster.wire.record import KeyKindCode

_BEGIN_REPLY = f"BEGIN MUSTER {ACTIVATION_REPLY}".encode()


async def request_file(machine: Machine, edition: str | None) -> str:
    """An armoured request for an activation host; it is remembered until its reply is confirmed or another is made."""
    scene = machine.scene(edition)
    key = scene.part.key
    if key is None:
        raise Refused(Code.NO_KEY, f"no product key is installed for {scene.edition.name}")
    if key.kind is not KeyKindCode.GENERIC:
        raise Refused(
            Code.KEY_WRONG_KIND,
            f"{scene.edition.name} has a multiple activation key: it is activated by confirmation, not by a host",
            "muster client installation-id; the vendor answers with a confirmation id.",
        )
    awake = machine.woken(scene)
    # No zone: nothing is asked of the network here.
    guidance = replace(machine.guidance(awake.edition), zones=())
    carried = make(awake, await circumstances_of(machine, awake, guidance))
    machine.state.save_request(awake.product.keysets.vendor_id, awake.edition.id, carried)
    machine.journal.note(awake.now, "request.made", edition=awake.edition.name)
    return armour(ACTIVATION_REQUEST, carried.body)


def deposit_file(machine: Machine, text: bytes, *, edition: str | None = None) -> Result:
    """Deposit what came back as a file: a vendor's confirmation, or a host's reply to the request made last."""
    if _BEGIN_REPLY not in text:
        return Result(confirm_file(machine, text, edition=edition), None)
    reply = dearmour(text, ACTIVATION_REPLY)
    scene, carried = _asked(machine, reply, edition)
    awake = machine.woken(scene)
    guidance = machine.guidance(awake.edition)
    record, outcome = settled(awake, carried, reply, guidance.organisation)
    after = machine.save(awake, record)
    machine.state.save_request(awake.product.keysets.vendor_id, awake.edition.id, None)
    event = "activation.done" if outcome.error is None else "activation.failed"
    code = str(outcome.error.code) if outcome.error else None
    machine.journal.note(awake.now, event, edition=awake.edition.name, state=str(after.standing().state), code=code)
    return Result(after, outcome.error)


def _asked(machine: Machine, reply: bytes, edition: str | None) -> tuple[Scene, Carried]:
    """The edition whose request this reply answers."""
    failure: MusterError | None = None
    scenes = machine.scenes() if edition is None else (machine.scene(edition),)
    for scene in scenes:
        carried = machine.state.request(scene.product.keysets.vendor_id, scene.edition.id)
        if carried is None:
            continue
        try:
            verify_answer(carried.body, reply, scene.product.keysets)
        except Malformed:
            raise
        except MusterError as error:
            failure = failure or error
        else:
            return scene, carried
    if failure is None:
        raise Refused(Code.NOT_FOUND, "no activation request waits for a reply", "muster client request --out FILE")
    raise Untrusted(
        Code.HOST_UNTRUSTED,
        f"the reply is not one of a certified host to the request made last: {failure.message}",
        "Let an activation host of this vendor answer the newest request; a newer product file may know the host's key.",
    ) from failure
