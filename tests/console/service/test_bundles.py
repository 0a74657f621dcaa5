"""Proxy activation across an air gap: what a bundle tells, and which rows of one are taken."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from muster.base.errors import Code, MusterError
from muster.console.service.products import products
from muster.console.service.proxying import (
    collect,
    confirm_for_others,
    deposit,
    proxy_counts,
    request_bundle,
    take_bundle,
    take_bundle_of_any,
    unconfirmed,
)
from muster.trust.bundle import answer_bundle
from muster.wire import armour
from muster.wire.bundle import (
    ConfirmationRow,
    RequestBundle,
    RequestRow,
    decode_confirmation_bundle,
    decode_request_bundle,
    decode_rows,
    encode_confirmation_bundle,
    encode_request_bundle,
)
from muster.wire.cbor import encode
from muster.wire.keyset import Purpose
from tests.worlds.proxy_lab import ID, NAMES, OTHER_ID, Lab, codes
from tests.worlds.vendor_keys import VendorKeys


def test_a_bundle_without_names_says_nothing_but_ids(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    bundle = decode_request_bundle(lab.exported(with_names=False))
    assert [row.name for row in bundle.rows] == ["", "", ""]
    assert [row.name for row in decode_request_bundle(lab.exported()).rows] == list(NAMES)
    assert {row.installation for row in bundle.rows} == {m.packed for m in lab.machines.machines.values()}
    assert bundle.database == ID


def test_a_database_keeps_the_id_that_it_chose_first(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    lab.exported()
    waiting = unconfirmed(lab.console, lab.ids)
    again = request_bundle(lab.console, waiting, OTHER_ID, with_names=True)
    assert decode_request_bundle(again.text).database == ID


def test_a_bundle_is_carried_and_the_machines_are_activated_without_a_network(
    lab: Lab, make_lab: Callable[..., Lab]
) -> None:
    online = make_lab("online")
    lab.do(collect(lab.console, ()))
    answer, opened = asyncio.run(confirm_for_others(online.console, lab.exported(), online.service))
    assert (len(opened.rows), opened.doubt) == (3, None)
    taken = take_bundle_of_any(lab.console, answer)
    assert [(row.name, row.verdict.code) for row in taken.rows] == [(name, "DONE") for name in NAMES]
    lab.do(deposit(lab.console, lab.ids))
    assert lab.activated == list(NAMES)
    # Nothing of it stays in the console that was online.
    assert online.console.store.run(lambda books: books.installations([r.installation for r in opened.rows])) == []


def test_the_same_bundle_again_changes_nothing(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    asked = lab.exported()
    answer = lab.answered(asked)
    assert codes(lab.take(answer)) == codes(lab.take(answer)) == ["DONE"] * 3
    assert codes(lab.take(lab.answered(asked))) == ["DONE"] * 3
    lab.do(deposit(lab.console, lab.ids))
    lab.take(answer)
    assert (deposit(lab.console, lab.ids), lab.acme.row(lab.key).used) == ([], 3)


def edited(text: str, change: Callable[[list[Any]], object]) -> str:
    """A confirmation bundle whose rows somebody changed, under the same head."""
    signed, encoded = decode_confirmation_bundle(text)
    rows: list[Any] = [[row.installation, row.code, row.confirmation] for row in decode_rows(encoded)]
    change(rows)
    return encode_confirmation_bundle(signed, encode(rows))


def test_rows_that_were_exchanged_or_changed_are_refused_and_the_rest_is_taken(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    answer = lab.answered()

    def exchange(rows: list[Any]) -> None:
        rows[0][2], rows[1][2] = rows[1][2], rows[0][2]

    taken = lab.take(edited(answer, exchange))
    assert codes(taken) == ["CONFIRMATION_UNTRUSTED", "CONFIRMATION_UNTRUSTED", "DONE"]
    assert taken.doubt is not None
    assert taken.doubt.code is Code.SIGNATURE_INVALID
    assert lab.do(deposit(lab.console, lab.ids)) == {"pc-3": "DONE"}
    # The file as the vendor sent it mends what is missing.
    assert codes(lab.take(answer)) == ["DONE"] * 3


def test_a_row_that_is_missing_waits_on(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    taken = lab.take(edited(lab.answered(), lambda rows: rows.pop()))
    assert (codes(taken), taken.doubt is not None) == (["DONE", "DONE"], True)
    assert [known.name for known in unconfirmed(lab.console, lab.ids)] == ["pc-3"]


def test_a_refusal_that_nobody_signed_is_told_and_not_kept(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))

    def refuse(rows: list[Any]) -> None:
        rows[0][1:] = [Code.KEY_BLOCKED.number, b""]

    assert codes(lab.take(edited(lab.answered(), refuse)))[0] == "KEY_BLOCKED"
    counts = proxy_counts(lab.console, lab.ids)
    assert (counts["refused"], counts["sent"], counts["confirmed"]) == (0, 1, 2)


def test_a_request_row_that_was_edited_is_refused_by_its_tag_alone(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    asked = decode_request_bundle(lab.exported())
    changed = bytearray(asked.rows[0].installation)
    changed[12] ^= 1
    rows = (RequestRow(bytes(changed)), *asked.rows[1:])
    forged = encode_request_bundle(RequestBundle(asked.vendor_id, asked.database, asked.made_at, rows))
    taken = lab.take(lab.answered(forged))
    # The vendor knows no such key, and this console never sent that id out.
    assert codes(taken) == ["NOT_FOUND", "DONE", "DONE"]
    assert lab.acme.row(lab.key).used == 2


def test_a_bundle_of_another_database_changes_nothing_here(lab: Lab, make_lab: Callable[..., Lab]) -> None:
    other = make_lab("other")
    lab.do(collect(lab.console, ()))
    lab.exported()
    other.do(collect(other.console, ()))
    taken = lab.take(other.answered())
    assert (codes(taken), taken.confirmed) == (["NOT_FOUND"] * 3, 0)
    assert len(unconfirmed(lab.console, lab.ids)) == 3


def test_ids_that_were_collected_and_never_sent_are_not_taken(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    rows = tuple(RequestRow(machine.packed) for machine in lab.machines.machines.values())
    forged = RequestBundle(lab.machines.product.keysets.vendor_id, ID, 1, rows)
    assert codes(lab.take(lab.answered(encode_request_bundle(forged)))) == ["NOT_FOUND"] * 3


def test_a_damaged_bundle_or_one_of_a_newer_format_is_refused_whole(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    answer = lab.answered()
    signed, rows = decode_confirmation_bundle(answer)
    half = answer[: len(answer) // 2]
    newer = armour.armour(armour.CONFIRMATION_BUNDLE, encode([2, signed, rows]))
    trailing = armour.armour(armour.CONFIRMATION_BUNDLE, encode([1, signed, rows]) + b"\x00")
    repeated = edited(answer, lambda found: found.append(found[0]))
    for text, code in (
        (half, Code.MESSAGE_MALFORMED),
        (newer, Code.VERSION_NOT_SUPPORTED),
        (trailing, Code.MESSAGE_MALFORMED),
        (base64.b64encode(rows).decode(), Code.MESSAGE_MALFORMED),
        (lab.exported(), Code.MESSAGE_MALFORMED),
    ):
        with pytest.raises(MusterError) as refused:
            lab.take(text)
        assert refused.value.code is code
    assert len(unconfirmed(lab.console, lab.ids)) == 3
    assert codes(lab.take(repeated)) == ["DONE"] * 4


def test_a_bundle_of_another_vendor_is_refused(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    asked = decode_request_bundle(lab.exported())
    stranger = VendorKeys("stranger")
    asked = replace(asked, vendor_id=stranger.trusted.vendor_id)
    rows = [ConfirmationRow(row.installation, 0, stranger.confirm_permanently(row.installation)) for row in asked.rows]
    answer = answer_bundle(stranger.issuing_key(Purpose.BUNDLE), asked, 1, rows)
    with pytest.raises(MusterError) as refused:
        lab.take(answer)
    assert refused.value.code is Code.VENDOR_MISMATCH
    with pytest.raises(MusterError) as wrong:
        take_bundle(lab.console, answer, products(lab.console)[0].keysets)
    assert wrong.value.code is Code.VENDOR_MISMATCH
