from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from muster.base import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    logger = logging.getLogger(log.ROOT)
    before = (logger.handlers[:], logger.level, logger.propagate)
    written = io.StringIO()
    log.configure("debug", written)
    yield written
    logger.handlers[:], logger.level, logger.propagate = before


def rows(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_fields(stream: io.StringIO) -> None:
    log.event("host", "answered", count=7, client="00ff")

    (row,) = rows(stream)
    assert datetime.fromisoformat(row.pop("time")).tzinfo == UTC
    assert row == {"level": "info", "event": "answered", "count": 7, "client": "00ff"}


def test_a_field_with_line_breaks_stays_one_line(stream: io.StringIO) -> None:
    log.event("host", "refused", name='a"\n{"event": "forged"}\r\x1b[2J', at=datetime(2026, 1, 1, tzinfo=UTC))

    (row,) = rows(stream)
    assert row["event"] == "refused"
    assert "\x1b" not in stream.getvalue()


def test_no_field_overwrites_what_the_log_itself_says(stream: io.StringIO) -> None:
    log.event("host", "answered", event="forged", time="never")

    (row,) = rows(stream)
    assert row["event"] == "answered"
    assert row["time"] != "never"


def test_levels_below_the_configured_one_are_silent(stream: io.StringIO) -> None:
    log.configure("warning", stream)
    log.event("host", "answered")
    log.event("host", "disk_full", logging.ERROR)

    assert [row["event"] for row in rows(stream)] == ["disk_full"]


def test_configuring_twice_does_not_double_the_lines(stream: io.StringIO) -> None:
    log.configure("info", stream)
    log.event("client", "woke")

    assert len(rows(stream)) == 1


def test_an_exception_leaves_its_traceback_in_the_line(stream: io.StringIO) -> None:
    try:
        raise ValueError("unexpected")
    except ValueError:
        logging.getLogger(f"{log.ROOT}.host").exception("internal")

    (row,) = rows(stream)
    assert "unexpected" in row["traceback"]
