"""An activation host keeps itself in DNS, and only itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from muster.host import app as host
from tests.worlds.host_world import HandClock, SmallVendor, certified_home
from tests.worlds.name_servers import OTHER_SECRET, SECRET, Served, World, embedded

LOOPBACK = ["127.0.0.1:0"]
SRV = "_muster._tcp.corp.example."


def dns_settings(server: Served, secret: str = SECRET, target: str = "kms1.hosts.corp.example") -> dict[str, Any]:
    return {
        "server": server.address,
        "target": target,
        "tsig_key_file": str(server.key_file(secret=secret)),
        "zones": [{"zone": "corp.example"}, {"zone": "lab.example", "priority": 10, "weight": 5}],
    }


def port_of(address: str) -> str:
    return address.rpartition(":")[2]


def test_a_host_publishes_itself_in_every_zone_again_each_day_and_until_it_is_retired(tmp_path: Path) -> None:
    clock, home = HandClock(), tmp_path / "home"
    certified_home(home, clock=clock)

    async def story(server: Served) -> None:
        dns = dns_settings(server)
        running = await host.RunningHost.start(home, listen=LOOPBACK, dns=dns, environment={}, clock=clock)
        await running.tend()
        port = port_of(running.address)
        look = asyncio.get_running_loop().run_in_executor
        assert await look(None, server.records, SRV, "SRV") == [f"0 0 {port} kms1.hosts.corp.example."]
        assert await look(None, server.records, "kms1.hosts.corp.example.", "A") == ["127.0.0.1"]
        there = await look(None, server.records, "_muster._tcp.lab.example.", "SRV")
        assert there == [f"10 5 {port} kms1.hosts.corp.example."]

        somebody = host.status(home, environment={}, clock=clock).report["dns"]
        assert [row["published_at"] for row in somebody] == ["2026-11-24T09:00:00Z"] * 2
        clock.move(hours=23)
        await running.tend()
        assert host.status(home, environment={}, clock=clock).report["dns"] == somebody
        clock.move(hours=1)
        await running.tend()
        again = host.status(home, environment={}, clock=clock).report["dns"]
        assert [row["published_at"] for row in again] == ["2026-11-25T09:00:00Z"] * 2

        write_settings(home, dns)
        await host.retire(home, {}, clock=clock)
        assert await look(None, server.records, SRV, "SRV") == []
        assert await look(None, server.records, "kms1.hosts.corp.example.", "A") == []
        clock.move(hours=25)
        await running.tend()
        assert await look(None, server.records, SRV, "SRV") == []
        await running.stop()

    with embedded(tmp_path, World()) as server:
        asyncio.run(story(server))


def test_publishing_beside_a_host_that_serves_publishes_the_port_it_really_has(tmp_path: Path) -> None:
    home = tmp_path / "home"
    certified_home(home)

    async def story(server: Served) -> None:
        running = await host.RunningHost.start(home, listen=LOOPBACK, environment={}, clock=HandClock())
        try:
            write_settings(home, dns_settings(server))
            await host.publish(home, {}, clock=HandClock())
            there = await asyncio.to_thread(server.records, SRV, "SRV")
            assert there == [f"0 0 {port_of(running.address)} kms1.hosts.corp.example."]
        finally:
            await running.stop()

    with embedded(tmp_path, World()) as server:
        asyncio.run(story(server))


def write_settings(home: Path, dns: dict[str, Any]) -> None:
    lines = [f'{name} = "{value}"' for name, value in dns.items() if isinstance(value, str)]
    zones = ", ".join(f'{{ zone = "{row["zone"]}" }}' for row in dns["zones"])
    (home / "host.toml").write_text("\n".join(["[dns]", *lines, f"zones = [{zones}]"]))


def test_a_zone_that_refuses_leaves_the_other_published_and_is_told(tmp_path: Path) -> None:
    clock, home = HandClock(), tmp_path / "home"
    certified_home(home, clock=clock)
    with embedded(tmp_path, World(zones=("corp.example",))) as server:
        write_settings(home, dns_settings(server))
        results = {p.zone: p for p in asyncio.run(host.publish(home, {}, clock=clock))}
        assert results["corp.example"].error is None
        assert results["lab.example"].error == "DNS_UPDATE_REFUSED"
        rows = {r["zone"]: r for r in host.status(home, environment={}, clock=clock).report["dns"]}
        assert rows["corp.example"]["error"] is None
        assert "not authoritative" in rows["lab.example"]["error"]["message"]


def test_a_failed_zone_is_tried_again_after_five_minutes_with_the_key_put_right(tmp_path: Path) -> None:
    clock, home = HandClock(), tmp_path / "home"
    certified_home(home, clock=clock)

    async def story(server: Served) -> list[str]:
        dns = {**dns_settings(server, OTHER_SECRET), "zones": [{"zone": "corp.example"}]}
        key, right = Path(dns["tsig_key_file"]), server.key_file().read_text()
        running = await host.RunningHost.start(home, listen=LOOPBACK, dns=dns, environment={}, clock=clock)
        await running.tend()
        errors = [host.status(home, environment={}, clock=clock).report["dns"][0]["error"]["code"]]
        await asyncio.to_thread(key.write_text, right)
        await running.tend()
        errors.append(host.status(home, environment={}, clock=clock).report["dns"][0]["error"]["code"])
        clock.move(minutes=5)
        await running.tend()
        await running.stop()
        return errors

    with embedded(tmp_path, World()) as server:
        assert asyncio.run(story(server)) == ["DNS_UPDATE_REFUSED"] * 2
        assert len(server.records(SRV, "SRV")) == 1


def test_a_host_without_certificate_keeps_out_of_dns(tmp_path: Path) -> None:
    clock, home, vendor = HandClock(), tmp_path / "home", SmallVendor()
    host.set_up(home, vendor.product_file(), vendor.key().text, clock=clock)

    async def story(server: Served) -> None:
        running = await host.RunningHost.start(
            home, listen=LOOPBACK, dns=dns_settings(server), environment={}, clock=clock
        )
        await running.tend()
        await running.stop()

    with embedded(tmp_path, World()) as server:
        asyncio.run(story(server))
        assert server.records(SRV, "SRV") == []
