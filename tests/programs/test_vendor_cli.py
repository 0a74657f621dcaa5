"""``muster vendor`` on the command line: what scripts rely on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from muster.trust.bundle import open_bundle, refusal_of
from muster.trust.humanid import format_installation, parse_confirmation
from muster.trust.permanent import rebuild_certificate, verify_permanent
from muster.trust.product import Product, open_product
from muster.wire.bundle import RequestBundle, RequestRow, encode_request_bundle
from muster.wire.confirmation import decode_confirmation_file, encode_installation_file, unpack_confirmation
from tests.worlds.command_line import Done, muster
from tests.worlds.vendor_world import DEFINITION, PASSPHRASE, Acme, hardware, host, key_from, machine, packed, subject

SECONDS = 60.0
_COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "vendor"]
_KEY = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}\n")


def run(home: Path, *arguments: str, entered: str = "", passphrase: str | None = PASSPHRASE) -> Done:
    """One command, to its end."""
    environment = {"MUSTER_HOME": str(home)} | ({"MUSTER_PASSPHRASE": passphrase} if passphrase is not None else {})
    return muster("vendor", *arguments, environment=environment, typed=entered)


def told(done: Done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done: Done, code: str, exit_code: int) -> None:
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert done.stderr.startswith("muster: error: ")
    assert f"[{code}, " in done.stderr
    assert "muster: hint: " in done.stderr
    assert "Traceback" not in done.stderr


def shown(home: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(run(home, *arguments, "--json")))
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Acme Software with its customer, and its product file."""
    home = tmp_path_factory.mktemp("acme") / "home"
    Acme(home).close()
    told(run(home, "product", "export", "--out", str(home / "acme.muster")))
    return home


def product(home: Path) -> Product:
    return open_product((home / "acme.muster").read_text())


def issued(home: Path, kind: str, scope: str, *terms: str) -> str:
    order = ("--kind", kind, "--scope", scope, "--organisation", "Example Bank")
    return told(run(home, "key", "issue", *order, *terms))


def test_init_prints_the_fingerprint_as_the_only_word(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "init", "--name", "Acme Software", "--roots", "3", "--threshold", "2")
    assert re.fullmatch(r"[0-9a-f]{64}\n", told(done))
    assert len(list((tmp_path / "home" / "roots").iterdir())) == 3
    told(run(tmp_path / "home", "product", "import", str(tmp_path / "home" / "product.toml")))
    told(run(tmp_path / "home", "organisation", "add", "Example Bank"))
    assert shown(tmp_path / "home", "show")["vendor_fingerprint"] == done.stdout.strip()


def test_a_host_is_certified_by_digits_written_in_any_way(home: Path) -> None:
    text = issued(home, "host", "acme-cad", "--level", "20")
    assert _KEY.fullmatch(text)
    key = key_from(text)
    digits = format_installation(host(key, 1))
    done = run(home, "confirm", digits)
    assert re.fullmatch(r"(?:\d{7}-)+\d{7}\n", told(done))
    packed_id = parse_confirmation(done.stdout)
    _, claims = rebuild_certificate(unpack_confirmation(packed_id), subject(1), key.scope, product(home).keysets)
    assert claims.level == 20
    spaced, plain = digits.replace("-", " "), digits.replace("-", "")
    for arguments, entered in (((spaced,), ""), ((plain,), ""), (tuple(spaced.split()), ""), (("-",), digits + "\n")):
        assert told(run(home, "confirm", *arguments, entered=entered)) == done.stdout


def test_a_machine_is_confirmed_by_file(home: Path, tmp_path: Path) -> None:
    key = key_from(issued(home, "mak", "acme-cad-pro", "--activations", "1", "--days", "30"))
    installation = packed(machine(key, hardware(1)))
    (tmp_path / "in").write_text(encode_installation_file(installation))
    done = run(home, "confirm-file", str(tmp_path / "in"), "--out", str(tmp_path / "out"))
    assert told(done) == ""
    carried, confirmation = decode_confirmation_file((tmp_path / "out").read_text())
    assert carried == installation
    assert verify_permanent(installation, unpack_confirmation(confirmation), product(home).keysets).end_day
    refused(run(home, "confirm", format_installation(machine(key, hardware(2)))), "KEY_EXHAUSTED", 1)
    told(run(home, "key", "extend", key.partial, "--activations", "1", "--reason", "one more desk"))
    told(run(home, "confirm", format_installation(machine(key, hardware(2)))))


