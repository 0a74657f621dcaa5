"""R12: processes whose clocks are wrong by hours, by years, and at the ends of their widths, host and client.

Every process is told another time by faketime; the time since its start stays true. A client's folder and a host's home are
made at one instant, and each wrong clock gets a copy of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from muster.base.errors import BY_NUMBER, Code
from muster.trust.chain import verify_answer
from muster.trust.productkey import generic_key
from muster.wire.activation import decode_hint, is_hint
from reliability.figure import Figure, none_of
from tests.programs.client_service import COMMAND
from tests.programs.host_process import serving
from tests.worlds.false_time import at_time
from tests.worlds.host_world import CLIENT_EDITION, START, SmallVendor, certified_home, exchange, request

NOW = START + timedelta(hours=3)
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
ALMOST_A_DAY = timedelta(hours=23)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AFTER_32_BITS_SIGNED = datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)
AFTER_32_BITS = datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC)
THRESHOLD = 25
PATIENCE_SECONDS = 60
TOLD = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC", "MUSTER_DNS_SERVER": "127.0.0.1:9"}
"""To every process: the clocks are UTC, the time since the start is true, there is no name server."""


@dataclass(frozen=True)
class Clock:
    """A wrong clock: the state of a machine that was activated at `NOW`, and what a host that answered then says now."""

    at: datetime
    state: str
    said: Code | None


CLOCKS = (
    Clock(NOW + HOUR, "LICENSED", None),
    Clock(NOW - HOUR, "LICENSED", None),
    Clock(NOW + ALMOST_A_DAY, "LICENSED", None),
    Clock(NOW - ALMOST_A_DAY, "LICENSED", Code.CERTIFICATE_NOT_YET_VALID),  # it began with the day of `NOW`
    Clock(NOW + 30 * DAY, "LICENSED", None),
    Clock(NOW - 30 * DAY, "RENEWAL_GRACE", Code.CLOCK_SUSPECT),
    Clock(NOW + 179 * DAY, "LICENSED", None),
    Clock(NOW + 181 * DAY, "RENEWAL_GRACE", None),
    Clock(NOW + YEAR, "NOTIFICATION", None),
    Clock(NOW - YEAR, "RENEWAL_GRACE", Code.CLOCK_SUSPECT),
    Clock(NOW + 10 * YEAR, "NOTIFICATION", Code.CERTIFICATE_EXPIRED),
    Clock(NOW - 10 * YEAR, "RENEWAL_GRACE", Code.CLOCK_SUSPECT),
    Clock(EPOCH + DAY, "RENEWAL_GRACE", Code.CLOCK_SUSPECT),
    Clock(AFTER_32_BITS_SIGNED, "NOTIFICATION", Code.CERTIFICATE_EXPIRED),
    Clock(AFTER_32_BITS, "NOTIFICATION", Code.CERTIFICATE_EXPIRED),
)


def wrong_clocks(folder: Path, every: int) -> list[Figure]:
    """Every clock of the table, or each `every`-th of them."""
    home, machine = folder / "host", folder / "machine"
    vendor = SmallVendor()
    certified_home(home, vendor)
    _activate(folder, home, machine, vendor)
    clocks = CLOCKS[::every]
    states = {clock.at: _state(folder, machine, clock.at) for clock in clocks}
    said = {clock.at: asyncio.run(_said(folder, home, vendor, clock.at)) for clock in clocks}
    again = _state(folder, machine, NOW)
    return [
        Figure("clocks, on a client and on a host", str(2 * len(clocks)), "all of the table", holds=True),
        none_of("states of the client that are not expected", sum(states[c.at] != c.state for c in clocks)),
        none_of("words of the host that are not expected", sum(said[c.at] is not c.said for c in clocks)),
        Figure("state under the right clock after all of them", again, "LICENSED", again == "LICENSED"),
    ]


def _activate(folder: Path, home: Path, machine: Path, vendor: SmallVendor) -> None:
    product = folder / "acme.product"
    product.write_bytes(vendor.product_file())
    with serving(home, before=_told(NOW), environment=TOLD) as host:
        asyncio.run(_count(host.address, vendor))
        key = generic_key(vendor.trusted.fingerprint, CLIENT_EDITION).formatted
        activate = ["activate", "--edition", "acme-cad-pro"]
        for words in (["install", str(product)], ["install-key", key], ["set-host", host.address], activate):
            done = _client(machine, NOW, *words)
            assert done.returncode == 0, done.stderr


async def _count(address: str, vendor: SmallVendor) -> None:
    for number in range(1, THRESHOLD):
        await exchange(address, request(vendor, number))


def _state(folder: Path, machine: Path, at: datetime) -> str:
    copy = folder / "copied machine"
    shutil.copytree(machine, copy)
    try:
        done = _client(copy, at, "status", "--edition", "acme-cad-pro", "--json")
        assert done.stdout, done.stderr
        return str(json.loads(done.stdout)["state"])
    finally:
        shutil.rmtree(copy)


def _client(machine: Path, at: datetime, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_told(at), *COMMAND, *words, "--home", str(machine)],
        env={**os.environ, **TOLD},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


async def _said(folder: Path, home: Path, vendor: SmallVendor, at: datetime) -> Code | None:
    """The code of a host's word, None for a count."""
    copy = folder / "copied host"
    shutil.copytree(home, copy)
    body = request(vendor, THRESHOLD + 1)
    try:
        with serving(copy, before=_told(at), environment=TOLD) as host:
            answer = await exchange(host.address, body)
    finally:
        shutil.rmtree(copy)
    assert answer is not None
    if is_hint(answer):
        return BY_NUMBER[decode_hint(answer).code]
    verify_answer(body, answer, vendor.trusted)
    return None


def _told(at: datetime) -> tuple[str, ...]:
    return at_time("-f", f"@{at:%Y-%m-%d %H:%M:%S}")
