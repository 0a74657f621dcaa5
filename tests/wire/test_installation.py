from __future__ import annotations

import pytest
from hypothesis import given

from muster.base.errors import Malformed
from muster.wire.installation import (
    BITS,
    HostId,
    InstallationId,
    MachineId,
    SubjectKind,
    byte_length,
    pack_installation,
    under_tag,
    unpack_installation,
)
from tests.worlds import legal_values as legal

MACHINE = MachineId(1001, b"referenc", b"partpart", b"tag!")


def test_a_machine_has_190_bits_and_a_host_358() -> None:
    assert BITS == {SubjectKind.MACHINE: 190, SubjectKind.HOST: 358, SubjectKind.DIRECTORY: 358}
    assert [byte_length(kind) for kind in SubjectKind] == [24, 45, 45]


def test_the_layout_is_that_of_the_specification() -> None:
    assert pack_installation(MACHINE) == b"\x04" + (1001).to_bytes(3, "big") + b"referencpartparttag!"
    assert pack_installation(HostId(b"referenc", bytes(32), b"tag!")) == b"\x05referenc" + bytes(32) + b"tag!"


@given(installation=legal.installation_ids)
def test_the_tag_covers_everything_but_itself(installation: InstallationId) -> None:
    assert under_tag(installation) == pack_installation(installation)[:-4] + bytes(4)


@pytest.mark.parametrize("first", [0x00, 0x05, 0x07, 0x08, 0x44, 0x84, 0xFF])
def test_another_version_kind_or_padding_is_malformed(first: int) -> None:
    with pytest.raises(Malformed) as refused:
        unpack_installation(bytes((first,)) + pack_installation(MACHINE)[1:])

    assert refused.value.code == "INSTALLATION_ID_MALFORMED"


@pytest.mark.parametrize(
    "wrong",
    [
        MachineId(1 << 24, b"referenc", b"partpart"),
        MachineId(1, b"short", b"partpart"),
        MachineId(1, b"referenc", b"part"),
        MachineId(1, b"referenc", b"partpart", b"tag"),
        HostId(b"referenc", bytes(31)),
    ],
    ids=["edition", "reference", "parts", "tag", "subject"],
)
def test_a_field_of_another_width_is_not_written(wrong: InstallationId) -> None:
    with pytest.raises(ValueError):
        pack_installation(wrong)
