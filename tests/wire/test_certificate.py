from __future__ import annotations

from typing import Any

import cbor2
import pytest

from muster.base.errors import Malformed
from muster.wire.certificate import MAX_CLAIMS_BYTES, CertificateClaims, decode_certificate, encode_certificate

CLAIMS = CertificateClaims(1, 41, 7, 20_000, 1095, bytes(range(32)), 1, 255, 21_000, 22_000)


def test_claims_are_the_array_of_the_specification() -> None:
    assert cbor2.loads(encode_certificate(CLAIMS)) == [1, 41, 7, 20_000, 1095, bytes(range(32)), 1, 255, 21_000, 22_000]


def test_the_largest_claims_have_66_bytes() -> None:
    largest = CertificateClaims(0xFF, 2**32 - 1, 2**32 - 1, 0xFFFF, 0xFFFF, bytes(32), 2**24 - 1, 0xFF, 0xFFFF, 0xFFFF)

    assert len(encode_certificate(largest)) == MAX_CLAIMS_BYTES


def test_the_window_ends_after_its_days() -> None:
    assert CLAIMS.end_day == 21_095


@pytest.mark.parametrize(
    "changes",
    [
        {"issuing_key": 256},
        {"serial": 1 << 32},
        {"organisation": -1},
        {"days": 1 << 16},
        {"subject": bytes(31)},
        {"scope": 1 << 24},
        {"level": 256},
        {"lease_until_day": 1 << 16},
    ],
    ids=str,
)
def test_claims_outside_their_widths_are_neither_written_nor_read(changes: dict[str, Any]) -> None:
    wrong = CLAIMS._replace(**changes)

    with pytest.raises(ValueError):
        encode_certificate(wrong)
    with pytest.raises(Malformed):
        decode_certificate(cbor2.dumps([getattr(wrong, name) for name in CertificateClaims._fields]))