def test_a_replacement_takes_the_place_of_a_host_that_is_gone(home: Path) -> None:
    key = key_from(issued(home, "host", "acme-cad"))
    old = shown(home, "confirm", format_installation(host(key, 1)))
    new = shown(home, "confirm", format_installation(host(key, 2)), "--replaces", str(old["serial"]))
    assert (old["cost"], new["cost"]) == ("host", "reactivation")
    certificates = shown(home, "key", "show", key.partial)["certificates"]
    assert [c["replaced_by"] for c in certificates] == [new["serial"], None]


def test_keys_are_listed_without_themselves_and_can_be_blocked_and_replaced(home: Path) -> None:
    text = issued(home, "mak", "acme-cad-server", "--activations", "7", "--seats", "5")
    key = key_from(text)
    row = next(k for k in shown(home, "key", "list")["keys"] if k["partial_key"] == key.partial)
    assert (row["kind"], row["scope"], row["activations"], row["seats"]) == ("mak", "acme-cad-server", 7, 5)
    assert text.strip() not in told(run(home, "key", "list"))
    told(run(home, "key", "block", key.partial))
    digits = format_installation(machine(key, hardware(1), edition=1002))
    refused(run(home, "confirm", digits), "KEY_BLOCKED", 1)
    told(run(home, "key", "unblock", str(row["id"])))
    told(run(home, "confirm", digits))
    fresh = told(run(home, "key", "replace", key.formatted))
    assert _KEY.fullmatch(fresh)
    assert shown(home, "key", "show", key_from(fresh).partial)["activations"] == 6
    refused(run(home, "confirm", digits), "KEY_BLOCKED", 1)


def test_a_blocked_organisation_gets_nothing_new(home: Path) -> None:
    told(run(home, "organisation", "add", "Late Payer"))
    order = ("--kind", "host", "--scope", "acme-cad", "--organisation", "Late Payer")
    key = key_from(told(run(home, "key", "issue", *order)))
    told(run(home, "organisation", "block", "Late Payer"))
    rows = shown(home, "organisation", "list")["organisations"]
    assert {row["name"]: row["blocked"] for row in rows} == {"Example Bank": False, "Late Payer": True}
    refused(run(home, "confirm", format_installation(host(key, 1))), "ORGANISATION_BLOCKED", 1)
    told(run(home, "organisation", "unblock", "Late Payer"))
    told(run(home, "confirm", format_installation(host(key, 1))))


def test_an_unknown_organisation_is_an_error_that_names_the_nearest(home: Path) -> None:
    done = run(home, "key", "issue", "--kind", "host", "--scope", "acme-cad", "--organisation", "Exampel Bank")
    refused(done, "ORGANISATION_UNKNOWN", 2)
    assert "Example Bank" in done.stderr


