from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire.armour import CONFIRMATION, INSTALLATION_ID, armour
from muster.wire.certificate import CertificateClaims
from muster.wire.confirmation import (
    CertificateConfirmation,
    ConfirmationFormat,
    PermanentConfirmation,
    confirmation_of,
    decode_confirmation_file,
    decode_installation_file,
    encode_confirmation_file,
    encode_installation_file,
    pack_confirmation,
    unpack_confirmation,
)
from muster.wire.installation import SubjectKind
from tests.worlds import legal_values as legal

SIGNATURE = bytes(range(64))


def test_the_layout_is_that_of_the_specification() -> None:
    assert pack_confirmation(PermanentConfirmation(0, SIGNATURE)) == b"\x01" + SIGNATURE
    assert pack_confirmation(PermanentConfirmation(20_000, SIGNATURE)) == b"\x02\x4e\x20" + SIGNATURE
    assert (
        pack_confirmation(CertificateConfirmation(ConfirmationFormat.HOST, 1, 2, 3, 4, 5, 6, 7, 8, SIGNATURE))
        == bytes.fromhex("03 01 00000002 00000003 0004 0005 06 0007 0008") + SIGNATURE
    )


@given(claims=legal.certificates, kind=st.sampled_from([SubjectKind.HOST, SubjectKind.DIRECTORY]))
def test_a_certificate_is_rebuilt_from_what_both_sides_hold(claims: CertificateClaims, kind: SubjectKind) -> None:
    confirmation = unpack_confirmation(pack_confirmation(confirmation_of(claims, SIGNATURE, kind)))

    assert isinstance(confirmation, CertificateConfirmation)
    assert confirmation.format.name == kind.name
    assert confirmation.claims(claims.subject, claims.scope) == claims


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x00" + SIGNATURE,
        b"\x05" + SIGNATURE,
        b"\x02" + SIGNATURE,
        b"\x01" + SIGNATURE + b"\x00",
        b"\x02\x00\x00" + SIGNATURE,
        b"\x03" + SIGNATURE,
    ],
    ids=["nothing", "only a format", "format 0", "format 5", "no end day", "a byte too many", "end day 0", "no fields"],
)
def test_another_length_or_format_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        unpack_confirmation(data)

    assert refused.value.code == "CONFIRMATION_MALFORMED"


def test_a_confirmation_outside_its_widths_is_not_written() -> None:
    with pytest.raises(ValueError, match="end_day"):
        pack_confirmation(PermanentConfirmation(1 << 16, SIGNATURE))
    with pytest.raises(ValueError, match="signature"):
        pack_confirmation(PermanentConfirmation(0, SIGNATURE[1:]))


@given(installation=st.binary(max_size=45), confirmation=st.binary(max_size=83))
def test_files_carry_their_bytes(installation: bytes, confirmation: bytes) -> None:
    assert decode_installation_file(encode_installation_file(installation)) == installation
    assert decode_confirmation_file(encode_confirmation_file(installation, confirmation)) == (
        installation,
        confirmation,
    )


@given(data=st.binary(max_size=60))
def test_a_file_of_anything_else_is_malformed(data: bytes) -> None:
    for decode, title in ((decode_installation_file, INSTALLATION_ID), (decode_confirmation_file, CONFIRMATION)):
        with pytest.raises(Malformed):
            decode(armour(title, b"\xff" + data))


def test_a_file_of_the_other_direction_is_malformed() -> None:
    with pytest.raises(Malformed, match="it is a INSTALLATION ID"):
        decode_confirmation_file(encode_installation_file(b"id"))
