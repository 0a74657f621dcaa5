"""Proxy activation: installation ids collected from machines, confirmed in one go, confirmations deposited (spec/bundle.md).

Online and across an air gap go the same way: `collect`, `request_bundle`, somebody confirms the bundle, `take_bundle`,
`deposit`. A confirmation that is here already, of the same key on the same hardware, is deposited again and not asked for.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured, MusterError
from muster.console.core.conditions import Condition
from muster.console.core.installations import Installation, lasts
from muster.console.core.verdict import DONE, Verdict, verdict_of
from muster.console.ports import Books, VendorService
from muster.console.service.acting import Console, written_down
from muster.console.service.deeds import COLLECT, DEPOSIT
from muster.console.service.products import fetch_product, product_of
from muster.trust.bundle import OpenedBundle, open_bundle, refusal_of
from muster.trust.keyset import TrustedKeysets
from muster.trust.product import Product
from muster.wire.bundle import (
    GRANTED,
    MAX_NAME_BYTES,
    MAX_ROWS,
    RequestBundle,
    RequestRow,
    decode_claims,
    decode_confirmation_bundle,
    decode_request_bundle,
    encode_request_bundle,
)
from muster.wire.sign1 import decode_sign1

MAK = "mak"


@dataclass(frozen=True, slots=True)
class Request:
    """An armoured request bundle to a vendor, and how many rows are in it."""

    vendor_id: bytes
    text: str
    rows: int


@dataclass(frozen=True, slots=True)
class TakenRow:
    """What became of one row of a confirmation bundle. `name`: the machine as this database knows it, else empty."""

    installation: bytes
    name: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Taken:
    """A confirmation bundle, taken row by row. `doubt` says why the vendor does not vouch for it as a whole."""

    rows: tuple[TakenRow, ...]
    doubt: MusterError | None

    @property
    def confirmed(self) -> int:
        """How many rows hold a confirmation that may be deposited."""
        return sum(row.verdict.is_good for row in self.rows)


def collect(console: Console, conditions: Sequence[Condition], edition: str = "") -> list[int]:
    """Write down that machines are asked for their installation ids: a task for each edition, as the inventory knows them.

    With `edition` that one of every machine; without it each with a multiple activation key among the lines that fit. A
    machine of which none is known is asked for its only one. `Misconfigured` when no machine fits.
    """
    now = console.clock.now()

    def work(books: Books) -> list[int]:
        shares: dict[str, list[int]] = defaultdict(list)
        if edition:
            shares[edition] = [machine.id for machine in books.selected(conditions, now)]
        else:
            for row in books.rows(conditions, now):
                if row.seen is not None and row.seen.key_kind == MAK:
                    shares[row.seen.edition].append(row.machine.id)
            known = {machine for machines in shares.values() for machine in machines}
            unknown = [machine.id for machine in books.selected(conditions, now) if machine.id not in known]
            if unknown or not shares:
                shares[""] = unknown
        return [
            written_down(console, books, COLLECT, {"edition": name} if name else {}, machines)
            for name, machines in shares.items()
        ]

    return console.store.run(work)


def unconfirmed(console: Console, machines: Sequence[int]) -> list[Installation]:
    """Collected ids of these machines for which there is no confirmation yet, or none any more, each once."""
    now = console.clock.now()
    found = console.store.run(lambda books: books.linked(machines))
    return list({known.packed: known for _, known, _ in found if not lasts(known, now)}.values())


def request_bundle(
    console: Console, installations: Sequence[Installation], fresh: bytes, *, with_names: bool
) -> Request:
    """One armoured bundle of these ids, which are noted as asked for. `fresh`: 16 random bytes, kept the first time.

    `Misconfigured` for no row, for several vendors, for more than `MAX_ROWS` rows.
    """
    vendors = {known.vendor_id for known in installations}
    if not installations:
        raise Misconfigured(
            Code.NOT_FOUND, "no installation id waits for a confirmation", "collect some, or choose other machines"
        )
    if len(vendors) > 1:
        hint = "Choose by --where product=… or edition=…: a bundle asks one vendor."
        raise Misconfigured(Code.USAGE, "these are editions of several vendors", hint)
    if len(installations) > MAX_ROWS:
        raise Misconfigured(Code.USAGE, f"more than {MAX_ROWS} rows", "choose fewer machines")
    (vendor_id,) = vendors
    now = console.clock.now()
    rows = tuple(RequestRow(known.packed, _name(known.name) if with_names else "") for known in installations)

    def work(books: Books) -> str:
        database = books.database(fresh)
        details = {"vendor_id": vendor_id.hex(), "names": with_names}
        books.audit(now, console.actor, "installations.sent", f"{len(rows)} installation ids", details)
        books.note_sent([row.installation for row in rows], now)
        return encode_request_bundle(RequestBundle(vendor_id, database, int(now.timestamp()), rows))

    return Request(vendor_id, console.store.run(work), len(rows))


def _name(name: str) -> str:
    """Cut to what a bundle takes; names of machines are ASCII."""
    return name[:MAX_NAME_BYTES]


def take_bundle_of_any(console: Console, text: bytes | str) -> Taken:
    """`take_bundle` from whichever vendor it is, among those whose product files were added."""
    signed, _ = decode_confirmation_bundle(text)
    vendor_id = decode_claims(decode_sign1(signed).payload).vendor_id
    return take_bundle(console, text, product_of(console, vendor_id).keysets)


def take_bundle(console: Console, text: bytes | str, keysets: TrustedKeysets) -> Taken:
    """Keep what a confirmation bundle brings, row by row; the same one again changes nothing.

    `Malformed` for a damaged file, `Refused` with VERSION_NOT_SUPPORTED, `Untrusted` with VENDOR_MISMATCH: nothing is taken.
    A refusal in a bundle that the vendor does not vouch for is told and not kept.
    """
    opened = open_bundle(text, keysets)
    now = console.clock.now()

    packed = [row.installation for row in opened.rows]
    known = {each.packed: each for each in console.store.run(lambda books: books.installations(packed))}
    asked = {each.packed for each in known.values() if each.sent_at and each.vendor_id == keysets.vendor_id}
    judged = [(row, refusal_of(row, asked, keysets)) for row in opened.rows]

    def work(books: Books) -> None:
        details = {"vendor_id": keysets.vendor_id.hex(), "signed": opened.doubt is None}
        books.audit(now, console.actor, "confirmations.taken", counted(len(opened.rows), "row"), details)
        for row, refusal in judged:
            is_vendors_word = refusal is None or (row.code != GRANTED and opened.doubt is None)
            if row.installation in asked and is_vendors_word:
                books.note_answer(row.installation, _verdict(refusal), row.confirmation, now)

    console.store.run(work)
    rows = [
        TakenRow(row.installation, known[row.installation].name if row.installation in known else "", _verdict(refusal))
        for row, refusal in judged
    ]
    return Taken(tuple(rows), opened.doubt)


def _verdict(refusal: MusterError | None) -> Verdict:
    return Verdict(DONE) if refusal is None else verdict_of(refusal)


def deposit(console: Console, machines: Sequence[int], *, again: bool = False) -> list[int]:
    """Write down that machines are given their confirmations: a task for each edition; none where nothing is to deposit.

    `again`: also those that took theirs already, as after a new installation. Hardware that changed too much says no.
    """
    now = console.clock.now()

    def work(books: Books) -> list[int]:
        shares: dict[str, list[int]] = defaultdict(list)
        for machine, known, is_deposited in books.linked(machines):
            if lasts(known, now) and (again or not is_deposited):
                shares[known.edition].append(machine)
        return [
            written_down(console, books, DEPOSIT, {"edition": edition}, takers) for edition, takers in shares.items()
        ]

    return console.store.run(work)


async def confirm_online(
    console: Console, machines: Sequence[int], service: Callable[[Product], VendorService], fresh: bytes
) -> list[Taken]:
    """Have every collected id that has no confirmation confirmed by its vendor's service, in one request a vendor.

    Nothing is asked where every machine's hardware was confirmed before. Raises what the service raises; what a vendor
    answered before stays.
    """
    by_vendor: dict[bytes, list[Installation]] = defaultdict(list)
    for known in await asyncio.to_thread(unconfirmed, console, machines):
        by_vendor[known.vendor_id].append(known)
    taken: list[Taken] = []
    for vendor_id, waiting in by_vendor.items():
        product = await asyncio.to_thread(product_of, console, vendor_id)
        vendor = service(product)
        parts = [waiting[at : at + MAX_ROWS] for at in range(0, len(waiting), MAX_ROWS)]
        taken += [await confirm_these(console, part, product, vendor, fresh) for part in parts]
    return taken


async def confirm_these(
    console: Console, installations: Sequence[Installation], product: Product, vendor: VendorService, fresh: bytes
) -> Taken:
    """Have these ids of one vendor confirmed by its service, in one request. Raises what the service raises."""
    asked = await asyncio.to_thread(partial(request_bundle, console, installations, fresh, with_names=False))
    answer = await vendor.confirm_bundle(asked.text)
    if open_bundle(answer, product.keysets).doubt is not None:
        # The vendor may have changed its keys since the product file was made.
        product = await fetch_product(console, product, vendor)
    return await asyncio.to_thread(take_bundle, console, answer, product.keysets)


async def confirm_for_others(
    console: Console, text: bytes | str, service: Callable[[Product], VendorService]
) -> tuple[bytes, OpenedBundle]:
    """Carry a request bundle of another console to its vendor's service: the armoured answer, and what is in it.

    Nothing is kept here. `Malformed`, `Refused` with VERSION_NOT_SUPPORTED or VENDOR_MISMATCH, or what the service raises.
    """
    request = decode_request_bundle(text)
    product = product_of(console, request.vendor_id)
    vendor = service(product)
    answer = await vendor.confirm_bundle(text.decode("ascii", errors="replace") if isinstance(text, bytes) else text)
    opened = open_bundle(answer, product.keysets)
    now = console.clock.now()
    details = {"vendor_id": request.vendor_id.hex(), "database": request.database.hex()}
    console.store.run(
        lambda books: books.audit(now, console.actor, "bundle.confirmed", counted(len(opened.rows), "row"), details)
    )
    return answer, opened


def proxy_counts(console: Console, machines: Sequence[int]) -> Mapping[str, int]:
    """Where proxy activation of these machines stands: how many installation ids are in which step."""
    counts = dict.fromkeys(("collected", "sent", "refused", "confirmed", "deposited"), 0)
    now = console.clock.now()
    for _, known, is_deposited in console.store.run(lambda books: books.linked(machines)):
        if lasts(known, now):
            counts["deposited" if is_deposited else "confirmed"] += 1
        elif known.code:
            counts["refused"] += 1
        else:
            counts["sent" if known.sent_at else "collected"] += 1
    return counts
