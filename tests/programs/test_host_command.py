"""``muster host`` on the command line, from nothing to a host that counts."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import signal
from pathlib import Path

import pytest

from muster.trust.chain import verify_answer
from muster.trust.productkey import KeyKind
from muster.trust.report import verify_report
from muster.wire.activation import ReplyClaims
from muster.wire.armour import ACTIVATION_REPLY, ACTIVATION_REQUEST, armour, dearmour
from muster.wire.report import decode_report_file
from tests.programs.host_process import run_host, serving, status_of
from tests.worlds.false_time import at_time
from tests.worlds.host_world import CLIENT_EDITION, SERVER_EDITION, SmallVendor, ask, certified_home, request
from tests.worlds.service_manager import service_manager
from tests.worlds.vendor_keys import CAD, VendorKeys

VENDOR = SmallVendor()


def product_file(folder: Path) -> str:
    path = folder / "acme.muster"
    path.write_bytes(VENDOR.product_file())
    return str(path)


def set_up(folder: Path) -> Path:
    home = folder / "home"
    assert run_host(home, "init", "--product", product_file(folder)).returncode == 0
    assert run_host(home, "install-key", "-", entered=VENDOR.key().formatted).returncode == 0
    digits = run_host(home, "installation-id").stdout.strip()
    assert run_host(home, "confirm", VENDOR.confirm(digits)).returncode == 0
    return home


def test_from_a_product_file_to_a_host_that_counts(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    with serving(home) as host:
        assert [asyncio.run(ask(host.address, VENDOR, n)) for n in (1, 2, 2, 3)] == [1, 2, 2, 3]
        told = status_of(home)
    assert told["certificates"][0]["scope"] == "acme-cad"
    assert told["certificates"][0]["vendor"] == "Acme Software"
    assert told["groups"] == [{"vendor": "Acme Software", "group": "acme-cad", "count": 3, "cache_size": 50}]
    assert told["machines_30d"] == 3
    assert told["requests"] == {"total": 4, "refused": 0, "by_state": {"INITIAL_GRACE": 4}}


def test_a_service_manager_hears_that_it_is_ready_alive_reloading_and_stopping(tmp_path: Path) -> None:
    home = tmp_path / "home"
    certified_home(home)
    with service_manager(tmp_path) as manager, serving(home, environment=manager.environment) as host:
        assert manager.hear("READY=1") == ["READY=1"]
        manager.hear("WATCHDOG=1", times=2)
        host.process.send_signal(signal.SIGHUP)
        assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", manager.hear("RELOADING=1")[-1])
        manager.hear("READY=1")
        assert host.stop() == 0
        manager.hear("STOPPING=1")


def test_the_count_is_what_it_was_after_sigkill_and_after_sigterm(tmp_path: Path) -> None:
    home, told = set_up(tmp_path), []
    for machine, number in ((1, signal.SIGKILL), (2, signal.SIGKILL), (3, signal.SIGTERM), (4, signal.SIGTERM)):
        with serving(home) as host:
            told.append(asyncio.run(ask(host.address, VENDOR, machine)))
            assert host.stop(number) == (0 if number is signal.SIGTERM else -number)
    assert told == [1, 2, 3, 4]


@pytest.mark.parts
def test_thirty_one_days_later_the_count_is_none(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    with serving(home) as host:
        asyncio.run(ask(host.address, VENDOR, 1))
    with serving(home, before=at_time("+31 days")) as host:
        assert asyncio.run(ask(host.address, VENDOR, 2)) == 1


def test_a_confirmation_is_noticed_by_a_host_that_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    entered = VENDOR.key().formatted
    done = run_host(home, "setup", "--product", product_file(tmp_path), "--key", "-", entered=entered)
    assert done.returncode == 0
    assert "muster host confirm" in done.stdout
    digits = run_host(home, "installation-id", "--json")
    with serving(home) as host:
        confirmation = tmp_path / "confirmation.txt"
        confirmation.write_text(VENDOR.confirmation_file(json.loads(digits.stdout)["installation_id"]))
        assert run_host(home, "confirm", "--file", str(confirmation)).returncode == 0
        assert asyncio.run(ask(host.address, VENDOR, 1)) == 1


def test_what_is_left_to_do_begins_with_asking_the_service_that_the_product_file_names(tmp_path: Path) -> None:
    acme, file = VendorKeys(), tmp_path / "acme.muster"
    file.write_text(acme.product_file())
    entered = acme.key(KeyKind.HOST, CAD.id).formatted
    done = run_host(tmp_path / "home", "setup", "--product", str(file), "--key", "-", entered=entered)
    assert re.search(r"^  muster host activate +asks https://licensing\.acme\.example$", done.stdout, re.MULTILINE)
    assert "or muster host confirm CONFIRMATION-ID" in done.stdout


def test_a_key_for_machines_is_refused_and_a_key_in_the_arguments_draws_a_warning(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run_host(home, "init", "--product", product_file(tmp_path))
    done = run_host(home, "install-key", VENDOR.key(KeyKind.MAK, 1001).formatted)
    assert done.returncode == 1
    assert "KEY_WRONG_KIND" in done.stderr
    assert "warning" in done.stderr
    typo = VENDOR.key().formatted.replace("1", "2", 1)
    assert "KEY_MALFORMED" in run_host(home, "install-key", "-", entered=typo).stderr


def test_what_is_not_there_yet_says_how_to_go_on(tmp_path: Path) -> None:
    for arguments in (["status"], ["serve"], ["install-key", "-"], ["publish", "--dry-run"]):
        done = run_host(tmp_path, *arguments, entered=VENDOR.key().formatted)
        assert done.returncode == 2
        assert "NOT_SET_UP" in done.stderr
        assert "muster host init" in done.stderr
    done = run_host(tmp_path, "status", "--json")
    assert json.loads(done.stdout)["error"]["code"] == "NOT_SET_UP"


def test_a_damaged_product_file_and_a_home_that_cannot_be_written_change_nothing(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.muster"
    damaged.write_bytes(VENDOR.product_file()[:-200])
    done = run_host(tmp_path / "home", "init", "--product", str(damaged))
    assert done.returncode == 1
    assert "PRODUCT_MALFORMED" in done.stderr
    assert not (tmp_path / "home").exists()
    done = run_host(damaged / "home", "init", "--product", product_file(tmp_path))
    assert done.returncode == 2
    assert "HOME_NOT_WRITABLE" in done.stderr


def test_commands_beside_a_host_that_serves_know_where_it_really_listens(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    (home / "host.toml").write_text(
        '[dns]\ntarget = "kms1.corp.example"\naddresses = ["192.0.2.7"]\nzones = [{ zone = "corp.example" }]\n'
    )
    with serving(home) as host:
        port = int(host.address.rpartition(":")[2])
        assert status_of(home)["listen"] == [host.address]
        zones = json.loads(run_host(home, "publish", "--dry-run", "--json").stdout)["zones"]
        assert zones[0]["services"][0]["port"] == port
        host.stop(signal.SIGKILL)
        assert status_of(home)["listen"] == ["0.0.0.0:1688"]
        zones = json.loads(run_host(home, "publish", "--dry-run", "--json").stdout)["zones"]
        assert zones[0]["services"][0]["port"] == 1688


def carried(folder: Path, machine: int) -> str:
    path = folder / f"request-{machine}.txt"
    path.write_text(armour(ACTIVATION_REQUEST, request(VENDOR, machine)))
    return str(path)


def told(reply: Path, machine: int) -> int:
    claims = verify_answer(
        request(VENDOR, machine), dearmour(reply.read_text(), ACTIVATION_REPLY), VENDOR.trusted
    ).claims
    assert isinstance(claims, ReplyClaims)
    return claims.count


def test_requests_in_files_are_counted_whether_the_host_serves_or_not(tmp_path: Path) -> None:
    home, reply = set_up(tmp_path), tmp_path / "reply.txt"
    done = run_host(home, "answer", carried(tmp_path, 1), "--out", str(reply))
    assert done.stdout == "counted: 1\n"
    assert told(reply, 1) == 1
    with serving(home) as host:
        assert run_host(home, "answer", carried(tmp_path, 2), "--out", str(reply)).returncode == 0
        assert told(reply, 2) == 2
        assert asyncio.run(ask(host.address, VENDOR, 3)) == 3
        host.stop(signal.SIGKILL)
    assert run_host(home, "answer", carried(tmp_path, 1), "--out", str(reply)).returncode == 0
    assert told(reply, 1) == 3
    assert status_of(home)["machines_30d"] == 3
    assert status_of(home)["requests"]["total"] == 4


def test_files_that_are_no_requests_and_hosts_that_may_not_sign_write_nothing(tmp_path: Path) -> None:
    home, reply = tmp_path / "home", tmp_path / "reply.txt"
    run_host(home, "init", "--product", product_file(tmp_path))
    done = run_host(home, "answer", carried(tmp_path, 1), "--out", str(reply))
    assert done.returncode == 1
    assert "HOST_NOT_ACTIVATED" in done.stderr
    done = run_host(home, "answer", product_file(tmp_path), "--out", str(reply))
    assert done.returncode == 1
    assert "MESSAGE_MALFORMED" in done.stderr
    assert not reply.exists()


def test_a_lost_host_is_made_again_from_its_backup(tmp_path: Path) -> None:
    home, other, kept = set_up(tmp_path), tmp_path / "other", tmp_path / "kept.txt"
    certificate = status_of(home)["certificates"]
    assert run_host(home, "backup", str(kept)).returncode == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    assert run_host(other, "restore", str(kept)).returncode == 0
    assert status_of(other)["certificates"] == certificate
    with serving(other) as host:
        assert asyncio.run(ask(host.address, VENDOR, 1)) == 1


def test_a_backup_is_taken_whole_and_over_nothing_that_is_there(tmp_path: Path) -> None:
    home, other, kept = set_up(tmp_path), tmp_path / "other", tmp_path / "kept.txt"
    run_host(home, "backup", str(kept))
    done = run_host(home, "restore", str(kept))
    assert done.returncode == 2
    assert "ALREADY_SET_UP" in done.stderr
    assert run_host(home, "restore", str(kept), "--force").returncode == 0
    lines = kept.read_text().splitlines()
    lines[2] = lines[2][:-8] + ("AAAAAAAA" if not lines[2].endswith("AAAAAAAA") else "BBBBBBBB")
    kept.write_text("\n".join(lines))
    done = run_host(other, "restore", str(kept))
    assert done.returncode == 1
    assert "STATE_CORRUPT" in done.stderr
    assert not other.exists()
    assert "NO_KEY" in run_host(other, "backup", str(kept)).stderr


def test_a_report_of_a_host_that_counted_is_a_file_for_the_vendor(tmp_path: Path) -> None:
    home, out = set_up(tmp_path), tmp_path / "acme.report"
    with serving(home) as host:
        asyncio.run(ask(host.address, VENDOR, 1))
        assert "reported 1 machine and editions" in run_host(home, "report", "--out", str(out)).stdout
    (signed,) = decode_report_file(out.read_bytes())
    assert len(verify_report(signed, VENDOR.trusted).machines) == 1


def test_two_hosts_on_one_home_are_refused(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    with serving(home):
        done = run_host(home, "serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 2
    assert "HOME_IN_USE" in done.stderr


def test_a_wrong_setting_is_told_with_file_and_line(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    (home / "host.toml").write_text('renewal = "7d"\nretri = "2h"\n')
    done = run_host(home, "serve")
    assert done.returncode == 2
    assert f"{home / 'host.toml'}:2" in done.stderr
    assert "retry" in done.stderr


def test_a_damaged_database_is_told_and_counted_anew_on_demand(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    with serving(home) as host:
        asyncio.run(ask(host.address, VENDOR, 1))
        host.stop()
    (home / "counts.db").write_bytes(b"no database " * 1000)
    done = run_host(home, "serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert "STATE_CORRUPT" in done.stderr
    assert "--recount" in done.stderr
    with serving(home, "--recount") as host:
        assert asyncio.run(ask(host.address, VENDOR, 2)) == 1


def test_a_dry_run_prints_lines_for_zone_files_nsupdate_and_powershell(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    (home / "host.toml").write_text(
        '[dns]\ntarget = "kms1.corp.example"\naddresses = ["192.0.2.7"]\nzones = [{ zone = "corp.example" }]\n'
    )
    done = run_host(home, "publish", "--dry-run")
    assert "_muster._tcp.corp.example. 3600 IN SRV 0 0 1688 kms1.corp.example." in done.stdout
    assert "update add kms1.corp.example. 3600 A 192.0.2.7" in done.stdout
    assert "Add-DnsServerResourceRecord -Srv" in done.stdout
    rows = json.loads(run_host(home, "publish", "--dry-run", "--json").stdout)["zones"]
    assert rows[0]["services"][0]["port"] == 1688


def test_what_a_host_saw_is_listed_for_people_scripts_and_spreadsheets(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    with serving(home) as host:
        for machine, edition in ((1, CLIENT_EDITION), (1, SERVER_EDITION), (2, SERVER_EDITION)):
            asyncio.run(ask(host.address, VENDOR, machine, edition))
        host.stop()
    rows = json.loads(run_host(home, "machines", "--json").stdout)["machines"]
    assert sorted((r["client_id"][-1], r["edition"]) for r in rows) == [
        ("1", "acme-cad-pro"),
        ("1", "acme-cad-server"),
        ("2", "acme-cad-server"),
    ]
    assert {r["state"] for r in rows} == {"INITIAL_GRACE"}
    assert {r["address"] for r in rows} == {"127.0.0.1"}
    table = list(csv.DictReader(io.StringIO(run_host(home, "machines", "--csv", "--edition", "acme-cad-pro").stdout)))
    assert [(r["client_id"], r["hardware_sets"]) for r in table] == [(f"{1:032x}", "1")]
    assert json.loads(run_host(home, "machines", "--json", "--silent", "1d").stdout) == {"machines": []}
    assert "3 in all" in run_host(home, "machines").stderr
    assert "2 in all" in run_host(home, "machines", "--edition", "acme-cad-server").stderr
    counted = json.loads(run_host(home, "log", "--json", "--event", "request.counted").stdout)["events"]
    assert [e["count"] for e in counted] == [1, 1, 2]
    assert {"started", "stopping"} <= {e["event"] for e in json.loads(run_host(home, "log", "--json").stdout)["events"]}
    assert "request.counted" in run_host(home, "log", "--last", "2", "--client", f"{2:032x}").stdout
