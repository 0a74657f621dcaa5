"""What an administrator can see of a host while it runs, and is warned of in time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from muster.base.errors import Code
from muster.host import app as host
from muster.host.adapters.event_file import EventFile, read_events
from muster.host.core.answering import Outcome, Verdict
from tests.worlds.host_world import START, HandClock, SmallVendor, ask, certified_home, exchange, request

LOOPBACK = ["127.0.0.1:0"]


async def get(address: str, path: str) -> tuple[str, str]:
    """Status line and body of one page."""
    name, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return head.split("\r\n")[0], body


def test_metrics_and_health_are_served_where_the_settings_say(tmp_path: Path) -> None:
    vendor, clock = certified_home(tmp_path), HandClock()

    async def story() -> tuple[str, list[str]]:
        environment = {"MUSTER_HOST_METRICS": "127.0.0.1:0"}
        running = await host.RunningHost.start(tmp_path, listen=LOOPBACK, environment=environment, clock=clock)
        await ask(running.address, vendor, 1)
        await ask(running.address, vendor, 2)
        await exchange(running.address, request(SmallVendor(seed=2), 1))
        where = running.metrics_address
        _, body = await get(where, "/metrics")
        health = [(await get(where, "/health"))[0], (await get(where, "/elsewhere"))[0]]
        clock.move(days=3 * 365)
        health.append((await get(where, "/health"))[1].strip())
        await running.stop()
        return body, health

    body, health = asyncio.run(story())
    vendor_id = vendor.trusted.vendor_id.hex()
    for line in (
        'muster_host_requests_total{outcome="counted"} 2.0',
        'muster_host_requests_total{outcome="hinted"} 1.0',
        'muster_host_refusals_total{code="VENDOR_MISMATCH"} 1.0',
        f'muster_host_count{{group="1",vendor="{vendor_id}"}} 2.0',
        f'muster_host_cache_size{{group="1",vendor="{vendor_id}"}} 50.0',
    ):
        assert line in body
    assert health == ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "CERTIFICATE_EXPIRED"]


def test_the_end_of_a_certificate_is_told_ninety_days_before(tmp_path: Path) -> None:
    clock = HandClock()
    certified_home(tmp_path, clock=clock)
    assert host.status(tmp_path, environment={}, clock=clock).concerns == ()
    clock.moment = START + timedelta(days=3 * 365 - 90)
    (concern,) = host.status(tmp_path, environment={}, clock=clock).concerns
    assert concern.code is Code.CERTIFICATE_EXPIRED
    assert "ends on 2029-11-23, in 89 days" in concern.message
    clock.move(days=90)
    (concern,) = host.status(tmp_path, environment={}, clock=clock).concerns
    assert "ended on" in concern.message


def test_the_log_tells_which_certificates_are_used_and_every_day_that_one_ends(tmp_path: Path) -> None:
    vendor, clock = SmallVendor(), HandClock()
    host.initialise(tmp_path, vendor.product_file(), clock=clock)
    host.install_key(tmp_path, vendor.key().text)
    digits = host.installation_id(tmp_path)

    async def story() -> None:
        running = await host.RunningHost.start(tmp_path, listen=LOOPBACK, environment={}, clock=clock)
        host.confirm(tmp_path, vendor.confirm(digits), clock=clock)
        await running.tend()
        clock.moment = START + timedelta(days=3 * 365 - 91)
        for _ in range(5):
            await running.tend()
            clock.move(days=0.5)
        await running.stop()

    asyncio.run(story())
    told = [e for e in host_log(tmp_path) if e["event"].startswith("certificate.")]
    assert [e["event"] for e in told] == ["certificate.in_use", "certificate.ending", "certificate.ending"]
    assert {(e["vendor"], e["serial"]) for e in told} == {(vendor.trusted.vendor_id.hex(), 1)}
    assert (told[0]["ends"], told[1]["level"]) == ("2029-11-23", "warning")
    assert [e["days"] for e in told[1:]] == [89, 88]


def host_log(home: Path) -> list[dict[str, Any]]:
    return read_events(home / "events.jsonl", 100)


def test_a_key_that_is_not_confirmed_and_a_withdrawn_certificate_need_attention(tmp_path: Path) -> None:
    vendor, clock = SmallVendor(), HandClock()
    host.initialise(tmp_path, vendor.product_file(), clock=clock)
    assert codes(tmp_path, clock) == [Code.NO_KEY]
    host.install_key(tmp_path, vendor.key().text)
    assert codes(tmp_path, clock) == [Code.HOST_NOT_ACTIVATED]
    host.confirm(tmp_path, vendor.confirm(host.installation_id(tmp_path)), clock=clock)
    assert codes(tmp_path, clock) == []
    later = SmallVendor(versions=2, withdrawn=(1,))
    host.install(tmp_path, later.product_file(serial=2), clock=clock)
    assert codes(tmp_path, clock) == [Code.CERTIFICATE_WITHDRAWN]


def codes(home: Path, clock: HandClock) -> list[Code]:
    return [c.code for c in host.status(home, environment={}, clock=clock).concerns]


def test_the_log_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    log = EventFile(tmp_path / "events.jsonl", limit=2_000)
    for n in range(1_000):
        log.answered(n, "192.0.2.1", Verdict(Outcome.HINTED, b"", code=Code.VENDOR_MISMATCH))
    log.close()
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 2_000 * 6
    newest = read_events(tmp_path / "events.jsonl", 3)
    assert [e["time"] for e in newest] == [f"1970-01-01T00:16:{s}Z" for s in (37, 38, 39)]
    (tmp_path / "events.jsonl").write_bytes(b'{"event": "cut of\n\xff\n[1]\n{"event": "whole"}\n')
    assert [e["event"] for e in read_events(tmp_path / "events.jsonl", 1)] == ["whole"]
