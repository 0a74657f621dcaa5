"""Newer keysets from a host that may be anybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, MusterError, Unreachable
from muster.client.core.keysets import MAX_EXCHANGES, fetch_keysets
from muster.trust.keyset import TrustedKeysets
from muster.wire.keyset import KeysetPart, decode_keyset_request, encode_keyset_part, part_of
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import VendorKeys, days, key_of

Answer = bytes | MusterError


def rotated(times: int) -> tuple[VendorKeys, TrustedKeysets]:
    """A vendor some keysets on, and what a machine knew before."""
    vendor = VendorKeys()
    known = vendor.trusted
    for _ in range(times):
        vendor.publish()
    return vendor, known


def honest(documents: list[bytes]) -> Callable[[bytes], Answer]:
    def answer(body: bytes) -> bytes:
        request = decode_keyset_request(body)
        newer = documents[request.have_version] if request.have_version < len(documents) else b""
        return encode_keyset_part(part_of(newer, len(documents), request.offset))

    return answer


def talk(known: TrustedKeysets, host: Callable[[bytes], Answer], after_days: int = 0) -> tuple[TrustedKeysets, int]:
    """What is trusted afterwards, and after how many exchanges."""
    steps, exchanges = fetch_keysets(known, MORNING + days(after_days)), 0
    try:
        body = next(steps)
        while True:
            exchanges += 1
            body = steps.send(host(body))
    except StopIteration as done:
        return done.value, exchanges


def test_a_machine_that_slept_through_several_keysets_gets_them_all() -> None:
    vendor, known = rotated(5)
    found, _ = talk(known, honest(vendor.documents))
    assert found.documents == tuple(vendor.documents)


def test_a_host_without_anything_newer_is_asked_once() -> None:
    vendor, known = rotated(0)
    assert talk(known, honest(vendor.documents)) == (known, 1)


def test_the_good_beginning_of_a_chain_with_a_forged_end_is_kept() -> None:
    vendor, known = rotated(3)
    forged = VendorKeys()
    strangers = [key_of("stranger", n) for n in range(3)]
    document = forged.publish(strangers)
    found, _ = talk(known, honest([*vendor.documents[:3], document]))
    assert found.documents == tuple(vendor.documents[:3])


def test_a_chain_whose_newest_keyset_has_expired_is_not_taken() -> None:
    vendor, known = rotated(1)
    vendor.publish(expires_day=vendor.keysets[-1].issued_day + 10)
    found, _ = talk(known, honest(vendor.documents), 11)
    assert found.version == 2


def test_a_connection_that_breaks_in_the_middle_keeps_what_was_whole() -> None:
    vendor, known = rotated(2)
    whole, exchanges = honest(vendor.documents), iter(range(100))
    size = (len(vendor.documents[1]) + 199) // 200

    def host(body: bytes) -> Answer:
        return whole(body) if next(exchanges) <= size else Unreachable(Code.HOST_UNREACHABLE)

    found, _ = talk(known, host)
    assert found.version == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda part: part._replace(offset=part.offset + 1),
        lambda part: part._replace(total=part.total + (1 if part.offset else 0)),
        lambda part: part._replace(data=b""),
    ],
    ids=["parts that do not follow", "a size that changes", "empty parts"],
)
def test_parts_that_do_not_fit_together_change_nothing(change: Callable[[KeysetPart], KeysetPart]) -> None:
    vendor, known = rotated(1)

    def host(body: bytes) -> Answer:
        request = decode_keyset_request(body)
        part = part_of(vendor.documents[1], 2, request.offset)
        return encode_keyset_part(change(part))

    assert talk(known, host)[0] is known


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=8))
def test_noise_changes_nothing_and_ends(noise: list[bytes]) -> None:
    _, known = rotated(0)
    answers = iter(noise * MAX_EXCHANGES)
    found, exchanges = talk(known, lambda _: next(answers))
    assert found is known
    assert exchanges <= MAX_EXCHANGES


def test_a_host_that_never_ends_is_left() -> None:
    _, known = rotated(0)

    def endless(body: bytes) -> Answer:
        request = decode_keyset_request(body)
        return encode_keyset_part(KeysetPart(99, 4096, request.offset, b"x" * min(200, 4096 - request.offset)))

    found, exchanges = talk(known, endless)
    assert found is known
    assert exchanges < 2 * MAX_EXCHANGES
