"""Security descriptors of Active Directory: read, given one more right, written again."""

from __future__ import annotations

import pytest

from muster.base.errors import Malformed
from muster.console.directory.core.descriptors import (
    DACL_PROTECTED,
    READING,
    WRITING,
    Descriptor,
    allow,
    decode_descriptor,
    encode_descriptor,
    granted,
    of_domain,
    readable_by,
    sid_bytes,
    sid_text,
)

GROUP = sid_bytes("S-1-5-21-1004336348-1177238915-682003330-1110")
OTHER = sid_bytes("S-1-5-21-1004336348-1177238915-682003330-1111")
# Worked out by hand (MS-DTYP §2.4.2): revision 1, five parts, authority 5.
GROUP_HEX = "010500000000000515000000dcf4dc3b833d2b46828ba628" + "56040000"
DENY = b"\x01" + allow(OTHER, WRITING)[1:]
INHERITED = b"\x00\x10" + allow(OTHER, READING)[2:]


def test_a_sid_is_written_as_people_know_it() -> None:
    assert GROUP.hex() == GROUP_HEX
    assert sid_text(GROUP) == "S-1-5-21-1004336348-1177238915-682003330-1110"
    assert sid_text(of_domain(sid_bytes("S-1-5-21-1-2-3"), 512)) == "S-1-5-21-1-2-3-512"


def test_a_right_comes_after_what_stands_and_before_what_was_inherited() -> None:
    before = Descriptor(0x8404, OTHER, OTHER, (DENY, allow(OTHER, WRITING), INHERITED))
    after = decode_descriptor(encode_descriptor(granted(before, GROUP, WRITING)))
    assert after.aces == (DENY, allow(OTHER, WRITING), allow(GROUP, WRITING), INHERITED)
    assert (after.owner, after.group) == (OTHER, OTHER)


def test_a_right_that_stands_is_not_given_twice() -> None:
    once = granted(Descriptor(0x8004), GROUP, WRITING)
    assert granted(once, GROUP, WRITING) is once
    assert granted(once, GROUP, READING) is once
    assert len(granted(once, OTHER, WRITING).aces) == 2


def test_an_inherited_right_or_a_lesser_one_is_not_enough() -> None:
    inherited = Descriptor(0x8004, aces=(b"\x00\x10" + allow(GROUP, WRITING)[2:],))
    assert len(granted(inherited, GROUP, WRITING).aces) == 2
    assert len(granted(Descriptor(0x8004, aces=(allow(GROUP, READING),)), GROUP, WRITING).aces) == 2


def test_an_object_for_one_group_inherits_nothing() -> None:
    found = decode_descriptor(readable_by(GROUP, (OTHER,)))
    assert found.control & DACL_PROTECTED
    assert found.aces[-1] == allow(GROUP, READING)
    assert [ace[8:] for ace in found.aces].count(GROUP) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01" * 19,
        bytes(20),
        encode_descriptor(Descriptor(0x8004, OTHER, OTHER, (allow(GROUP, READING),)))[:-3],
        bytes(70_000),
    ],
    ids=["empty", "short", "not self-relative", "truncated", "huge"],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_descriptor(data)
