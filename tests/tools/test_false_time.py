from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.false_time import SHARED_MEMORY, at_time, remove_what_the_dead_left


def test_what_the_dead_left_goes_and_all_else_stays(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = [f"sem.faketime_sem_{ended.pid}", f"faketime_shm_{ended.pid}"]
    others = [f"sem.faketime_sem_{os.getpid()}", f"faketime_shm_{os.getpid()}", f"PostgreSQL.{ended.pid}"]
    for name in (*dead, *others):
        (tmp_path / name).touch()
    remove_what_the_dead_left(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(others)


@pytest.mark.parts
def test_one_that_was_killed_leaves_something_and_it_goes_before_the_next_start() -> None:
    said = "import sys, time; print(flush=True); time.sleep(60)"
    command = [*at_time("+1 day"), sys.executable, "-c", said]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        os.killpg(killed.pid, signal.SIGKILL)
    left = SHARED_MEMORY / f"sem.faketime_sem_{killed.pid}"
    assert left.exists()
    at_time("+1 day")
    assert not left.exists()
