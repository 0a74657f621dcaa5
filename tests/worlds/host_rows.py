"""Rows that a host stores, as it makes them of requests."""

from __future__ import annotations

from muster.host.core.answering import Row
from muster.wire.activation import Flags, State

ACME = (b"acme-id-", 1)
NOW = 1_800_000_000


def machine(number: int) -> bytes:
    """The client id of a machine."""
    return number.to_bytes(16, "big")


def row(number: int, seq: int, seen: int = NOW, **changes: object) -> Row:
    """A machine that asked at `seen`, with some of it changed."""
    values: dict[str, object] = {
        "group": ACME,
        "client_id": machine(number),
        "edition": 1001,
        "state": State.INITIAL_GRACE,
        "flags": Flags.NONE,
        "parts": bytes((number,)) * 16,
        "address": "192.0.2.1",
        "seen": seen,
        "seq": seq,
        "cache_size": 50,
        "floor": 0,
    }
    return Row(**{**values, **changes})  # type: ignore[arg-type]
