"""A confirmation id group by group: what is good is taken at once, what is wrong is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from muster.client.core.entering import add, is_complete, put, restored, wanted
from muster.trust.humanid import format_confirmation, to_groups

FOR_GOOD = format_confirmation(b"\x01" + bytes(range(64)))
TRIAL = format_confirmation(b"\x02\x4e\x20" + bytes(range(64)))
HOST = format_confirmation(b"\x03" + bytes(range(82)))


def test_how_many_there_are_follows_from_the_first_group() -> None:
    assert wanted(()) is None
    for digits, number in ((FOR_GOOD, 26), (TRIAL, 27)):
        groups, error = add((), digits[:7])
        assert (wanted(groups), error, is_complete(groups)) == (number, None, False)


def test_groups_come_alone_or_many_at_once_and_end_where_one_is_wrong() -> None:
    groups, error = add((), " ".join(FOR_GOOD.split("-")))
    assert (is_complete(groups), error) == (True, None)
    typed = FOR_GOOD.split("-")
    typed[4], typed[5] = typed[5], typed[4]
    groups, error = add((), "-".join(typed))
    assert len(groups) == 4
    assert error is not None
    assert "group 5" in error.message
    groups, error = add(groups, FOR_GOOD.split("-")[4])
    assert (len(groups), error) == (5, None)


def test_more_than_there_are_are_not_taken() -> None:
    groups, error = add(restored(FOR_GOOD), FOR_GOOD[:7])
    assert "-".join(groups) == FOR_GOOD
    assert error is not None
    assert "26" in error.message


def test_what_is_no_machines_confirmation_is_refused_at_its_first_group() -> None:
    for digits, words in ((HOST, "host"), (to_groups("7" * 156), "begins so")):
        groups, error = add((), digits)
        assert groups == ()
        assert error is not None
        assert words in error.message


def test_an_earlier_group_can_be_typed_anew() -> None:
    groups = restored(FOR_GOOD)
    other = format_confirmation(b"\x01" + bytes(64)).split("-")[2]
    changed, error = put(groups, 3, other)
    assert (changed[2], changed[:2], changed[3:], error) == (other, groups[:2], groups[3:], None)
    for number, typed in ((3, FOR_GOOD[:7]), (27, other), (0, other), (3, ""), (3, other + other)):
        assert put(groups, number, typed)[0] == groups
        assert put(groups, number, typed)[1] is not None


def test_another_first_group_begins_another_confirmation() -> None:
    assert put(restored(FOR_GOOD), 1, TRIAL[:7]) == ((TRIAL[:7],), None)


def test_nothing_typed_is_nothing_entered() -> None:
    assert add((), "") == ((), None)
    assert restored("rubbish") == ()


@given(st.text(max_size=60), st.integers(-2, 40))
def test_whatever_is_typed_only_good_groups_are_kept(typed: str, number: int) -> None:
    for groups in (add((), typed)[0], put(restored(FOR_GOOD[:39]), number, typed)[0]):
        assert restored("-".join(groups)) == groups
