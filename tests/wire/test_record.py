from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire.cbor import encode
from muster.wire.record import (
    MAX_RECORD_BYTES,
    Attempts,
    EditionRecord,
    InstalledKey,
    KeyKindCode,
    VendorRecord,
    decode_record,
    decode_secrets,
    encode_record,
    encode_secrets,
)
from tests.worlds import legal_values as legal

EDITION = EditionRecord(1001, InstalledKey(KeyKindCode.GENERIC, "AB123", bytes(8)))
RECORD = VendorRecord(bytes(16), bytes(32), bytes(16), high_water=1_795_510_800, editions=(EDITION,))
SECRETS = {1001: bytes(32), 1002: bytes(range(32))}


def test_editions_are_found_by_their_id() -> None:
    assert RECORD.edition(1001) == EDITION
    assert RECORD.edition(1002) is None


@given(data=st.data())
def test_any_flipped_bit_of_a_record_is_noticed(data: st.DataObject) -> None:
    for whole, decode in ((encode_record(RECORD), decode_record), (encode_secrets(SECRETS), decode_secrets)):
        damaged = bytearray(whole)
        bit = data.draw(st.integers(0, 8 * len(whole) - 1))
        damaged[bit // 8] ^= 1 << bit % 8

        with pytest.raises(Malformed) as refused:
            decode(bytes(damaged))
        assert refused.value.code == "STATE_CORRUPT"


@given(record=legal.records, data=st.data())
def test_a_right_hash_over_wrong_bytes_changes_nothing_but_the_message(
    record: VendorRecord, data: st.DataObject
) -> None:
    """The hash finds accidents, not enemies: what it covers is read as strictly as any message."""
    body = bytearray(cbor2.loads(encode_record(record))[1])
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))

    try:
        read = decode_record(legal.sealed(bytes(body)))
    except Malformed:
        return
    assert encode_record(read) == legal.sealed(bytes(body))


@pytest.mark.parametrize("decode", [decode_record, decode_secrets])
@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", bytes(100), bytes(MAX_RECORD_BYTES + 1), encode([2, b"", bytes(32)]), encode([1, b"", bytes(32)])],
    ids=["nothing", "a zero", "zeros", "far too long", "another format", "a wrong hash"],
)
def test_a_file_that_is_no_record_is_corrupt(decode: Any, data: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        decode(data)

    assert refused.value.code == "STATE_CORRUPT"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": bytes(15)},
        {"used": 1 << 32},
        {"graces_reset": 256},
        {"cached_host": "h" * 301},
        {"skips": (("host", 1),) * 65},
        {"editions": (EDITION._replace(attempts=Attempts(failures=1 << 16)),)},
        {"editions": (EDITION._replace(attempts=Attempts(message="m" * 401)),)},
        {"editions": (EDITION._replace(attempts=Attempts(message="\x1b[2J")),)},
        {"editions": (EDITION._replace(pending=bytes(46)),)},
        {"editions": (EDITION._replace(edition=1 << 24),)},
    ],
    ids=str,
)
def test_a_record_that_could_not_be_read_again_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode_record(RECORD._replace(**changes))


@pytest.mark.parametrize("kind", [1, 3, 255])
def test_a_key_of_a_kind_that_no_machine_holds_is_corrupt(kind: int) -> None:
    body = cbor2.loads(cbor2.loads(encode_record(RECORD))[1])
    body[12][0][1][0] = kind

    with pytest.raises(Malformed) as refused:
        decode_record(legal.sealed(cbor2.dumps(body)))
    assert refused.value.code == "STATE_CORRUPT"


def test_secrets_come_back_by_edition() -> None:
    assert decode_secrets(encode_secrets(SECRETS)) == SECRETS
    assert decode_secrets(encode_secrets({})) == {}


@pytest.mark.parametrize(
    "rows",
    [[[2, bytes(32)], [1, bytes(32)]], [[1, bytes(32)], [1, bytes(32)]], [[1, bytes(31)]], [[1 << 24, bytes(32)]], [[1]]],
    ids=["out of order", "doubled", "a short secret", "no edition's id", "no secret"],
)  # fmt: skip
def test_secrets_of_another_shape_are_corrupt(rows: Any) -> None:
    with pytest.raises(Malformed) as refused:
        decode_secrets(legal.sealed(encode(rows)))

    assert refused.value.code == "STATE_CORRUPT"


def test_a_secret_of_another_size_is_not_written() -> None:
    with pytest.raises(ValueError, match="damaged"):
        encode_secrets({1001: bytes(31)})
