"""Debian's Prometheus on loopback, and what it tells by its API."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from muster.base.clock import SystemClock
from tests.worlds.parts import part

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.1
_LISTENING = re.compile(r'msg="Listening on" address=(\S+)')


@dataclass(frozen=True)
class Prometheus:
    """A server that runs, and its address."""

    process: subprocess.Popen[str]
    url: str

    def told(self, path: str, **asked: str) -> Any:
        """The data of an answer, in which there is nothing to warn of."""
        answer = httpx2.get(f"{self.url}/api/v1/{path}", params=asked, trust_env=False, timeout=PATIENCE_SECONDS).json()
        assert answer["status"] == "success", answer
        assert not answer.get("warnings"), answer
        return answer["data"]

    def found(self, expression: str) -> list[Any]:
        """The series that an expression has now."""
        found: list[Any] = self.told("query", query=expression)["result"]
        return found

    def alerts(self, state: str) -> dict[str, dict[str, str]]:
        """The alerts that are `pending` or `firing`: labels by name."""
        told = self.told("alerts")["alerts"]
        return {alert["labels"]["alertname"]: alert["labels"] for alert in told if alert["state"] == state}

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Look again and again: nothing tells from outside when it has scraped or judged."""
        clock = SystemClock()
        end = clock.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert clock.monotonic() < end, f"not within {PATIENCE_SECONDS} seconds: {what}"
            try:
                self.process.wait(PAUSE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail("Prometheus ended")


@contextmanager
def prometheus(folder: Path, settings: str) -> Iterator[Prometheus]:
    """A server with these settings, which `promtool` has looked at, on a free port; killed in the end."""
    folder.mkdir()
    file = folder / "prometheus.yml"
    file.write_text(settings)
    checked = subprocess.run([part("promtool"), "check", "config", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    command = [part("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"]
    with subprocess.Popen(
        [*command, "--web.listen-address=127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            found = (_LISTENING.search(line) for line in process.stderr)
            yield Prometheus(process, f"http://{next(match[1] for match in found if match)}")
        finally:
            process.kill()