def test_a_mistake_in_a_definition_names_file_line_and_key(home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(DEFINITION.replace("level = 10", "level = 300"))
    done = run(home, "product", "import", str(wrong))
    refused(done, "SETTINGS_INVALID", 2)
    line = DEFINITION.splitlines().index("level = 10") + 1
    assert f"wrong.toml:{line}: edition[0].level" in done.stderr


def test_a_typing_slip_in_an_id_names_the_group(home: Path) -> None:
    digits = list(format_installation(host(key_from(issued(home, "host", "acme-cad")), 1)))
    digits[0] = str((int(digits[0]) + 1) % 10)
    done = run(home, "confirm", "".join(digits))
    refused(done, "INSTALLATION_ID_MALFORMED", 1)
    assert "group 1 " in done.stderr


def test_a_failure_with_json_is_one_object_on_stdout(home: Path) -> None:
    done = run(home, "key", "show", "ZZZZZ", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "NOT_FOUND"


def test_passphrases_come_from_a_descriptor_before_the_environment_and_never_from_nowhere(home: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE.encode() + b"\n")
    os.close(writing)
    order = ["key", "issue", "--kind", "mak", "--scope", "acme-cad-pro", "--organisation", "Example Bank"]
    try:
        done = subprocess.run(
            [*_COMMAND, *order, "--passphrase-fd", str(reading)],
            env={**os.environ, "MUSTER_HOME": str(home), "MUSTER_PASSPHRASE": "not this one"},
            pass_fds=[reading],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(reading)
    assert _KEY.fullmatch(told(done))
    refused(run(home, *order, passphrase="not this one"), "PASSPHRASE_WRONG", 2)
    refused(run(home, *order, passphrase=None), "PASSPHRASE_WRONG", 2)


def test_keysets_rotate_in_one_step_and_by_way_of_files(tmp_path: Path) -> None:
    home, safe = tmp_path / "home", tmp_path / "safe"
    Acme(home).close()
    told(run(home, "keyset", "rotate", "--purpose", "host"))
    told(run(home, "keyset", "retire", "2"))
    told(run(home, "keyset", "revoke", "3"))
    state = shown(home, "keyset", "show")
    assert state["version"] == 4
    hosts = [key["status"] for key in state["issuing"] if key["purpose"] == "host"]
    assert hosts == ["retired", "retired", "revoked", "active", "active", "active"]
    (home / "roots").rename(safe)
    refused(run(home, "keyset", "rotate"), "NOT_FOUND", 2)
    proposal, signatures = str(tmp_path / "proposal"), str(tmp_path / "signatures")
    told(run(home, "keyset", "propose", "--rotate", "all", "--out", proposal))
    told(run(tmp_path, "keyset", "sign", proposal, "--root", str(safe / "root-1.box"), "--out", signatures))
    told(run(home, "keyset", "publish", proposal, signatures))
    assert shown(home, "keyset", "show")["version"] == 5


def test_a_certificate_is_withdrawn_by_its_serial(home: Path) -> None:
    key = key_from(issued(home, "host", "acme-cad"))
    serial = shown(home, "confirm", format_installation(host(key, 9)))["serial"]
    told(run(home, "keyset", "withdraw", str(serial)))
    assert serial in shown(home, "keyset", "show")["withdrawn"]
    assert shown(home, "key", "show", key.partial)["certificates"][0]["withdrawn"]
    assert "withdrawn" in told(run(home, "key", "show", key.partial))
    refused(run(home, "keyset", "withdraw", "4000000"), "NOT_FOUND", 1)


def test_bad_input_is_refused_with_a_hint(home: Path, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe" * 10)
    (tmp_path / "text").write_text("no installation id")
    refused(run(tmp_path / "empty", "product", "export", "--out", "x"), "NOT_SET_UP", 2)
    refused(run(home, "init", "--name", "Other Software"), "ALREADY_SET_UP", 2)
    refused(run(home, "product", "import", str(tmp_path / "none.toml")), "NOT_FOUND", 2)
    refused(run(home, "product", "import", str(tmp_path / "binary")), "USAGE", 2)
    refused(run(home, "product", "export", "--out", str(tmp_path / "no" / "where")), "USAGE", 2)
    done = run(home, "confirm-file", str(tmp_path / "text"), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("in the way")
    done = run(tmp_path / "file" / "home", "init", "--name", "Acme Software")
    assert done.returncode != 0
    assert "muster: error: " in done.stderr
    assert "INTERNAL" not in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_report_is_refused_with_its_file(home: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.report"
    garbage.write_bytes(b"no report at all")
    done = run(home, "report", "verify", str(garbage))
    refused(done, "MESSAGE_MALFORMED", 1)
    assert str(garbage) in done.stderr
    refused(run(home, "report", "verify", str(tmp_path / "none")), "NOT_FOUND", 2)


def test_a_request_bundle_is_confirmed_row_by_row(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "home")
    keysets, key = acme.vendor.keysets(), acme.mak(activations=1)
    ids = [packed(machine(key, hardware(number))) for number in (1, 2)]
    rows = tuple(RequestRow(installation, f"pc{number}") for number, installation in enumerate(ids, 1))
    (tmp_path / "in").write_text(encode_request_bundle(RequestBundle(keysets.vendor_id, bytes(16), 1, rows)))
    done = run(tmp_path / "home", "confirm-file", str(tmp_path / "in"), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 of 2 confirmed\n"
    assert "row 2 pc2" in done.stderr
    assert "[KEY_EXHAUSTED]" in done.stderr
    opened = open_bundle((tmp_path / "out").read_text(), keysets)
    assert [refusal_of(row, ids, keysets) is None for row in opened.rows] == [True, False]


def test_many_keys_go_into_a_table_and_are_not_printed(tmp_path: Path) -> None:
    Acme(tmp_path / "home").close()
    terms = ["key", "issue", "--kind", "mak", "--scope", "acme-cad-pro", "--organisation", "Example Bank"]
    table = tmp_path / "keys.csv"
    refused(run(tmp_path / "home", *terms, "--count", "3"), "USAGE", 2)
    assert told(run(tmp_path / "home", *terms, "--count", "3", "--csv", str(table))) == f"3 keys are in {table}\n"
    keys = [line.partition(",")[0] for line in table.read_text().splitlines()[1:]]
    assert len(set(keys)) == 3
    assert all(_KEY.fullmatch(key + "\n") for key in keys)
