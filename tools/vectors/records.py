"""The file that a machine keeps of a vendor, sound and damaged (spec/record.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from muster.wire.calendar import seconds
from muster.wire.cbor import Value, encode
from muster.wire.record import Attempts, Moment, encode_record, encode_secrets
from tests.worlds.clocks import MORNING
from tests.worlds.machines import Machine
from tools.vectors import Case, flips, refusals


def cases() -> Iterator[Case]:
    """All of them."""
    fresh, full = encode_record(Machine().record), encode_record(_full().record)
    for name, data, about in (
        ("fresh", fresh, "A product was installed, nothing asked yet."),
        ("full", full, "A lease, an activation object, a confirmation, a pending id and a host to leave out."),
    ):
        client_id = Machine().record.client_id.hex()
        expect = {"client_id": client_id, "high_water": seconds(MORNING), "editions": [1001]}
        yield Case("record", name, "record", about, {"bytes": data.hex()}, expect)
    yield flips("record", "record", {"bytes": fresh.hex()}, ["bytes"], every=1, code="STATE_CORRUPT")
    rows = {
        "empty": (b"", "Nothing, as after a crash of a lesser writer."),
        "zeros": (bytes(len(fresh)), "As a file system may leave it after a crash."),
        "truncated": (full[: len(full) // 2], "Half of it."),
        "trailing": (fresh + b"\x00", "One byte after the end."),
        "format_2": (b"\x83\x02" + fresh[2:], "A format that version 1 does not have."),
        "body_trailing": (_wrapped(_body(fresh) + b"\x00"), "A sound hash over a body with a byte after its end."),
        "key_kind_1": (_wrapped(_body(full).replace(b"\x83\x02\x65", b"\x83\x01\x65", 1)), "A host key on a machine."),
    }
    hexed = {name: ({"bytes": data.hex()}, about) for name, (data, about) in rows.items()}
    yield from refusals("record", "record", "STATE_CORRUPT", hexed)
    yield from _secrets()


def _full() -> Machine:
    machine = Machine()
    machine.lease()
    machine.read_object()
    pending = machine.deposit().installation
    machine.change(
        pending=pending,
        trouble=Moment(seconds(MORNING), 7),
        attempts=Attempts(
            3, seconds(MORNING), seconds(MORNING) + 7200, 1, "4 of 25", 4, "host1.corp.example:1688", 120, 10_080
        ),
    )
    skips = (("host2.corp.example:1688", seconds(MORNING) + 86_400),)
    machine.record = machine.record._replace(
        proof=machine.part.lease, cached_host="host1.corp.example:1688", cached_priority=10, skips=skips
    )
    return machine


def _body(record: bytes) -> bytes:
    """The body between its head of four bytes (format, byte string of 16 bits of length) and the hash."""
    size = 2 + {0x58: 2, 0x59: 3}[record[2]]
    return record[size:-34]


def _wrapped(body: bytes) -> bytes:
    return encode([1, body, hashlib.sha256(body).digest()])


def _secrets() -> Iterator[Case]:
    data = encode_secrets({1001: bytes(range(32)), 1002: bytes(32)})
    expect = {"editions": [1001, 1002]}
    yield Case("record", "secrets", "secrets", "K of two keys.", {"bytes": data.hex()}, expect)
    pair: list[Value] = [1001, bytes(32)]
    rows = {
        "secrets_doubled": (_wrapped(encode([pair, pair])), "Two of one edition."),
        "secrets_descend": (_wrapped(encode([[1002, bytes(32)], pair])), "Out of order."),
        "secrets_short": (_wrapped(encode([[1001, bytes(31)]])), "31 bytes."),
    }
    hexed = {name: ({"bytes": data.hex()}, about) for name, (data, about) in rows.items()}
    yield from refusals("record", "secrets", "STATE_CORRUPT", hexed)
