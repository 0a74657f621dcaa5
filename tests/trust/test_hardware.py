from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.trust.hardware import Parts, installation_parts, lease_parts, make_parts, normalise, same_hardware
from tests.worlds.machines import CONTAINER, DESK, LAPTOP, SALT

A, B, C, D = (bytes((n,)) * 4 for n in (0xA, 0xB, 0xC, 0xD))
X, Y, Z = (bytes((n,)) * 4 for n in (0xE, 0xF, 0x10))
NONE = bytes(4)


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        ((A, B, C, D), (A, B, C, D), True),
        ((A, B, C, D), (X, B, C, D), True),
        ((A, B, C, D), (A, X, C, D), True),
        ((A, B, C, D), (A, B, X, D), True),
        ((A, B, C, D), (A, B, C, X), True),
        ((A, B, C, D), (X, Y, C, D), False),
        ((A, B, C, D), (X, B, C, Y), False),
        ((A, B, C, D), (X, Y, Z, D), False),
        ((A, B, C, D), (B, A, C, D), False),
        ((A, B, C, D), (NONE, B, C, D), True),
        ((A, B, C, D), (NONE, X, C, D), True),
        ((A, B, C, D), (NONE, NONE, C, D), True),
        ((A, B, C, D), (NONE, NONE, X, D), True),
        ((A, B, C, D), (NONE, NONE, X, Y), False),
        ((A, B, C, D), (NONE, NONE, NONE, D), False),
        ((A, B, C, D), (NONE, NONE, NONE, NONE), False),
        ((A, NONE, NONE, D), (A, B, C, D), True),
        ((A, NONE, NONE, D), (A, B, C, X), True),
        ((A, NONE, NONE, D), (X, B, C, Y), False),
        ((A, B, NONE, NONE), (NONE, NONE, C, D), False),
        ((NONE, NONE, NONE, NONE), (NONE, NONE, NONE, NONE), False),
    ],
)
def test_the_table_of_what_is_the_same_hardware(then: tuple[bytes, ...], now: tuple[bytes, ...], *, same: bool) -> None:
    """At least two parts readable on both sides, and at most one of those differs."""
    assert same_hardware(b"".join(then), b"".join(now)) is same
    assert same_hardware(b"".join(now), b"".join(then)) is same
    narrow_then, narrow_now = (b"".join(part[:2] for part in parts) for parts in (then, now))
    assert same_hardware(narrow_then, narrow_now) is same


slots = st.lists(st.sampled_from([NONE, A, B, C]), min_size=4, max_size=4)


@given(one=slots, other=slots)
def test_the_rule_in_words_and_in_code(one: list[bytes], other: list[bytes]) -> None:
    both = [(a, b) for a, b in zip(one, other, strict=True) if NONE not in {a, b}]

    expected = len(both) >= 2 and sum(a != b for a, b in both) <= 1
    assert same_hardware(b"".join(one), b"".join(other)) is expected


def test_parts_of_different_widths_are_not_compared() -> None:
    assert not same_hardware(lease_parts(DESK, SALT), installation_parts(DESK, SALT))


@pytest.mark.parametrize("part", ["board", "disk", "network", "platform"])
def test_one_replaced_part_is_still_the_same_machine_and_two_are_not(part: str) -> None:
    repaired = DESK._replace(**{part: "new"})
    other = next(name for name in DESK._fields if name != part)
    rebuilt = repaired._replace(**{other: "new"})

    for hashed in (lease_parts, installation_parts):
        assert same_hardware(hashed(DESK, SALT), hashed(repaired, SALT))
        assert not same_hardware(hashed(DESK, SALT), hashed(rebuilt, SALT))


def test_hashes_are_of_their_width_and_of_their_salt() -> None:
    assert (len(lease_parts(DESK, SALT)), len(installation_parts(DESK, SALT))) == (16, 8)
    assert not same_hardware(lease_parts(DESK, SALT), lease_parts(DESK, bytes(32)))
    assert not same_hardware(lease_parts(DESK, SALT), lease_parts(LAPTOP, SALT))


def test_equal_texts_in_different_places_hash_differently() -> None:
    hashed = lease_parts(Parts("same", "same", "same", "same"), SALT)

    assert len({hashed[i : i + 4] for i in range(0, 16, 4)}) == 4


@given(salt=st.binary(min_size=32, max_size=32))
def test_a_part_that_was_read_is_never_zero_and_one_that_was_not_always_is(salt: bytes) -> None:
    hashed = installation_parts(DESK._replace(disk=None), salt)

    assert [any(hashed[i : i + 2]) for i in range(0, 8, 2)] == [True, False, True, True]


def test_a_part_whose_hash_happens_to_be_zero_still_counts_as_read() -> None:
    """The salt was searched for: HMAC-SHA-256 of this board under it begins with two zero bytes."""
    salt = (127_570).to_bytes(32, "big")

    assert installation_parts(DESK, salt)[:2] == b"\x00\x01"


@pytest.mark.parametrize(
    ("parts", "binding"),
    [
        (DESK, "hardware"),
        (Parts(board="b", disk="d"), "hardware"),
        (Parts(network="n", machine_id="m"), "weak"),
        (CONTAINER, "weak"),
        (Parts(), "weak"),
    ],
)
def test_two_readable_parts_bind_to_hardware(parts: Parts, binding: str) -> None:
    assert parts.binding == binding


def test_a_container_is_known_by_its_machine_id_alone() -> None:
    moved = CONTAINER._replace(network="another")
    other = CONTAINER._replace(machine_id="another")

    assert same_hardware(lease_parts(CONTAINER, SALT), lease_parts(moved, SALT))
    assert not same_hardware(lease_parts(CONTAINER, SALT), lease_parts(other, SALT))
    assert lease_parts(CONTAINER, SALT)[8:] == bytes(8)


def test_a_container_that_gains_hardware_is_another_machine() -> None:
    gained = CONTAINER._replace(board="b", disk="d")

    assert not same_hardware(lease_parts(CONTAINER, SALT), lease_parts(gained, SALT))


def test_a_machine_that_tells_nothing_is_like_no_other() -> None:
    assert lease_parts(Parts(), SALT) == bytes(16)
    assert not same_hardware(lease_parts(Parts(), SALT), lease_parts(Parts(), SALT))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("  SN-4711 / Board\n", "sn4711board"),
        ("00:16:3E:11:22:33", "00163e112233"),
        ("To Be Filled By O.E.M.", None),
        ("Default string", None),
        ("Not Specified", None),
        ("None", None),
        ("0123456789", None),
        ("00000000-0000-0000-0000-000000000000", None),
        ("FF:FF:FF:FF:FF:FF", None),
        ("", None),
        ("----", None),
        ("...", None),
        (None, None),
        ("x" * 300 + "y", None),
        ("ab" * 300, "ab" * 128),
    ],
)
def test_sources_are_normalised_and_placeholders_are_no_sources(source: str | None, text: str | None) -> None:
    assert normalise(source) == text


@given(text=st.text(max_size=300))
def test_case_and_spelling_of_a_source_do_not_matter(text: str) -> None:
    found = normalise(text)

    assert found is None or (found == normalise(found) and found.isascii() and found.isalnum())


def test_parts_are_made_of_raw_sources() -> None:
    parts = make_parts(board="SN-1", disk="none", network=None, platform="Xeon", machine_id="AB-CD")

    assert parts == Parts("sn1", None, None, "xeon", "abcd")
