"""Root keys of the next keyset: every mistake by its code and cause, and whose signatures a change needs."""

from __future__ import annotations

import pytest

from muster.base.errors import Code, MusterError
from muster.trust.cose import public_bytes
from muster.vendor.core.keysets import Change, first, following
from muster.vendor.core.roots import change_of, find_root, next_roots, sides, strangers
from muster.wire.keyset import MAX_ROOTS, Purpose
from tests.worlds.vendor_keys import key_of

TODAY = 2000
ROOTS = sorted(public_bytes(key_of("root", number)) for number in range(3))
NEW = [public_bytes(key_of("new root", number)) for number in range(MAX_ROOTS)]
ISSUING = {purpose: [public_bytes(key_of(purpose.name))] for purpose in Purpose}
KEYSET = first(ROOTS, 2, ISSUING, TODAY)
ONE = first(ROOTS[:1], 1, ISSUING, TODAY)
WEAK = (1).to_bytes(32, "little")

MISTAKES = {
    "a threshold above the number of roots": (Change(threshold=4), Code.USAGE, "4 of 3 root keys"),
    "no threshold": (Change(threshold=0), Code.USAGE, "0 of 3 root keys"),
    "so many dropped that the threshold cannot be met": (Change(drop_roots=("1", "2")), Code.USAGE, "2 of 1 root key"),
    "all of them dropped": (Change(drop_roots=("1", "2", "3")), Code.USAGE, "no root key would be left"),
    "one added twice": (Change(add_roots=(NEW[0], NEW[0])), Code.USAGE, "added twice"),
    "one added that is there": (Change(add_roots=(ROOTS[1],)), Code.USAGE, "in keyset 1 already"),
    "one added and dropped": (Change(add_roots=(ROOTS[1],), drop_roots=("2",)), Code.USAGE, "in keyset 1 already"),
    "an issuing key added": (Change(add_roots=(ISSUING[Purpose.HOST][0],)), Code.USAGE, "is issuing key 1"),
    "no point of the curve": (Change(add_roots=(WEAK,)), Code.USAGE, "no public key"),
    "more than the format holds": (Change(add_roots=tuple(NEW[: MAX_ROOTS - 2])), Code.USAGE, "9 root keys"),
    "a number that is not there": (Change(drop_roots=("4",)), Code.NOT_FOUND, "no root key 4"),
    "number 0": (Change(drop_roots=("0",)), Code.NOT_FOUND, "no root key 0"),
    "a public key that is not there": (Change(drop_roots=(NEW[0].hex(),)), Code.NOT_FOUND, NEW[0].hex()),
    "too little of a public key": (Change(drop_roots=(ROOTS[0].hex()[:7],)), Code.NOT_FOUND, "no root key"),
    "a file's name": (Change(drop_roots=("root-1.box",)), Code.NOT_FOUND, "root-1.box"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_code_cause_and_hint(mistake: str) -> None:
    wanted, code, cause = MISTAKES[mistake]
    with pytest.raises(MusterError) as refused:
        following(KEYSET, wanted, {}, TODAY)
    assert (refused.value.code, bool(refused.value.hint)) == (code, True)
    assert cause in refused.value.message


def test_roots_come_go_and_stay_in_order_and_nothing_else_changes() -> None:
    after = following(KEYSET, Change(add_roots=(NEW[0],), drop_roots=("2",), threshold=3), {}, TODAY)
    assert after.roots == tuple(sorted((ROOTS[0], ROOTS[2], NEW[0])))
    assert (after.version, after.threshold, after.issuing) == (2, 3, KEYSET.issuing)


def test_as_many_roots_as_the_format_holds_fit() -> None:
    roots, threshold = next_roots(KEYSET, NEW[: MAX_ROOTS - 3], (), None)
    assert (len(roots), threshold) == (MAX_ROOTS, 2)


@pytest.mark.parametrize("which", ["2", " 2 ", ROOTS[1].hex(), ROOTS[1].hex().upper(), ROOTS[1].hex()[:8]])
def test_a_root_is_named_by_number_or_public_key(which: str) -> None:
    assert find_root(KEYSET, which) == ROOTS[1]


def test_a_change_without_roots_is_signed_by_one_side_only() -> None:
    after = following(KEYSET, Change(), {}, TODAY)
    assert change_of(KEYSET, after) is None
    (side,) = sides(KEYSET, after, {ROOTS[0]})
    assert (side.version, side.missing, side.signed, side.unsigned) == (1, 1, (ROOTS[0],), tuple(ROOTS[1:]))


def test_a_replaced_root_wants_signatures_of_both_sides() -> None:
    after = following(ONE, Change(add_roots=(NEW[0],), drop_roots=("1",)), {}, TODAY)
    assert [side.missing for side in sides(ONE, after, {ROOTS[0]})] == [0, 1]
    assert [side.missing for side in sides(ONE, after, {NEW[0]})] == [1, 0]
    assert [side.missing for side in sides(ONE, after, {NEW[0], ROOTS[0]})] == [0, 0]
    old, new = sides(ONE, after, {ROOTS[0]})
    assert old.words() == "keyset 1 wants 1 of 1 root key, and has 1"
    assert new.words() == f"the proposed keyset 2 wants 1 of 1 root key, 1 missing: {NEW[0].hex()[:16]}…"


def test_a_raised_threshold_alone_wants_both_sides() -> None:
    after = following(KEYSET, Change(threshold=3), {}, TODAY)
    assert [side.missing for side in sides(KEYSET, after, set(ROOTS[:2]))] == [0, 1]
    changed = change_of(KEYSET, after)
    assert changed is not None
    assert changed.words() == ("asks for 3 of 3 root keys, before it was 2",)


def test_what_changed_is_told_in_words() -> None:
    changed = change_of(KEYSET, following(KEYSET, Change(add_roots=(NEW[0],), drop_roots=("3",)), {}, TODAY))
    assert changed is not None
    assert changed.words() == (
        f"adds root key {NEW[0].hex()}",
        f"drops root key {ROOTS[2].hex()}",
        "asks for 2 of 3 root keys",
    )


def test_who_is_a_root_of_neither_keyset_is_a_stranger() -> None:
    after = following(KEYSET, Change(add_roots=(NEW[0],), drop_roots=("1",)), {}, TODAY)
    assert strangers(KEYSET, after, {ROOTS[0], NEW[0], NEW[1]}) == (NEW[1],)
    assert strangers(None, after, {ROOTS[0], NEW[1]}) == (), "the keyset before may have them"
