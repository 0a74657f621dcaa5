"""A confirmation id on its way through a keyboard, group by group (spec/humanid.md).

Pure. A group is taken or refused by its own check digit, at once; how many there are follows from the first.
"""

from __future__ import annotations

from muster.base.errors import Code, Malformed
from muster.trust.humanid import CONFIRMATION_GROUPS, is_good_group, split_groups
from muster.wire.confirmation import ConfirmationFormat

Groups = tuple[str, ...]

_OF_MACHINES = (ConfirmationFormat.PERMANENT, ConfirmationFormat.PERMANENT_UNTIL)


def wanted(groups: Groups) -> int | None:
    """How many groups there will be; None while the first is not known."""
    return CONFIRMATION_GROUPS[ConfirmationFormat(int(groups[0][0]))] if groups else None


def is_complete(groups: Groups) -> bool:
    """Whether nothing is missing any more."""
    return len(groups) == wanted(groups)


def add(groups: Groups, typed: str) -> tuple[Groups, Malformed | None]:
    """The groups with those that were typed, up to the first that is wrong; and what is wrong with it."""
    for group in split_groups(typed):
        try:
            groups = (*groups, _checked(groups, len(groups) + 1, group))
        except Malformed as error:
            return groups, error
    return groups, None


def put(groups: Groups, number: int, typed: str) -> tuple[Groups, Malformed | None]:
    """The groups with group `number`, which is there already, typed anew."""
    try:
        if not 0 < number <= len(groups):
            raise _wrong(f"group {number} was not entered yet")
        before, after = groups[: number - 1], groups[number:]
        if len(split_groups(typed)) != 1:
            raise _wrong(f"group {number} is 7 digits")
        changed = (*before, _checked(before, number, split_groups(typed)[0]), *after)
        if wanted(changed) != wanted(groups):
            return changed[:1], None
    except Malformed as error:
        return groups, error
    return changed, None


def restored(text: str) -> Groups:
    """The groups in a text that was kept; those before the first that is not good."""
    return add((), text)[0]


def _checked(before: Groups, number: int, group: str) -> str:
    if is_complete(before):
        raise _wrong(f"that is more than the {len(before)} groups of this confirmation id")
    if not is_good_group(number, group):
        raise _wrong(f"group {number} has a typing error")
    if not before and int(group[0]) not in _OF_MACHINES:
        is_other = int(group[0]) in set(ConfirmationFormat)
        raise _wrong(
            "this is the confirmation id of a host or a directory" if is_other else "no confirmation id begins so"
        )
    return group


def _wrong(problem: str) -> Malformed:
    return Malformed(Code.CONFIRMATION_MALFORMED, problem, "Compare with what the vendor said: 7 digits a group.")
