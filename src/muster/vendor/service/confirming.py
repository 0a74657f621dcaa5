"""Confirmations: the vendor's signed yes to an installation id (spec/confirmation.md).

Intent and audit row are committed together, then the signature is made. Ed25519 is deterministic, so whoever was
interrupted asks again and gets the same bytes: nothing is spent twice, nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from muster.base.errors import Code, MusterError, Refused
from muster.trust.chain import issue_certificate
from muster.trust.humanid import format_confirmation, parse_installation
from muster.trust.installation import is_tag_good
from muster.trust.permanent import confirm_certificate, sign_permanent
from muster.trust.productkey import KeyKind
from muster.vendor.core import keysets as plan
from muster.vendor.core.ledger import (
    Certified,
    Confirmed,
    Cost,
    KeyFacts,
    grant_certificate,
    grant_permanent,
    is_low,
)
from muster.vendor.ports import Books, CertificateRow, KeyRow, MachineRow
from muster.vendor.service.noticing import notice_refusal, notice_use
from muster.vendor.service.vendor import Vendor
from muster.wire.certificate import CertificateClaims
from muster.wire.confirmation import decode_installation_file, encode_confirmation_file
from muster.wire.installation import (
    DirectoryId,
    HostId,
    InstallationId,
    MachineId,
    SubjectKind,
    pack_installation,
    unpack_installation,
)
from muster.wire.keyset import Keyset, KeyStatus, Purpose

_PURPOSES = {SubjectKind.HOST: Purpose.HOST, SubjectKind.DIRECTORY: Purpose.OBJECT}


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was confirmed. `packed` is the confirmation's bytes; `serial` is a certificate's, None for machines.

    For machines `end_day` is the last day (0: no end), and `remaining` what is left of the key's pool.
    """

    installation: bytes
    packed: bytes
    cost: Cost
    key_id: int
    serial: int | None
    end_day: int = 0
    remaining: int = 0

    @property
    def digits(self) -> str:
        """The confirmation id, in groups."""
        return format_confirmation(self.packed)

    @property
    def file(self) -> str:
        """The confirmation file."""
        return encode_confirmation_file(self.installation, self.packed)


def confirm(vendor: Vendor, digits: str, *, replaces: int | None = None) -> Confirmation:
    """Confirm the installation id of a host, a directory or a machine.

    `Malformed` with INSTALLATION_ID_MALFORMED names the group; `Refused` with KEY_UNKNOWN (also for a wrong tag: it costs
    nothing), KEY_BLOCKED, ORGANISATION_BLOCKED, KEY_EXHAUSTED, HOST_LIMIT_REACHED.
    """
    return confirm_packed(vendor, pack_installation(parse_installation(digits)), replaces=replaces)


def confirm_file(vendor: Vendor, text: str | bytes, *, replaces: int | None = None) -> Confirmation:
    """Confirm the installation id in a file."""
    return confirm_packed(vendor, decode_installation_file(text), replaces=replaces)


def confirm_packed(vendor: Vendor, packed: bytes, *, replaces: int | None = None) -> Confirmation:
    """Confirm a packed installation id; see `confirm`."""
    try:
        sign = vendor.store.run(lambda books: grant_packed(vendor, books, packed, replaces=replaces), holding=True)
    except Refused as refusal:
        notice_refused(vendor, packed, refusal)
        raise
    return sign()


def notice_refused(vendor: Vendor, packed: bytes, refusal: MusterError) -> None:
    """Tell the vendor's own systems of a refused installation id, where there is reason to."""
    installation = unpack_installation(packed)
    notice_refusal(vendor, refusal, installation.reference, lambda books: _key_behind(vendor, books, installation))


def grant_packed(
    vendor: Vendor, books: Books, packed: bytes, *, replaces: int | None = None
) -> Callable[[], Confirmation]:
    """Write the grant of a packed installation id into the books; what is returned signs it, once they are committed.

    Refuses as `confirm` does, before anything was written.
    """
    installation = unpack_installation(packed)
    if isinstance(installation, MachineId):
        return _grant_machine(vendor, books, installation, packed)
    return _grant_subject(vendor, books, installation, packed, replaces)


def key_behind(vendor: Vendor, packed: bytes) -> KeyRow:
    """The key that was installed where an installation id came from; `Refused` with KEY_UNKNOWN. Spends nothing."""
    return vendor.store.run(lambda books: _key_behind(vendor, books, unpack_installation(packed)))


def _key_behind(vendor: Vendor, books: Books, installation: InstallationId) -> KeyRow:
    """The key whose K made the tag, held until the transaction ends."""
    for row in books.keys_by_reference(installation.reference, hold=True):
        if is_tag_good(installation, vendor.keys.unseal(row.secret, row.reference)):
            return row
    raise Refused(
        Code.KEY_UNKNOWN,
        "no key of this vendor stands behind the installation id",
        "Compare the installation id with the machine's; ask which key was installed there.",
    )


def _facts(row: KeyRow) -> KeyFacts:
    return KeyFacts(
        row.kind,
        row.partial,
        row.is_blocked,
        row.organisation.is_blocked,
        row.hosts,
        row.reactivations,
        row.activations,
        row.used,
        row.reactivated,
        row.days,
        row.end_day,
    )


