"""Product files, keys, choices and rearming: what only an administrator may do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, Untrusted
from muster.client.core import choices as chosen
from muster.client.core.licensing import Scene
from muster.client.core.machine import install_key as with_key
from muster.client.core.machine import part_of, rearm, remove_key
from muster.client.service.machine import Machine
from muster.trust.product import Product, open_product
from muster.trust.productkey import KeyKind, ProductKey, parse_key
from muster.wire.product import Edition

REMEMBERED_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Installation:
    """What `install` did: the product, and the edition whose generic key was installed, if one was."""

    product: Product
    edition: Edition | None


def install(machine: Machine, text: bytes, *, edition: str | None = None, force: bool = False) -> Installation:
    """Verify a product file, keep it, and install the generic key of `edition`, or of the only one in it.

    `Untrusted` with VENDOR_MISMATCH for another vendor under names that are known here, `Refused` with PRODUCT_TOO_OLD for
    an older file unless `force`. A key that is installed already stays.
    """
    now = machine.around.clock.now()
    product = open_product(text, now=now)
    vendor_id = product.keysets.vendor_id
    _check_names(machine, product)
    wanted = product.edition(edition) if edition is not None else None
    known = _known(machine, vendor_id)
    if known is not None:
        least = 0 if force else known.claims.serial
        product = open_product(text, now=now, known=known.keysets, least_serial=least)
    machine.state.save_product(vendor_id, text)
    if product.keysets.version > len(open_product(text).keysets.documents):
        machine.state.save_keysets(vendor_id, product.keysets)
    record = machine.awake(vendor_id)
    if wanted is None and len(product.claims.editions) == 1:
        wanted = product.claims.editions[0]
    if wanted is not None and part_of(record, wanted.id).key is None:
        machine.state.save_record(vendor_id, with_key(record, wanted.id, product.generic_key(wanted), now))
    machine.journal.note(
        now,
        "product.installed",
        vendor=product.claims.vendor,
        serial=product.claims.serial,
        edition=wanted.name if wanted else None,
    )
    return Installation(product, wanted)


def _known(machine: Machine, vendor_id: bytes) -> Product | None:
    """The product as it is installed; None for one that is not, or whose file is damaged: installing again repairs it."""
    if vendor_id not in machine.state.vendors():
        return None
    try:
        return machine.state.product(vendor_id)
    except (Malformed, Untrusted):
        return None


def _check_names(machine: Machine, product: Product) -> None:
    """The first product file pins its vendor for the vendor's name and for every edition's name."""
    names = {edition.name for edition in product.claims.editions}
    for vendor_id, known in machine.products():
        if vendor_id == product.keysets.vendor_id:
            continue
        shared = names & {edition.name for edition in known.claims.editions}
        if known.claims.vendor == product.claims.vendor or shared:
            what = f"an edition named {min(shared)}" if shared else f"the name {known.claims.vendor}"
            raise Untrusted(
                Code.VENDOR_MISMATCH,
                f"another vendor is known here already under {what}",
                "Compare the vendor fingerprints; the file may be forged.",
            )


def install_offered(machine: Machine) -> None:
    """Install what lies in ``products.d`` and is new. A file that cannot be taken is told in the journal, once."""
    for name, text in machine.state.offered():
        try:
            product = open_product(text)
            known = _known(machine, product.keysets.vendor_id)
            if known is not None and known.claims.serial >= product.claims.serial:
                continue
            install(machine, text)
            machine.journal.note(machine.around.clock.now(), "product.offered", file=name)
        except MusterError as error:
            _tell_refused(machine, name, text, error)


def _tell_refused(machine: Machine, name: str, text: bytes, error: MusterError) -> None:
    """Every command looks into the folder, so what was told lately is not told again."""
    row: dict[str, object] = {"file": name, "digest": hashlib.sha256(text).hexdigest()[:16], "code": str(error.code)}
    if not any(row.items() <= event.items() for event in machine.journal.last(REMEMBERED_EVENTS)):
        machine.journal.note(machine.around.clock.now(), "product.refused", **row)


def install_key(machine: Machine, text: str, *, edition: str | None = None) -> Scene:
    """Install a generic key or a multiple activation key; which edition it is for stands in the key.

    `Malformed` with KEY_MALFORMED, `Refused` with KEY_WRONG_KIND for a host key, KEY_WRONG_EDITION when no installed
    product has its edition or `edition` is another, KEY_UNKNOWN for a generic key that is not this vendor's.
    """
    now = machine.around.clock.now()
    try:
        key, scene = _accepted(machine, text, edition)
    except MusterError as error:
        machine.journal.note(now, "key.refused", edition=edition, code=str(error.code))
        raise
    vendor_id = scene.product.keysets.vendor_id
    record = with_key(machine.awake(vendor_id), scene.edition.id, key, now)
    secrets = {k: v for k, v in machine.state.secrets(vendor_id).items() if k != scene.edition.id}
    if key.kind is KeyKind.MAK:
        secrets[scene.edition.id] = key.secret
    if secrets or machine.state.secrets(vendor_id):
        machine.state.save_secrets(vendor_id, secrets)
    after = machine.save(scene, record)
    machine.journal.note(now, "key.installed", edition=scene.edition.name, kind=str(key.kind), partial_key=key.partial)
    return after


def _accepted(machine: Machine, text: str, edition: str | None) -> tuple[ProductKey, Scene]:
    key = parse_key(text)
    if key.kind is KeyKind.HOST:
        raise Refused(
            Code.KEY_WRONG_KIND,
            "this is a host key: it belongs on an activation host",
            "On the activation host: muster host install-key. Machines take generic and multiple activation keys.",
        )
    return key, _fitting(machine, key, edition)


def _fitting(machine: Machine, key: ProductKey, edition: str | None) -> Scene:
    products = list(machine.products())
    if not products:
        machine.check_whole()
        raise Misconfigured(
            Code.NOT_SET_UP, "no product file is installed on this machine", "muster client install FILE, then the key"
        )
    found = [(product, e) for _, product in products for e in product.claims.editions if e.id == key.scope]
    if edition is not None:
        wanted = machine.scene(edition)
        found = [(p, e) for p, e in found if e.name == edition and p.fingerprint == wanted.product.fingerprint]
    if key.kind is KeyKind.GENERIC:
        own = [(p, e) for p, e in found if p.generic_key(e) == key]
        if found and not own:
            raise Refused(Code.KEY_UNKNOWN, "this generic key is not of the vendor whose product file is installed")
        found = own
    if not found:
        machine.check_whole()
        raise Refused(
            Code.KEY_WRONG_EDITION,
            f"the key …{key.partial} is not for {edition or 'an edition of an installed product file'}",
        )
    if len(found) > 1:
        names = ", ".join(f"{e.name} of {p.claims.vendor}" for p, e in found)
        raise Misconfigured(Code.USAGE, f"the key may be for {names}", "name the edition with --edition")
    return machine.scene(found[0][1].name)


def uninstall_key(machine: Machine, edition: str | None) -> Scene:
    """Remove the key and every activation of an edition; `Refused` with NO_KEY when there is none."""
    scene = machine.scene(edition)
    if scene.part.key is None:
        raise Refused(Code.NO_KEY, f"no product key is installed for {scene.edition.name}")
    vendor_id = scene.product.keysets.vendor_id
    record = remove_key(machine.awake(vendor_id), scene.edition.id)
    secrets = dict(machine.state.secrets(vendor_id))
    if secrets.pop(scene.edition.id, None) is not None:
        machine.state.save_secrets(vendor_id, secrets)
    machine.journal.note(scene.now, "key.removed", edition=scene.edition.name)
    return machine.save(scene, record)


def rearm_all(machine: Machine, *, keep_grace: bool = False) -> tuple[str, ...]:
    """Give every vendor's record a new client id, before an image is captured; the vendors' names.

    Either all or none: `Refused` with REARM_EXHAUSTED, or a damaged vendor, changes nothing.
    """
    machine.check_whole()
    renewed = []
    for vendor_id, product in machine.products():
        record = rearm(
            machine.waking(vendor_id)[0], machine.bearings(), machine.fresh(), product.policy, keep_grace=keep_grace
        )
        renewed.append((vendor_id, record, product.claims.vendor))
    if not renewed:
        raise Misconfigured(Code.NOT_SET_UP, "no product file is installed on this machine", "nothing to rearm")
    machine.hosts.forget()
    for vendor_id, record, vendor in renewed:
        machine.state.save_record(vendor_id, record)
        machine.journal.note(machine.around.clock.now(), "machine.rearmed", vendor=vendor)
    return tuple(vendor for *_, vendor in renewed)


def set_hosts(machine: Machine, text: str, *, edition: str | None = None, product: str | None = None) -> None:
    """Set the hosts to ask, in order, for the machine or one product or edition; an empty text clears them."""
    if edition is not None:
        machine.scene(edition)
    if product is not None and text:
        _check_product(machine, product)
    state = machine.state
    state.save_choices(chosen.with_hosts(state.choices(), text, edition=edition or "", product=product or ""))
    _forget_schedule(machine)


def _check_product(machine: Machine, name: str) -> None:
    known = sorted({edition.product for _, product in machine.products() for edition in product.claims.editions})
    if name not in known:
        raise Misconfigured(Code.EDITION_UNKNOWN, f"no product {name!r} is installed", f"known: {', '.join(known)}")


def set_zone(machine: Machine, zone: str) -> None:
    """Ask this zone for hosts instead of the machine's own; an empty text clears it."""
    zones = chosen.check_zones((zone,)) if zone else ("",)
    machine.state.save_choices(replace(machine.state.choices(), zone=zones[0]))
    _forget_schedule(machine)


