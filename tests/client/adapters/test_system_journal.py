"""Events in the system's journal: what a journal that listens gets, and what happens without one."""

from __future__ import annotations

import socket
from pathlib import Path

from muster.client.adapters.journal_file import JournalFile
from muster.client.adapters.system_journal import SystemJournal
from tests.worlds.clocks import MORNING


def read_entry(data: bytes) -> dict[str, str]:
    """An entry in journald's own protocol: NAME=value lines, or name, length and bytes."""
    found = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + size], rest[8 + size + 1 :]
        found[name.decode()] = value.decode()
        data = rest
    return found


def test_an_event_reaches_the_journal_as_fields_and_the_own_log_too(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "socket"))
        journal = SystemJournal(JournalFile(tmp_path), tmp_path / "socket")
        journal.note(MORNING, "activation.failed", edition="acme-cad-pro", code="NO_KEY", state=None)
        entry = read_entry(journald.recv(4096))
        assert entry == {
            "MESSAGE": "activation.failed edition=acme-cad-pro code=NO_KEY",
            "PRIORITY": "5",
            "SYSLOG_IDENTIFIER": "muster-client",
            "MUSTER_EVENT": "activation.failed",
            "MUSTER_EDITION": "acme-cad-pro",
            "MUSTER_CODE": "NO_KEY",
        }
        journal.note(MORNING, "product.refused", file="two\nPRIORITY=0\nlines")
        entry = read_entry(journald.recv(4096))
        assert (entry["MUSTER_FILE"], entry["PRIORITY"]) == ("two\nPRIORITY=0\nlines", "5")
    assert [row["event"] for row in journal.last(5)] == ["activation.failed", "product.refused"]


def test_without_a_journal_or_with_a_full_one_the_own_log_has_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "socket"))
        journal = SystemJournal(JournalFile(tmp_path), tmp_path / "socket")
        for _ in range(2000):
            journal.note(MORNING, "service.started")
    SystemJournal(JournalFile(tmp_path), tmp_path / "nowhere").note(MORNING, "service.stopped")
    assert len(journal.last(10_000)) == 2001
