"""Product keys: issued, shown, blocked, replaced, extended (spec/productkey.md). The key itself is never kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from muster.base.errors import Code, Malformed, Misconfigured, Refused
from muster.trust.productkey import RANDOM_BYTES, KeyKind, ProductKey, make_key, parse_key
from muster.vendor.core import ledger
from muster.vendor.core.definition import Definition
from muster.vendor.ports import Books, KeyRow, Organisation
from muster.vendor.service.vendor import Vendor, definition_in, find_key, find_organisation
from muster.wire.activation import U8
from muster.wire.calendar import EPOCH, MAX_DAY, day_number, day_start

DEFAULT_LEVEL = 255
MAX_SEATS = 100_000_000
MAX_REASON = 400
MAX_COUNT = 100_000
"""Keys in one go: they are one transaction."""
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Order:
    """What a key is to be good for; None and 0 where nothing was asked."""

    kind: KeyKind
    scope: str
    organisation: str
    level: int | None = None
    activations: int | None = None
    days: int | None = None
    seats: int = 0
    until: date | None = None
    covers_until: date | None = None


def issue_key(vendor: Vendor, order: Order) -> ProductKey:
    """A new key; shown now and never again. `Misconfigured` for a scope or organisation that does not exist."""
    return issue_keys(vendor, order, 1)[0]


def issue_keys(
    vendor: Vendor,
    order: Order,
    count: int,
    *,
    keep: Callable[[Sequence[ProductKey]], object] | None = None,
    progress: Callable[[int], object] | None = None,
) -> tuple[ProductKey, ...]:
    """`count` new keys on the same terms (1 … `MAX_COUNT`), all or none, in one transaction.

    `keep` is given them before the transaction: when it raises, none is issued. `progress` is told how many are written,
    from 0 again when another transaction came between. Raises as `issue_key` does.
    """
    if not 1 <= count <= MAX_COUNT:
        raise Misconfigured(Code.USAGE, f"{count} keys is outside 1 … {MAX_COUNT}", "Issue them in several goes.")
    _check_order(order, vendor.today)
    lookup, seal = vendor.keys.lookup, vendor.keys.seal

    def terms(books: Books) -> KeyRow:
        return _terms(vendor, order, _scope(definition_in(books), order), find_organisation(books, order.organisation))

    def row(same: KeyRow, key: ProductKey) -> KeyRow:
        return replace(
            same,
            partial=key.partial,
            lookup=lookup(key.text),
            reference=key.reference,
            secret=seal(key.secret, key.reference),
        )

    def work(books: Books) -> None:
        same = terms(books)
        details = {"scope": order.scope, "organisation": order.organisation}
        for start in range(0, count, AT_ONCE):
            ids = books.add_keys([row(same, key) for key in made[start : start + AT_ONCE]])
            books.audit_all(vendor.clock.now(), vendor.actor, "key.issued", [str(number) for number in ids], details)
            if progress is not None:
                progress(start + len(ids))

    scope = vendor.store.run(terms).scope
    made = tuple(make_key(order.kind, scope, vendor.entropy.token(RANDOM_BYTES)) for _ in range(count))
    if keep is not None:
        keep(made)
    vendor.store.run(work)
    return made


def _terms(vendor: Vendor, order: Order, scope: int, organisation: Organisation) -> KeyRow:
    """What all keys of an order have in common."""
    is_host = order.kind is KeyKind.HOST
    days = order.days if order.days is not None else ledger.CERTIFICATE_DAYS if is_host else 0
    pool = 0 if is_host else ledger.ACTIVATIONS if order.activations is None else order.activations
    return KeyRow(
        id=0,
        kind=order.kind,
        scope=scope,
        scope_name=order.scope,
        organisation=organisation,
        partial="",
        lookup=b"",
        reference=b"",
        secret=b"",
        level=DEFAULT_LEVEL if order.level is None else order.level,
        hosts=ledger.HOSTS if is_host else 0,
        reactivations=ledger.REACTIVATIONS if is_host else 0,
        activations=pool,
        used=0,
        reactivated=0,
        days=days,
        seats=order.seats,
        until_day=day_number(order.until) if order.until else 0,
        covers_until_day=day_number(order.covers_until) if order.covers_until else 0,
        is_blocked=False,
        replaced_by=None,
        created_at=vendor.clock.now(),
    )


def _check_order(order: Order, today: int) -> None:
    for name, value, least, most in (
        ("--level", order.level, 0, U8),
        ("--activations", order.activations, 1, ledger.MAX_ACTIVATIONS),
        ("--days", order.days, 1, ledger.MAX_DAYS),
        ("--seats", order.seats, 0, MAX_SEATS),
    ):
        if value is not None and not least <= value <= most:
            raise Misconfigured(Code.USAGE, f"{name} {value} is outside {least} … {most}", "choose another number")
    for name, day in (("--until", order.until), ("--covers-until", order.covers_until)):
        if day is not None and not (EPOCH.date() <= day <= day_start(MAX_DAY).date()):
            raise Misconfigured(Code.USAGE, f"{name} {day} is no day that can be written", "choose a day before 2149")
    if order.until is not None and day_number(order.until) < today:
        raise Misconfigured(Code.USAGE, f"--until {order.until} has passed", "choose a later day")
    if order.kind is KeyKind.HOST and order.activations is not None:
        raise Misconfigured(Code.USAGE, "a host key has no pool of activations", "--activations is for --kind mak")
    if order.kind is KeyKind.MAK and (order.level is not None or order.covers_until is not None):
        raise Misconfigured(
            Code.USAGE, "levels and covered releases are of host keys", "leave --level and --covers-until out"
        )


def _scope(definition: Definition, order: Order) -> int:
    """The id behind a scope's name: a group for a host key, an edition for a multiple activation key."""
    if order.kind is KeyKind.HOST:
        noun, known = "group", {g.name: g.id for g in definition.groups()}
    else:
        noun, known = "edition", {e.name: e.id for e in definition.editions()}
    if order.scope not in known:
        raise Misconfigured(
            Code.NOT_FOUND,
            f"there is no {noun} {order.scope!r}",
            f"a {order.kind} key is for one of: {', '.join(known)}",
        )
    return known[order.scope]