def set_dns(machine: Machine, address: str) -> None:
    """Ask this name server instead of the system's; an empty text clears it."""
    server = str(chosen.parse_dns(address)) if address else ""
    machine.state.save_choices(replace(machine.state.choices(), dns=server))
    _forget_schedule(machine)


def set_caching(machine: Machine, *, on: bool) -> None:
    """Remember the host that answered last, or do not; switching off forgets the one that is remembered."""
    machine.state.save_choices(replace(machine.state.choices(), caching=on))
    if not on:
        machine.hosts.forget()
    for vendor_id in machine.sound() if not on else ():
        machine.state.save_record(vendor_id, machine.awake(vendor_id)._replace(cached_host="", cached_priority=0))


def set_type(machine: Machine, way: str, *, edition: str | None = None) -> None:
    """How the machine, or one edition, may be activated."""
    if edition is not None:
        machine.scene(edition)
    machine.state.save_choices(chosen.with_type(machine.state.choices(), way, edition or ""))


def _forget_schedule(machine: Machine) -> None:
    """Other ways lead to other hosts: what was skipped may be asked again."""
    for vendor_id in machine.sound():
        record = machine.state.record(vendor_id)
        if record is not None and record.skips:
            machine.state.save_record(vendor_id, machine.awake(vendor_id)._replace(skips=()))
