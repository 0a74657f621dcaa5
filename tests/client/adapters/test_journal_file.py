"""The machine's log of events."""

from __future__ import annotations

from pathlib import Path

from muster.client.adapters.journal_file import JOURNAL, MAX_JOURNAL_BYTES, JournalFile
from tests.worlds.clocks import MORNING


def test_the_newest_events_are_given_oldest_first(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path)
    for number in range(5):
        journal.note(MORNING, "activation.failed", number=number)
    assert [event["number"] for event in journal.last(3)] == [2, 3, 4]
    assert journal.last(1) == ({"time": "2026-11-24T09:00:00Z", "event": "activation.failed", "number": 4},)
    assert journal.last(0) == ()


def test_a_full_journal_is_rolled_over_and_the_one_before_still_read(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path)
    journal.note(MORNING, "first")
    with (tmp_path / JOURNAL).open("a") as file:
        file.write(" " * MAX_JOURNAL_BYTES + "\n")
    journal.note(MORNING, "second")
    assert [event["event"] for event in journal.last(9)] == ["first", "second"]
    assert (tmp_path / JOURNAL).stat().st_size < 1000


def test_lines_that_are_damaged_are_left_out(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path)
    journal.note(MORNING, "good")
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'\xff\xfe\n{"event": "cut\n[1]\n')
    journal.note(MORNING, "better")
    assert [event["event"] for event in journal.last(9)] == ["good", "better"]


def test_a_home_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "nowhere")
    journal.note(MORNING, "lost")
    assert journal.last(9) == ()
