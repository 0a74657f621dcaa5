"""Installation ids of this machine, and the vendor's confirmations (spec/installation.md, spec/confirmation.md)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, Unreachable, Untrusted
from muster.client.core.choices import Guidance
from muster.client.core.keysets import believed
from muster.client.core.licensing import Scene
from muster.client.core.machine import keep, moment_of
from muster.client.ports import VendorService
from muster.client.service.machine import Machine
from muster.platform.service_address import check_service
from muster.trust.evidence import Method
from muster.trust.hardware import installation_parts, lease_parts, same_hardware
from muster.trust.humanid import format_installation, parse_confirmation
from muster.trust.installation import is_tag_good, machine_id
from muster.trust.permanent import verify_permanent
from muster.wire.calendar import day_start
from muster.wire.confirmation import decode_confirmation_file, encode_installation_file, unpack_confirmation
from muster.wire.installation import MachineId, pack_installation, unpack_installation
from muster.wire.keyset import MAX_KEYSETS
from muster.wire.record import Attempts, KeyKindCode, PermanentEvidence

KEYSETS_SECONDS = 60.0
WITHOUT_SERVICE = "By telephone, QR code or file: muster client installation-id, then muster client confirm."


def _secret(machine: Machine, scene: Scene) -> bytes:
    """K of the edition's multiple activation key; `Refused` when another key, or none, is installed."""
    key = scene.part.key
    if key is None:
        raise Refused(Code.NO_KEY, f"no product key is installed for {scene.edition.name}")
    if key.kind is not KeyKindCode.MAK:
        raise Refused(
            Code.KEY_WRONG_KIND,
            f"{scene.edition.name} has a generic key: it is activated by directory or host, not by confirmation",
            "muster client activate; or install a multiple activation key first.",
        )
    secret = machine.state.secrets(scene.product.keysets.vendor_id).get(scene.edition.id)
    if secret is None:
        raise Refused(
            Code.NO_KEY,
            f"the key of {scene.edition.name} is known by its last characters only",
            "Install the multiple activation key again: muster client install-key",
        )
    return secret


def pending(machine: Machine, scene: Scene) -> tuple[Scene, bytes]:
    """The packed installation id of the hardware; remembered until its confirmation comes.

    One that waits already is kept while it is the same hardware within tolerance: it may have been read out by telephone.
    """
    secret, key = _secret(machine, scene), scene.part.key
    assert key is not None  # noqa: S101 - `_secret` has looked
    made = machine_id(key.reference, secret, scene.edition.id, scene.hardware)
    if _still_waits(scene.part.pending, made, secret):
        return scene, scene.part.pending
    packed = pack_installation(made)
    awake = machine.woken(scene)
    return machine.save(awake, keep(awake.record, awake.part._replace(pending=packed))), packed


def _still_waits(pending: bytes, now: MachineId, secret: bytes) -> bool:
    if not pending:
        return False
    before = unpack_installation(pending)
    if not isinstance(before, MachineId) or (before.reference, before.edition) != (now.reference, now.edition):
        return False
    return is_tag_good(before, secret) and (before.parts == now.parts or same_hardware(before.parts, now.parts))


def installation_id(machine: Machine, edition: str | None) -> str:
    """The digits that the vendor confirms, ten groups."""
    _, packed = pending(machine, machine.scene(edition))
    return format_installation(unpack_installation(packed))


def installation_file(machine: Machine, edition: str | None) -> str:
    """The same as a file."""
    _, packed = pending(machine, machine.scene(edition))
    return encode_installation_file(packed)


def address_of(scene: Scene, guidance: Guidance, given: str = "") -> str:
    """The vendor's service: the one that was named, else that of the settings, else that of the product file; or empty."""
    return given or guidance.service or scene.product.claims.service


async def confirm_online(machine: Machine, scene: Scene, address: str) -> Scene:
    """Have the vendor's service at `address` confirm this machine, and deposit what it answers.

    `Misconfigured` for no address, `Unreachable`, `Untrusted`, or the service's own no, all with what to do without it.
    """
    scene, packed = pending(machine, scene)
    try:
        if not address or machine.vendor is None:
            raise Misconfigured(Code.NO_SERVICE)
        answer = await machine.vendor.activate(check_service(address), packed)
        try:
            after = _deposit(machine, scene, packed, answer.confirmation)
        except Untrusted:
            # The vendor may have changed its keys since the product file was made.
            scene = await _with_newer_keysets(machine, machine.vendor, scene, address)
            after = _deposit(machine, scene, packed, answer.confirmation)
    except (Unreachable, Untrusted, Misconfigured) as error:
        raise type(error)(error.code, error.message, f"{error.hint} {WITHOUT_SERVICE}") from error
    row = {"method": str(Method.MAK), "state": str(after.standing().state), "remaining": answer.remaining}
    machine.journal.note(after.now, "activation.done", edition=after.edition.name, **row)
    return after


