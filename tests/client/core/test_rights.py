"""What a caller may do follows from who the kernel says it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Refused
from muster.client.core.rights import Ownership, Peer, Role, check, role_of

OWNER, GROUP, STRANGER = 1000, 27, 2000
MACHINE = Ownership(OWNER, GROUP)


@pytest.mark.parametrize(
    ("peer", "role"),
    [
        (Peer(0), Role.ADMINISTRATOR),
        (Peer(OWNER), Role.ADMINISTRATOR),
        (Peer(STRANGER, frozenset({GROUP})), Role.ADMINISTRATOR),
        (Peer(-1, is_elevated=True), Role.ADMINISTRATOR),
        (Peer(STRANGER, frozenset({0, OWNER})), Role.USER),
        (Peer(-1), Role.USER),
    ],
)
def test_root_the_owner_the_group_and_an_elevated_token_administer(peer: Peer, role: Role) -> None:
    assert role_of(peer, MACHINE) is role


@given(st.integers(1, 2**31), st.frozensets(st.integers(0, 2**31)))
def test_without_a_group_that_is_named_no_group_administers(user: int, groups: frozenset[int]) -> None:
    expected = Role.ADMINISTRATOR if user == OWNER else Role.USER
    assert role_of(Peer(user, groups), Ownership(OWNER)) is expected


def test_a_folder_of_an_unknown_owner_gives_an_unknown_caller_nothing() -> None:
    assert role_of(Peer(-1), Ownership(-1)) is Role.USER


def test_a_user_is_refused_what_needs_an_administrator() -> None:
    check("status", Role.USER, Role.USER)
    check("rearm", Role.ADMINISTRATOR, Role.ADMINISTRATOR)
    with pytest.raises(Refused) as refused:
        check("rearm", Role.ADMINISTRATOR, Role.USER)
    assert refused.value.code is Code.NOT_ADMINISTRATOR
