"""The settings files of the four programs: complete examples, and mistakes told all at once with file, line, key and remedy."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from muster.base.config import described, load
from muster.cli import run
from muster.platform.settings_file import SettingsFile
from tools.settings_files import FILES, ROOT_FILES

PROGRAMS = {file.program: file for file in FILES}
KEY = 'key "update-key" { algorithm hmac-sha256; secret "c2VjcmV0IG9mIHRoZSB6b25l"; };\n'


def keys(settings: Any, at: str = "") -> Iterator[str]:
    """Every key that the reader knows, with its table."""
    for name, hint in typing.get_type_hints(settings).items():
        if dataclasses.is_dataclass(hint):
            yield from keys(hint, f"{at}{name}.")
        else:
            yield f"{at}{name}"


def flat(tables: dict[str, Any], at: str = "") -> Iterator[str]:
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from flat(value, f"{at}{name}.")
        else:
            yield f"{at}{name}"


@pytest.mark.parametrize("file", FILES, ids=list(PROGRAMS))
def test_the_example_shows_every_setting_with_its_meaning_and_is_the_defaults(
    file: SettingsFile[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([file.program, "config", "example"]) == 0
    printed = capsys.readouterr().out
    assert printed == file.example() == (ROOT_FILES / file.name).read_text()
    path = tmp_path / file.name
    path.write_text(printed)
    assert load(file.settings, path) == file.settings()
    path.write_text(re.sub(r"(?m)^#(?=\S)", "", printed))
    assert list(flat(tomllib.loads(path.read_text()))) == [setting.key for setting in described(file.settings)]
    assert sorted(flat(tomllib.loads(path.read_text()))) == sorted(keys(file.settings))
    assert load(file.settings, path) == file.settings()
    assert [s.key for s in described(file.settings) for part in (s, *s.inside) if not part.meaning] == []


@pytest.mark.parametrize("file", FILES, ids=list(PROGRAMS))
def test_what_the_example_gives_as_examples_is_taken(file: SettingsFile[Any], tmp_path: Path) -> None:
    path = tmp_path / file.name
    path.write_text(re.sub(r"(?m)^# For example: ", "", file.example()))
    assert load(file.settings, path) != file.settings()


DOMAIN = '[directory]\ndomain = "corp.example"\n'
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
MISTAKES: list[tuple[str, str | bytes, int, str, str, str]] = [
    # program, file, line, key, what is wrong, remedy
    ("host", 'listen = ["0.0.0.0:1688"]\nretri = "2h"', 2, "retri", "no such setting", "'retry'"),
    ("host", 'colour = "red"', 1, "colour", "no such setting", "known here: listen, store"),
    ("host", 'renewal = "7"', 1, "renewal", "not a duration", '"7d"'),
    ("host", "renewal = 7", 1, "renewal", "not a duration", '"7d"'),
    ("host", 'renewal = "1 week"', 1, "renewal", "not a duration", '"7d"'),
    ("host", '\nretry = "5min"', 2, "retry", "outside 15min", '"2h"'),
    ("host", 'renewal = "99999999d"', 1, "renewal", "hundred years", '"7d"'),
    ("host", 'listen = ["kms1.corp.example:1688"]', 1, "listen[0]", "numeric address", "0.0.0.0:1688"),
    ("host", 'listen = ["0.0.0.0:99", "127.0.0.1:99"]', 1, "listen[1]", "cannot both", "keep the one"),
    ("host", 'listen = ["0.0.0.0:1688", "[::1]:99999"]', 1, "listen[1]", "no port", "0.0.0.0:1688"),
    ("host", 'listen = "0.0.0.0:1688"', 1, "listen", "is a list", "listen = [ … ]"),
    ("host", 'listen = ["0.0.0.0:99", "0.0.0.0:99"]', 1, "listen[1]", "twice", "keep one"),
    ("host", "listen = []", 1, "listen", "0 addresses", "1 to 16"),
    ("host", 'allow = ["198.51.100.7/24"]', 1, "allow[0]", "longer than its prefix", "198.51.100.0/24"),
    ("host", 'allow = ["all"]', 1, "allow[0]", "not a prefix", "198.51.100.0/24"),
    ("host", 'store = "mysql://root:geheim@db"', 1, "store", "PostgreSQL", "postgresql://USER@SERVER"),
    ("host", 'store = "postgresql://db:port/x"', 1, "store", "no port", "postgresql://USER@SERVER:5432"),
    ("host", 'metrics = "0.0.0.0:1688"', 1, "metrics", "machines are answered", "another port"),
    ("host", 'metrics = "127.0.0.1:1688"', 1, "metrics", "machines are answered", "another port"),
    ("host", 'metrics = "kms1.corp.example"', 1, "metrics", "numeric address", "127.0.0.1:9688"),
    ("host", "dns = true", 1, "dns", "is a table", "write [dns]"),
    ("host", "[DNS]\npublish = true", 1, "DNS", "no such setting", "known here"),
    ("host", '[dns]\npublish = "yes"', 2, "dns.publish", "'yes' is not true or false", "without quotes"),
    ("host", '[dns]\nserver = "ns1.corp.example"', 2, "dns.server", "numeric address", "192.0.2.53:53"),
    ("host", '[dns]\nserver = "ns1.corp.example:53"', 2, "dns.server", "numeric address", "192.0.2.53:53"),
    ("host", '[dns]\nserver = "192.0.2.53:0"', 2, "dns.server", "nowhere to send", "192.0.2.53:53"),
    ("host", '[dns]\ntarget = "192.0.2.7"', 2, "dns.target", "not a name", "corp.example"),
    ("host", '[dns]\ntarget = "kms1"', 2, "dns.target", "no domain", "kms1.corp.example"),
    ("host", '[dns]\naddresses = ["0.0.0.0"]', 2, "dns.addresses[0]", "no address of one", "192.0.2.7"),
    ("host", '[dns]\naddresses = ["192.0.2.7", "192.0.2.7"]', 2, "dns.addresses[1]", "twice", "keep one"),
    ("host", '[dns]\nzones = [{ zone = "192.0.2.0" }]', 2, "dns.zones[0].zone", "not a name", "corp.example"),
    ("host", '[dns]\nprincipal = "kms1$@CORP.EXAMPLE"', 2, "dns.principal", "without gss", "gss = true"),
    ("host", '[dns]\naddresses = ["10.0.0.300"]', 2, "dns.addresses[0]", "numeric address", "192.0.2.7"),
    ("host", '[[dns.zones]]\nzone = "a.b"\n[[dns.zones]]\nzone = "A.B."', 3, "dns.zones[1]", "twice", "keep one"),
    ("host", "[[dns.zones]]\npriority = 1", 1, "dns.zones[0].zone", "is missing", "write zone = …"),
    ("host", '[[dns.zones]]\nzone = "a.b"\nweight = 70000', 3, "dns.zones[0].weight", "outside", "0 to 65535"),
    ("host", '[dns]\ntsig_key_file = "none.key"', 2, "dns.tsig_key_file", "there is no file", "tsig-keygen"),
    ("host", '[dns]\ntsig_key_file = "garbled.key"', 2, "dns.tsig_key_file", "holds no key", "tsig-keygen"),
    ("host", '[dns]\ntsig_key_file = "open.key"', 2, "dns.tsig_key_file", "every account", "chmod o="),
    ("host", '[dns]\ntsig_key_file = "."', 2, "dns.tsig_key_file", "is a folder", "name the file"),
    ("host", '[dns]\ntsig_key_file = "empty.key"', 2, "dns.tsig_key_file", "is empty", "tsig-keygen"),
    ("host", '[dns]\ngss = true\nkeytab = "garbled.key"', 3, "dns.keytab", "is no keytab", "klist"),
    ("host", '[dns]\ntsig_key_file = "good.key"\ngss = true', 3, "dns.gss", "exclude each other", "keep one"),
    ("host", 'renewal = "7d"\nretry = ', 2, "retry", "invalid value", "a value behind the ="),
    ("host", 'renewal = "7d', 1, "renewal", "not TOML", "close what is open"),
    ("host", 'listen = [\n  "0.0.0.0:1688",\n', 2, "", "not TOML", "close what is open"),
    ("host", "store = sqlite", 1, "store", "invalid value", 'in quotes: "sqlite"'),
    ("host", "store: sqlite", 1, "store", "expected '='", "instead of a colon"),
    ("host", "store = “sqlite”", 1, "store", "not TOML", "plain quotes"),
    ("host", 'retry = "2h"\nretry = "3h"', 2, "retry", "not TOML", "keep one of both"),
    ("host", "[dns]\npublish = true\n[dns]\ngss = true", 3, "dns", "not TOML", "write both in one"),
    ("host", f'{BOM}retry = "2h"', 1, "", "byte order mark", "UTF-8 without BOM"),
    ("host", 'retry = "2h"'.encode("utf-16"), 1, "", "UTF-16", "save it as UTF-8"),
    ("host", b'store = "sqlite"\n# f\xfcr alle\nretry = "2h"', 2, "", "no UTF-8", "save it as UTF-8"),
    ("client", 'hosts = "kms1.corp.example"', 1, "hosts", "is a list", "hosts = [ … ]"),
    ("client", 'hosts = ["kms1.corp.example", "kms2:0"]', 1, "hosts[1]", "no valid port", "HOST:PORT"),
    ("client", 'zones = ["corp example"]', 1, "zones[0]", "not a host name or zone", "kms1.corp.example"),
    ("client", 'hosts = ["https://kms1"]', 1, "hosts[0]", "more than a host", "HOST:PORT"),
    ("client", 'dns = "ns 1"', 1, "dns", "no name server", "192.0.2.53:53"),
    ("client", 'dns = "ns.corp.example"', 1, "dns", "not a numeric address", "192.0.2.53"),
    ("client", 'dns = "192.0.2.53:0"', 1, "dns", "no name server", "192.0.2.53:53"),
    ("client", 'type = "kms"', 1, "type", "no way to activate", "any, directory, host, mak"),
    ("client", "caching = 1", 1, "caching", "1 is not true or false", "without quotes"),
    ("client", 'organisation = "7"', 1, "organisation", "'7' is not a whole number", "without quotes"),
    ("client", "organisation = -7", 1, "organisation", "-7 is no organisation", "status"),
    ("client", "organisation = 4294967296", 1, "organisation", "4294967296 is no organisation", "status"),
    ("client", 'zones = ["corp.example", "192.0.2.7"]', 1, "zones[1]", "an address, not a zone", "corp.example"),
    ("client", 'administrators = "wheel, admin"', 1, "administrators", "no group", "the name of one group"),
    ("client", 'administrators = "no-such-group"', 1, "administrators", "no group", "groupadd"),
    ("client", 'service = "http://acme.example"', 1, "service", "without TLS", "https://"),
    ("client", '[directory]\nservers = ["dc1"]', 2, "directory.servers[0]", "no directory server", "ldap://NAME"),
    ("client", '[directory]\nuser = "cn=x"', 2, "directory.user", "belong together", "set password_file"),
    ("client", '[directory]\nca = "C:\\corp.pem"', 2, "ca", "not TOML", "single quotes"),
    ("client", f'{DOMAIN}ca = "none.pem"', 3, "directory.ca", "there is no file", "certificate"),
    ("client", f'{DOMAIN}ca = "garbled.key"', 3, "directory.ca", "no certificate in PEM", "openssl x509"),
    ("client", f'{DOMAIN}base = "corp.example"', 3, "directory.base", "no distinguished name", "dc=corp,dc=example"),
    ("client", f'{DOMAIN}principal = "a b"', 3, "directory.principal", "no account of Kerberos", "PC1$@"),
    ("client", '[directory]\nbase = "dc=corp"', 2, "directory.base", "counts only where a domain", "write domain"),
    ("client", '[directory]\ndomain = "dc=corp,dc=example"', 2, "directory.domain", "no domain", "corp.example"),
    ("client", '[directory]\nservers = ["ldap://"]', 2, "directory.servers[0]", "no directory server", "ldap://NAME"),
    ("client", '[directory]\nservers = ["ldaps://dc1:99999"]', 2, "directory.servers[0]", "no port", "ldaps://NAME:636"),
    ("client", '[directory]\nservers = ["ldap://a", "ldap://a"]', 2, "directory.servers[1]", "twice", "keep one"),
    ("vendor", 'database = "oracle"', 1, "database", "PostgreSQL", "postgresql://USER@SERVER"),
    ("vendor", 'database = "postgresql://db.acme.example"', 1, "database", "names no database", "/DATABASE"),
    ("vendor", 'webhooks_inside = "no"', 1, "webhooks_inside", "true or false", "without quotes"),
    ("vendor", '[openid]\nissuer = "id.acme.example"', 2, "openid.issuer", "is no address", "https://"),
    (
        "vendor",
        '[openid]\nissuer = "https://id.example"\naddress = "https://a.example"\nclient = "m"\nroles = ["x=king"]',
        5, "openid.roles[0]", "no role 'king'", "one of: ",
    ),
    ("vendor", '[openid]\nissuer = "https://id.example"', 2, "openid.issuer", "without client, address, roles", 'client = "'),
    ("vendor", '[openid]\nroles = ["a=admin", "x=superuser"]', 2, "openid.roles[1]", "no role 'superuser'", "auditor"),
    ("vendor", '[openid]\nroles = ["a=admin", "a=auditor"]', 2, "openid.roles[1]", "a role already", "keep one"),
    ("vendor", '[openid]\nroles = ["staff"]', 2, "openid.roles[0]", "gives no role", "muster-admins=admin"),
    ("vendor", '[openid]\naddress = "a.example"', 2, "openid.address", "is no address", "https://"),
    ("vendor", '[openid]\nscopes = ["openid email"]', 2, "openid.scopes[0]", "not one scope", '"openid", "profile"'),
    ("vendor", '[openid]\nclaim = ""', 2, "openid.claim", "is empty", "leave it out"),
    ("vendor", '[openid]\nsecret_file = "/none"', 2, "openid.secret_file", "there is no file", "secret"),
    ("console", 'store = "sqlite3"', 1, "store", "PostgreSQL", "postgresql://USER@SERVER"),
    ("console", "[ssh]\nat_once = 0", 2, "ssh.at_once", "outside 1", "1 to 512"),
    ("console", "[ssh]\nat_once = 6.5", 2, "ssh.at_once", "not a whole number", "whole number"),
    ("console", '[ssh]\nanswer_time = "2h"', 2, "ssh.answer_time", "outside 1s", '"30s"'),
    ("console", '[ssh]\nkeys = ["/none"]', 2, "ssh.keys[0]", "there is no file", "ssh-keygen"),
    ("console", "[ssh]\nkeys = [7]", 2, "ssh.keys[0]", "7 is not text", 'like "…"'),
    ("console", '[ssh]\nkeys = [""]', 2, "ssh.keys[0]", "names no file", "ssh-keygen"),
    ("console", '[ssh]\nuser = "muster user"', 2, "ssh.user", "nobody who logs in", '"muster"'),
    ("console", '[ssh]\njump = "a@b@c:22"', 2, "ssh.jump", "no jump host", "admin@jump.corp.example:22"),
    ("console", '[ssh]\njump = "jump:ssh"', 2, "ssh.jump", "no port", "admin@jump.corp.example:22"),
    ("console", '[ssh]\ncommand = ""', 2, "ssh.command", "is empty", '"muster client remote"'),
    ("console", '[ssh]\nknown_hosts = ""', 2, "ssh.known_hosts", "is empty", "leave it out"),
    ("console", '[directory]\nplace = "ftp://x"', 2, "directory.place", "no directory server", "ldap://NAME"),
    ("console", '[directory]\nplace = "the domain"', 2, "directory.place", "no domain", "corp.example"),
    ("console", '[directory]\nbase = "corp.example"', 2, "directory.base", "no distinguished name", "dc=corp,dc=example"),
    ("console", '[directory]\nauthority = "/dev/null"', 2, "directory.authority", "is empty", "certificate"),
    ("console", '[openid]\nroles = ["x=superuser"]', 2, "openid.roles[0]", "no role 'superuser'", "viewer"),
    ("console", '[shh]\nuser = "root"', 1, "shh", "no such setting", "'ssh'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the files that settings of the table name."""
    folder = tmp_path_factory.mktemp("home")
    for name, text, mode in (
        ("good.key", KEY, 0o640),
        ("open.key", KEY, 0o644),
        ("garbled.key", "no key\n", 0o600),
        ("empty.key", "", 0o600),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    return folder


@pytest.mark.parametrize(
    ("program", "text", "line", "key", "problem", "remedy"), MISTAKES, ids=[f"{m[0]}-{m[1]!r}"[:70] for m in MISTAKES]
)
def test_a_mistake_is_told_with_file_line_key_and_remedy(
    home: Path, *, program: str, text: str | bytes, line: int, key: str, problem: str, remedy: str
) -> None:
    file = PROGRAMS[program]
    path = home / file.name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = [m for m in file.examine(path, {}).mistakes if "gssapi" not in m.problem]
    assert [(m.where, m.line, m.key) for m in found] == [(str(path), line, key)]
    assert problem in found[0].problem
    assert remedy in found[0].remedy
    assert "geheim" not in str(found[0])


@pytest.mark.parametrize(
    ("program", "variable", "text", "key", "remedy"),
    [
        ("host", "MUSTER_HOST_LISEN", "0.0.0.0:1", "lisen", "did you mean MUSTER_HOST_LISTEN?"),
        ("host", "MUSTER_HOST_DNS_ZONES", "corp.example", "dns_zones", "MUSTER_HOST_"),
        ("host", "MUSTER_HOST_RETRY", "soon", "retry", '"7d"'),
        ("host", "MUSTER_HOST_LISTEN", "::1,nowhere", "listen[1]", "0.0.0.0:1688"),
        ("host", "MUSTER_HOST_DNS_PUBLISH", "perhaps", "dns.publish", "true or false"),
        ("host", "MUSTER_DNS_SERVER", "ns1", "", "192.0.2.53:53"),
        ("client", "MUSTER_DNS_SERVER", "ns1.corp.example", "", "192.0.2.53:53"),
        ("client", "MUSTER_DNS_ZONES", "a b", "", "kms1.corp.example"),
        ("client", "MUSTER_CLIENT_TYP", "mak", "typ", "did you mean MUSTER_CLIENT_TYPE?"),
        ("console", "MUSTER_CONSOLE_SSH_AT_ONCE", "many", "ssh.at_once", "whole number"),
        ("vendor", "MUSTER_VENDOR_DATABSE", "sqlite", "databse", "did you mean MUSTER_VENDOR_DATABASE?"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, *, program: str, variable: str, text: str, key: str, remedy: str
) -> None:
    file = PROGRAMS[program]
    found = file.examine(tmp_path / file.name, {variable: text}).mistakes
    assert [(m.where, m.line, m.key) for m in found] == [(variable, None, key)]
    assert remedy in found[0].remedy


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "host.toml"
    path.write_text(
        'listen = ["0.0.0.0:1688", "a:1", "0.0.0.0:2", "b:2"]\nretri = "2h"\n[dns]\nserver = "x"\n'
        'zones = [{ zone = "a b" }, { zone = "c.d", weight = -1, wait = 1 }, { zone = "e.f" }, { zone = "e.f" }]\n'
        'publish = 1\ntsig_key_file = "none"\n'
    )
    monkeypatch.setenv("MUSTER_HOST_METRIC", "127.0.0.1:1")
    assert run(["host", "config", "check", str(path)]) == 2
    told = capsys.readouterr()
    places = [(int(line.split(":")[1]), line.split(": ")[1]) for line in told.out.splitlines() if str(path) in line]
    assert places == [
        (1, "listen[1]"), (1, "listen[3]"), (2, "retri"), (4, "dns.server"),
        (5, "dns.zones[0].zone"), (5, "dns.zones[1].wait"), (5, "dns.zones[1].weight"), (5, "dns.zones[3]"),
        (6, "dns.publish"), (7, "dns.tsig_key_file"),
    ]  # fmt: skip
    assert told.out.splitlines()[-1].startswith("MUSTER_HOST_METRIC: metric: there is no such setting; did you mean")
    assert "11 mistakes" in told.err
    assert run(["host", "config", "check", str(path), "--json"]) == 2
    plain = json.loads(capsys.readouterr().out)
    assert plain["error"]["code"] == "SETTINGS_INVALID"
    assert [(m["line"], m["key"]) for m in plain["mistakes"]][:10] == places
    assert plain["settings"] == []


def test_without_a_mistake_it_is_told_what_is_in_effect_and_from_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "console.toml"
    path.write_text('\tstore = "postgresql://me:geheim@db/x"\n[ssh]\n\tuser = "muster"\n\tpassphrase = "geheim"\n')
    monkeypatch.setenv("MUSTER_CONSOLE_SSH_USER", "admin")
    assert run(["console", "config", "check", "--home", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "geheim" not in told
    rows = {line.split()[0]: line.split()[1:] for line in told.splitlines()[1:]}
    assert rows["store"] == ['"postgresql://me:…@db/x"', "console.toml:1"]
    assert rows["ssh.user"] == ['"admin"', "MUSTER_CONSOLE_SSH_USER"]
    assert rows["ssh.passphrase"] == ['"…"', "console.toml:4"]
    assert rows["ssh.at_once"] == ["64", "default"]
    assert run(["console", "config", "check", "--json", str(path)]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert (plain["exists"], plain["mistakes"]) == (True, [])
    assert {"key": "ssh.user", "value": '"admin"', "source": "MUSTER_CONSOLE_SSH_USER"} in plain["settings"]


def test_a_file_that_is_not_there_is_empty_or_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path)]
    assert run(["vendor", *home, "config", "check"]) == 0
    assert f"{tmp_path / 'vendor.toml'} is not there" in capsys.readouterr().out
    (tmp_path / "vendor.toml").touch()
    assert run(["vendor", "config", "check", *home]) == 0
    assert f"{tmp_path / 'vendor.toml'} is empty" in capsys.readouterr().out
    assert run(["vendor", "config", "check", str(tmp_path / "vender.toml")]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert run(["client", "config", "check", str(tmp_path)]) == 2
    assert f"{tmp_path}: cannot be read: this is a folder; name the file in it" in capsys.readouterr().out


def test_what_container_engines_set_is_no_mistake(tmp_path: Path) -> None:
    links = {"MUSTER_HOST_SERVICE_HOST": "10.0.0.1", "MUSTER_HOST_PORT_1688_TCP": "tcp://10.0.0.1:1688"}
    assert PROGRAMS["host"].examine(tmp_path / "host.toml", links).mistakes == ()
