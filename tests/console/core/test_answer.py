"""Answers of machines are read as from strangers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Malformed
from muster.console.core.answer import MAX_ANSWER_BYTES, MAX_EDITIONS, MAX_TEXT, read_json, read_status

ROW: dict[str, Any] = {
    "product": "Acme CAD",
    "edition": "acme-cad-pro",
    "state": "LICENSED",
    "method": "host",
    "permanent": False,
    "expires_at": "2027-05-23T00:00:00Z",
    "count": 25,
    "threshold": 25,
    "host": "kms1.corp.example:1688",
    "organisation": 7,
    "client_id": "ab" * 16,
    "partial_key": "ABCDE",
    "binding": "hardware",
    "last_error": {"code": "HOST_UNREACHABLE", "message": "no answer"},
}


def read(*rows: object) -> Any:
    return read_status({"editions": list(rows)})


def test_what_a_machine_says() -> None:
    (seen,) = read(ROW)
    assert (seen.edition, seen.state, seen.method, seen.count) == ("acme-cad-pro", "LICENSED", "host", 25)
    assert seen.expires_at == datetime(2027, 5, 23, tzinfo=UTC)
    assert (seen.error, seen.error_text) == ("HOST_UNREACHABLE", "no answer")


@pytest.mark.parametrize(
    "change",
    [
        *({"state": "GOLDEN"}, {"state": None}, {"state": ["LICENSED"]}, {"edition": ""}, {"edition": 7}),
        *({"method": "magic"},),
    ],
)
def test_an_edition_in_no_known_state_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as told:
        read(ROW | change)
    assert told.value.code is Code.ANSWER_MALFORMED


@pytest.mark.parametrize("value", [None, {}, "x", 7, {"editions": {}}, {"editions": [7]}, {"editions": [ROW, ROW]}])
def test_what_is_no_status_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        read_status(value if isinstance(value, dict) else {"editions": value})


def test_too_many_editions_are_refused() -> None:
    with pytest.raises(Malformed):
        read(*(ROW | {"edition": f"e{n}"} for n in range(MAX_EDITIONS + 1)))


def test_terminal_escapes_and_long_text_do_not_get_through() -> None:
    (seen,) = read(ROW | {"host": "\x1b]0;owned\x07" + "x" * 10_000, "product": "<script>\u202e\n"})
    assert len(seen.host) == MAX_TEXT
    assert (seen.host + seen.product).isprintable()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("count", -1), ("count", True), ("count", 2**40), ("count", "5"), ("organisation", 1.5)),
        *(("expires_at", "soon"), ("expires_at", "2027-05-23T00:00:00"), ("expires_at", 7), ("client_id", "xy")),
        *(("expires_at", "0001-01-01T00:00:00+23:59"),),
    ],
)
def test_a_value_of_the_wrong_shape_is_not_told(field: str, value: Any) -> None:
    (seen,) = read(ROW | {field: value})
    assert getattr(seen, field) in {None, ""}


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"7", b"{", b"\xff{}", b"[" * 100_000, b"{" + b" " * MAX_ANSWER_BYTES + b"}"]
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_json(raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda some: st.lists(some) | st.dictionaries(st.sampled_from([*ROW, "code"]), some),
)


@given(_JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        editions = read_status(read_json(json.dumps({"editions": [value]}).encode()))
    except Malformed:
        return
    assert all(seen.state and seen.edition for seen in editions)
