"""What a service manager hands over and hears; strangers' variables hand over nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from muster.platform.systemd import inherited_sockets, notify


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"},
    ],
)
def test_what_is_meant_for_another_process_is_not_taken(given: dict[str, str]) -> None:
    environment = {**given, "PATH": "/bin"}
    assert inherited_sockets(environment) == ()
    assert environment == {"PATH": "/bin"}, "no child takes it either"


@pytest.mark.parametrize("is_abstract", [False, True])
def test_readiness_is_told_to_who_asked_for_it(tmp_path: Path, is_abstract: bool) -> None:
    path = f"@muster-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + path[1:] if is_abstract else path)
        notify({"NOTIFY_SOCKET": path}, "READY=1")
        assert manager.recv(100) == b"READY=1"


def test_nobody_who_listens_is_no_failure(tmp_path: Path) -> None:
    notify({}, "READY=1")
    notify({"NOTIFY_SOCKET": "relative"}, "READY=1")
    notify({"NOTIFY_SOCKET": str(tmp_path / "nowhere")}, "READY=1")
    assert list(tmp_path.iterdir()) == []