async def _with_newer_keysets(machine: Machine, vendor: VendorService, scene: Scene, address: str) -> Scene:
    """The scene with the keysets that the service has beyond those known here, as far as the chain proves itself; saved."""
    known, documents = scene.product.keysets, list[bytes]()
    with suppress(MusterError, TimeoutError):
        async with asyncio.timeout(KEYSETS_SECONDS):
            while known.version + len(documents) < MAX_KEYSETS:
                number = known.version + len(documents) + 1
                documents.append(await vendor.keyset(address, known.vendor_id, number))
    keysets = believed(known, documents, scene.now)
    if keysets.version == known.version:
        return scene
    machine.state.save_keysets(known.vendor_id, keysets)
    return replace(scene, product=scene.product._replace(keysets=keysets))


def confirm(machine: Machine, digits: str, *, edition: str | None = None) -> Scene:
    """Deposit a confirmation id that was typed: it belongs to the installation id that was shown last.

    `Malformed` with CONFIRMATION_MALFORMED names the group with the typing error; `Untrusted` with
    CONFIRMATION_UNTRUSTED when the vendor did not make it for that installation id. Either changes nothing.
    """
    confirmation = parse_confirmation(digits)
    scene = machine.scene(edition)
    _secret(machine, scene)
    if not scene.part.pending:
        raise Refused(
            Code.CONFIRMATION_UNTRUSTED,
            f"no installation id of {scene.edition.name} waits for a confirmation",
            "muster client installation-id shows one; have that confirmed.",
        )
    return _deposit(machine, scene, scene.part.pending, confirmation)


def confirm_file(machine: Machine, text: str | bytes, *, edition: str | None = None) -> Scene:
    """Deposit a confirmation file, which names its installation id.

    That must be of this key and, within tolerance, of this hardware: `Refused` with KEY_UNKNOWN or HARDWARE_CHANGED.
    """
    try:
        installation, confirmation = decode_confirmation_file(text)
        named = unpack_installation(installation)
        unpack_confirmation(confirmation)
    except Malformed as error:
        hint = "Take the file as the vendor sent it."
        raise Malformed(Code.CONFIRMATION_MALFORMED, f"no confirmation file: {error.message}", hint) from error
    if not isinstance(named, MachineId):
        raise Malformed(Code.CONFIRMATION_MALFORMED, "the confirmation is for a host or a directory, not for a machine")
    scene = machine.scene(edition or _edition_of(machine, named))
    secret, key = _secret(machine, scene), scene.part.key
    if key is None or named.reference != key.reference or not is_tag_good(named, secret):
        raise Refused(Code.KEY_UNKNOWN, f"the confirmation is for another key than the one of {scene.edition.name}")
    here = installation_parts(scene.hardware, secret)
    if not (same_hardware(named.parts, here) or not (any(named.parts) or any(here))):
        raise Refused(Code.HARDWARE_CHANGED, "the confirmation is for other hardware than this machine's")
    return _deposit(machine, scene, installation, confirmation)


def _edition_of(machine: Machine, named: MachineId) -> str | None:
    scenes = [s for s in machine.scenes() if s.edition.id == named.edition]
    fitting = [s for s in scenes if s.part.key is not None and s.part.key.reference == named.reference] or scenes
    return fitting[0].edition.name if fitting else None


def _deposit(machine: Machine, scene: Scene, installation: bytes, confirmation: bytes) -> Scene:
    unpacked = unpack_confirmation(confirmation)
    try:
        proven = verify_permanent(installation, unpacked, scene.product.keysets)
    except Untrusted as error:
        raise Untrusted(
            Code.CONFIRMATION_UNTRUSTED,
            "the confirmation does not belong to this installation id, or is not this vendor's",
        ) from error
    if proven.end_day and scene.now >= day_start(proven.end_day + 1):
        raise Refused(
            Code.LEASE_ENDED,
            f"the activation that this confirms ended on {day_start(proven.end_day):%Y-%m-%d}",
            "Ask the vendor for a longer one, or install another key.",
        )
    awake = machine.woken(scene)
    record = awake.record
    evidence = PermanentEvidence(
        installation,
        confirmation,
        lease_parts(awake.hardware, record.salt),
        record.salt,
        moment_of(record, awake.now),
    )
    part = awake.part._replace(permanent=evidence, pending=b"", attempts=Attempts())
    machine.state.save_entered(scene.product.keysets.vendor_id, scene.edition.id, None)
    machine.journal.note(awake.now, "confirmation.deposited", edition=awake.edition.name)
    return machine.save(awake, keep(record, part))
