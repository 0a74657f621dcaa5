"""``host.toml``: what is taken, and how every mistake is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.config import load
from muster.base.errors import Misconfigured
from muster.host.core.settings import HostSettings, format_endpoint, parse_endpoint


def read(tmp_path: Path, text: str, **environment: str) -> HostSettings:
    path = tmp_path / "host.toml"
    path.write_text(text)
    return load(HostSettings, path, environment=environment, prefix="MUSTER_HOST_")


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "") == HostSettings()


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        listen = ["0.0.0.0:1688", "[::]:1688"]
        renewal = "15min"
        retry = "30d"
        allow = ["198.51.100.0/24", "2001:db8::/32"]
        metrics = "127.0.0.1:9688"
        [dns]
        server = "127.0.0.1"
        zones = [{ zone = "corp.example", priority = 10, weight = 5 }]
        tsig_key_file = "update.key"
        """,
        MUSTER_HOST_RETRY="1h",
    )
    assert settings.endpoints == (("0.0.0.0", 1688), ("::", 1688))  # noqa: S104 - what the file says
    assert (settings.renewal_minutes, settings.retry_minutes) == (15, 60)
    assert settings.dns.has_credentials
    assert not HostSettings().dns.has_credentials


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('listen = ["localhost:1688"]', "numeric"),
        ('listen = ["0.0.0.0:99999"]', "port"),
        ("listen = []", "listen"),
        ('renewal = "14min"', "15min"),
        ('renewal = "31d"', "30d"),
        ('retry = "901s"', "minutes"),
        ("retry = 7", "duration"),
        ('allow = ["198.51.100.1/24"]', "prefix"),
        ('store = "mysql"', "sqlite"),
        ('\nmetric = "127.0.0.1:1"', "metrics"),
        ("[dns]\npublish = 1", "true or false"),
        ('[dns]\nserver = "ns1.corp.example"', "numeric"),
        ('[dns]\ntarget = "kms 1"', "DNS name"),
        ('[dns]\nzones = [{ zone = "a.example" }, { zone = "A.example." }]', "twice"),
        ('[dns]\nzones = [{ zone = "a.example", priority = 70000 }]', "65535"),
        ('[dns]\ntsig_key_file = "k"\nunsigned = true', "exclude"),
        ("listen = [", "TOML"),
    ],
)
def test_every_mistake_is_told_with_file_and_remedy(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(Misconfigured) as error:
        read(tmp_path, text)
    told = f"{error.value.message} {error.value.hint}"
    assert str(tmp_path / "host.toml") in told
    assert word in told


@pytest.mark.parametrize("text", ["192.0.2.7:1688", "[2001:db8::7]:99", "0.0.0.0:0"])
def test_endpoints_read_as_they_are_written(text: str) -> None:
    assert format_endpoint(parse_endpoint(text, 1)) == text


def test_an_address_alone_gets_the_default_port() -> None:
    assert parse_endpoint("2001:db8::7", 53) == ("2001:db8::7", 53)
    assert parse_endpoint("[::1]", 53) == ("::1", 53)
    assert HostSettings().renewal == timedelta(days=7)