def _lookup(vendor: Vendor, which: str) -> Callable[[], bytes | None]:
    def digest() -> bytes | None:
        try:
            return vendor.keys.lookup(parse_key(which).text)
        except Malformed:
            return None

    return digest


def list_keys(vendor: Vendor, organisation: str | None) -> tuple[KeyRow, ...]:
    """Every key, or those of one customer."""

    def work(books: Books) -> tuple[KeyRow, ...]:
        return books.keys(find_organisation(books, organisation) if organisation else None)

    return vendor.store.run(work)


def show_key(vendor: Vendor, which: str) -> KeyRow:
    """One key, by number, last five characters, or itself."""
    return vendor.store.run(lambda books: find_key(books, which, _lookup(vendor, which)))


def block_key(vendor: Vendor, which: str, *, blocked: bool) -> KeyRow:
    """Refuse, or take up again, activations with a key. What was activated runs on."""

    def work(books: Books) -> KeyRow:
        row = replace(find_key(books, which, _lookup(vendor, which)), is_blocked=blocked)
        books.update_key(row)
        vendor.write(books, "key.blocked" if blocked else "key.unblocked", str(row.id))
        return row

    return vendor.store.run(work)


def extend_key(
    vendor: Vendor, which: str, *, hosts: int = 0, reactivations: int = 0, activations: int = 0, reason: str
) -> KeyRow:
    """Grant more hosts, reactivations or activations than were sold; the reason is written down."""
    if not reason.strip() or len(reason) > MAX_REASON:
        raise Misconfigured(Code.USAGE, "an exception needs a reason", "--reason TEXT, up to 400 characters")
    if min(hosts, reactivations, activations) < 0 or not (hosts or reactivations or activations):
        raise Misconfigured(Code.USAGE, "nothing to grant", "--hosts N, --reactivations N or --activations N, above 0")

    def work(books: Books) -> KeyRow:
        row = find_key(books, which, _lookup(vendor, which))
        if (activations and row.kind is KeyKind.HOST) or ((hosts or reactivations) and row.kind is KeyKind.MAK):
            raise Misconfigured(
                Code.KEY_WRONG_KIND, f"key {row.id} is a {row.kind} key", "hosts for host keys, activations for MAKs"
            )
        row = replace(
            row,
            hosts=min(row.hosts + hosts, ledger.MAX_HOSTS),
            reactivations=min(row.reactivations + reactivations, ledger.MAX_HOSTS),
            activations=min(row.activations + activations, ledger.MAX_ACTIVATIONS),
        )
        books.update_key(row)
        granted = {"hosts": hosts, "reactivations": reactivations, "activations": activations}
        vendor.write(books, "key.extended", str(row.id), reason=reason, **granted)
        return row

    return vendor.store.run(work)


def note_key(vendor: Vendor, which: str, note: str) -> None:
    """Write a note on a key into the audit; it stays as it is."""
    if not note.strip() or len(note) > MAX_REASON:
        raise Misconfigured(Code.USAGE, "the note is empty or too long", f"Write up to {MAX_REASON} characters.")

    def work(books: Books) -> None:
        row = find_key(books, which, _lookup(vendor, which))
        vendor.write(books, "key.noted", str(row.id), note=note)

    vendor.store.run(work)


def replace_key(vendor: Vendor, which: str) -> ProductKey:
    """A new key in place of one that leaked: same terms, what is left of the pool; the old one is blocked."""
    keys = vendor.keys
    chance = vendor.entropy.token(RANDOM_BYTES)

    def work(books: Books) -> ProductKey:
        old = find_key(books, which, _lookup(vendor, which))
        if old.replaced_by is not None:
            raise Refused(Code.KEY_BLOCKED, f"key {old.id} was replaced by key {old.replaced_by} already")
        key = make_key(old.kind, old.scope, chance)
        fresh = replace(
            old,
            id=0,
            partial=key.partial,
            lookup=keys.lookup(key.text),
            reference=key.reference,
            secret=keys.seal(key.secret, key.reference),
            activations=max(0, old.activations - old.used),
            used=0,
            reactivated=0,
            is_blocked=False,
            created_at=vendor.clock.now(),
        )
        added = books.add_key(fresh)
        books.update_key(replace(old, is_blocked=True, replaced_by=added.id))
        vendor.write(books, "key.replaced", str(old.id), by=added.id)
        return key

    return vendor.store.run(work)