def _check_kind(row: KeyRow, kind: KeyKind) -> None:
    if row.kind is not kind:
        raise Refused(Code.KEY_WRONG_KIND, f"the key …{row.partial} is a {row.kind} key")


def _grant_machine(vendor: Vendor, books: Books, installation: MachineId, packed: bytes) -> Callable[[], Confirmation]:
    today = vendor.today
    key = _key_behind(vendor, books, installation)
    _check_kind(key, KeyKind.MAK)
    if key.scope != installation.edition:
        raise Refused(Code.KEY_WRONG_EDITION, f"the key …{key.partial} is for {key.scope_name}")
    alike = books.machines_like(key.id, packed, installation.parts)
    known = [Confirmed(m.installation, m.parts, m.end_day) for m in alike]
    grant = grant_permanent(_facts(key), known, packed, installation.parts, today)
    newest = vendor.chain.of(books).newest
    again = next((m for m in alike if m.installation == packed), None)
    if again is not None:
        remaining = key.activations - key.used
        return lambda: _sign_machine(vendor, newest, replace(again, cost=Cost.NOTHING), today, remaining)
    used = key.used
    if grant.cost is Cost.ACTIVATION:
        used += 1
        books.spend(replace(key, used=used))
        notice_use(vendor, books, key, used)
        if is_low(key.activations, used) and not is_low(key.activations, key.used):
            books.mark_low(key.id, vendor.clock.now())
    row = MachineRow(0, key.id, packed, installation.parts, grant.end_day, grant.cost, vendor.clock.now())
    added = books.add_machine(row)
    vendor.write(books, "machine.confirmed", str(added.id), key=key.id, cost=str(grant.cost))
    return lambda: _sign_machine(vendor, newest, added, today, key.activations - used)


def _sign_machine(vendor: Vendor, newest: Keyset, row: MachineRow, today: int, remaining: int) -> Confirmation:
    issuing = plan.current(newest, Purpose.PERMANENT, today)
    signed = sign_permanent(vendor.keys.issuing(issuing.public), row.installation, row.end_day)
    return Confirmation(row.installation, signed, row.cost, row.key_id, None, row.end_day, remaining)


def _grant_subject(
    vendor: Vendor, books: Books, installation: HostId | DirectoryId, packed: bytes, replaces: int | None
) -> Callable[[], Confirmation]:
    kind = SubjectKind.HOST if isinstance(installation, HostId) else SubjectKind.DIRECTORY
    subject, today = installation.subject, vendor.today
    key = _key_behind(vendor, books, installation)
    _check_kind(key, KeyKind.HOST)
    newest = vendor.chain.of(books).newest
    rows = books.certificates(key.id, kind)
    grant = grant_certificate(_facts(key), [_certified(r, newest) for r in rows], subject, today, replaces)
    if grant.repeats is not None:
        repeated = next(r for r in rows if r.serial == grant.repeats)
        return lambda: _sign_subject(vendor, newest, replace(repeated, cost=Cost.NOTHING), packed)
    issuing = plan.current(newest, _PURPOSES[kind], today)
    added = books.add_certificate(_new_row(vendor, key, kind, subject, issuing_key=issuing.number, cost=grant.cost))
    for old in rows:
        if old.serial == grant.replaces:
            books.replace_certificate(old.serial, by=added.serial)
    if grant.cost is Cost.REACTIVATION:
        books.spend(replace(key, reactivated=key.reactivated + 1))
    vendor.write(
        books,
        f"{kind.name.lower()}.certified",
        str(added.serial),
        key=key.id,
        cost=str(grant.cost),
        replaces=grant.replaces,
    )
    return lambda: _sign_subject(vendor, newest, added, packed)


def _sign_subject(vendor: Vendor, newest: Keyset, row: CertificateRow, packed: bytes) -> Confirmation:
    purpose = _PURPOSES[row.kind]
    public = next(key.public for key in newest.issuing if key.number == row.claims.issuing_key)
    certificate = issue_certificate(vendor.keys.issuing(public), row.claims, purpose)
    return Confirmation(
        packed, confirm_certificate(certificate, row.claims, row.kind), row.cost, row.key_id, row.serial
    )


def _certified(row: CertificateRow, newest: Keyset) -> Certified:
    claims = row.claims
    revoked = {key.number for key in newest.issuing if key.status is KeyStatus.REVOKED}
    return Certified(
        row.serial,
        claims.subject,
        claims.not_before_day,
        claims.days,
        row.replaced_by is not None,
        row.is_withdrawn or row.serial in newest.withdrawn,
        claims.issuing_key not in revoked,
    )


def _new_row(
    vendor: Vendor, key: KeyRow, kind: SubjectKind, subject: bytes, *, issuing_key: int, cost: Cost
) -> CertificateRow:
    claims = CertificateClaims(
        issuing_key=issuing_key,
        serial=0,
        organisation=key.organisation.id,
        not_before_day=vendor.today,
        days=key.days,
        subject=subject,
        scope=key.scope,
        level=key.level,
        released_until_day=key.covers_until_day,
        lease_until_day=key.end_day,
    )
    return CertificateRow(0, key.id, kind, claims, cost, None, is_withdrawn=False, created_at=vendor.clock.now())
