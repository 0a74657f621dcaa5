"""Settings: which source wins, and mistakes told with file, line, key and remedy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.config import MAX_SETTINGS_BYTES, format_duration, load, load_text, parse_duration, read_toml
from muster.base.errors import Misconfigured


@dataclass(frozen=True)
class Zone:
    zone: str
    ttl: int = 60
    class_: str = "IN"


@dataclass(frozen=True)
class Dns:
    enabled: bool = True
    retry: timedelta = timedelta(minutes=5)
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True)
class Settings:
    port: int = 1688
    listen: tuple[str, ...] = ("127.0.0.1",)
    retry: timedelta = timedelta(hours=2)
    load: float = 0.5
    name: str | None = None
    limit: int | None = None
    since: date | None = None
    dns: Dns = field(default_factory=Dns)

    def __post_init__(self) -> None:
        if self.port > 65_535:
            message = "a port has at most 65535"
            raise ValueError(message)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def mistake(path: Path, text: str, **environment: str) -> Misconfigured:
    path.write_text(text)
    with pytest.raises(Misconfigured) as refused:
        load(Settings, path, environment=environment, prefix="MUSTER_")
    assert refused.value.code == "SETTINGS_INVALID"
    return refused.value


def test_the_defaults_are_usable(path: Path) -> None:
    assert load(Settings, path) == Settings()


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(path: Path) -> None:
    path.write_text("port = 1\nretry = '1h'\n")
    environment = {"MUSTER_PORT": "2", "MUSTER_RETRY": "2min", "OTHER_PORT": "9"}

    assert load(Settings, path).port == 1
    assert load(Settings, path, environment=environment, prefix="MUSTER_").port == 2
    with_flag = load(Settings, path, environment=environment, prefix="MUSTER_", flags={"port": 3, "retry": None})
    assert (with_flag.port, with_flag.retry) == (3, timedelta(minutes=2))


def test_every_kind_of_setting_is_read_from_the_file(path: Path) -> None:
    path.write_text(
        """
        port = 1700
        listen = ["::1", "127.0.0.1"]
        retry = "90s"
        load = 1
        name = "north"
        since = 2026-11-24
        [dns]
        enabled = false
        zones = [{ zone = "corp.example", class = "CH" }]
        """
    )

    assert load(Settings, path) == Settings(
        1700, ("::1", "127.0.0.1"), timedelta(seconds=90), 1.0, "north", None, date(2026, 11, 24),
        Dns(enabled=False, zones=(Zone("corp.example", class_="CH"),)),
    )  # fmt: skip
    assert load(Settings, path) == load_text(Settings, path.read_text(), "pasted")


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("MUSTER_PORT", " 1700 ", "port", 1700),
        ("MUSTER_LISTEN", "::1, 127.0.0.1,", "listen", ("::1", "127.0.0.1")),
        ("MUSTER_RETRY", "15min", "retry", timedelta(minutes=15)),
        ("MUSTER_LOAD", "0.25", "load", 0.25),
        ("MUSTER_NAME", "north", "name", "north"),
        ("MUSTER_LIMIT", "7", "limit", 7),
        ("MUSTER_DNS_ENABLED", "no", "dns", Dns(enabled=False)),
        ("MUSTER_DNS_ENABLED", "", "dns", Dns(enabled=False)),
        ("MUSTER_DNS_ENABLED", "YES", "dns", Dns(enabled=True)),
        ("MUSTER_DNS_RETRY", "1h", "dns", Dns(retry=timedelta(hours=1))),
    ],
)
def test_every_kind_of_setting_is_read_from_the_environment(
    path: Path, variable: str, text: str, name: str, value: Any
) -> None:
    assert getattr(load(Settings, path, environment={variable: text}, prefix="MUSTER_"), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("MUSTER_PORT", "-1"),
        ("MUSTER_PORT", "\N{SUPERSCRIPT TWO}"),
        ("MUSTER_PORT", "9" * 5000),
        ("MUSTER_LIMIT", "seven"),
        ("MUSTER_LOAD", "half"),
        ("MUSTER_DNS_ENABLED", "perhaps"),
        ("MUSTER_RETRY", "soon"),
    ],
)
def test_a_mistake_in_the_environment_is_told(path: Path, variable: str, text: str) -> None:
    assert mistake(path, "", **{variable: text}).hint


@pytest.mark.parametrize(
    ("text", "line", "key", "remedy"),
    [
        ("port = 1\nprot = 2\n", 2, "prot", "did you mean 'port'?"),
        ("colour = 'red'\n", 1, "colour", "known here: port, listen"),
        ("\n\nport = 'many'\n", 3, "port", "a whole number"),
        ("port = true\n", 1, "port", "a whole number"),
        ("retry = '2 fortnights'\n", 1, "retry", "like"),
        ("retry = 7\n", 1, "retry", "like"),
        ("listen = '::1'\n", 1, "listen", "listen = "),
        ("listen = ['::1', 7]\n", 1, "listen[1]", "text"),
        ("dns = 7\n", 1, "dns", "[dns]"),
        ("retry = '1h'\n[dns]\n# retry = '5min'\nretry = 'soon'\n", 4, "dns.retry", "like"),
        ("[dns]\nenabeld = true\n", 2, "dns.enabeld", "did you mean 'enabled'?"),
        ("[[dns.zones]]\nzone = 'a'\nttl = 1\n[[dns.zones]]\nzone = 'b'\nttl = 'x'\n", 6, "dns.zones[1].ttl", "a whole number"),
        ("[dns]\nzones = [{ zone = 'a' }, { zone = 'b', ttl = 'x' }]\n", 2, "dns.zones[1].ttl", "a whole number"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_told_with_line_key_and_remedy(
    path: Path, text: str, line: int, key: str, remedy: str
) -> None:
    error = mistake(path, text)

    assert error.message.startswith(f"{path}:{line}: {key}: ")
    assert remedy in error.hint


def test_a_value_that_the_settings_themselves_refuse_is_told(path: Path) -> None:
    assert "at most 65535" in mistake(path, "port = 70000\n").message
    assert "zone" in mistake(path, "[[dns.zones]]\nttl = 1\n").message


@pytest.mark.parametrize("data", [b"port = \n", b"\xff\xfe", b"port = 1\nport = 2\n", b"a=" + b"[" * 50_000])
def test_what_is_no_toml_is_told_with_its_file(path: Path, data: bytes) -> None:
    path.write_bytes(data)

    with pytest.raises(Misconfigured, match="not TOML"):
        load(Settings, path)


def test_text_that_is_no_toml_is_told_with_its_source() -> None:
    with pytest.raises(Misconfigured, match=r"pasted:1: port: not TOML"):
        load_text(Settings, "port = ", "pasted")


def test_a_file_that_cannot_be_read_or_is_far_too_long_is_told(tmp_path: Path) -> None:
    long = tmp_path / "long.toml"
    long.write_bytes(b"#" * (MAX_SETTINGS_BYTES + 1))

    with pytest.raises(Misconfigured, match="cannot be read"):
        read_toml(tmp_path)
    with pytest.raises(Misconfigured, match="larger than"):
        read_toml(long)
    assert read_toml(tmp_path / "none.toml") == {}


@given(text=st.text(max_size=80))
def test_any_text_is_settings_or_a_mistake(text: str) -> None:
    try:
        made: Settings | str = load_text(Settings, text, "pasted")
    except Misconfigured as mistake:
        made = mistake.message
    assert isinstance(made, Settings) or made.startswith("pasted"), "whoever wrote it can find it"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("180d", timedelta(days=180)),
        ("2h", timedelta(hours=2)),
        ("15min", timedelta(minutes=15)),
        ("15m", timedelta(minutes=15)),
        (" 90 s ", timedelta(seconds=90)),
        ("0d", timedelta(0)),
        ("36500d", timedelta(days=36_500)),
    ],
)
def test_durations_are_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "1w", "1d 2h", "36501d", "9999999999d", "1D"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@given(seconds=st.integers(0, 36_500 * 86_400))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    length = timedelta(seconds=seconds)

    assert parse_duration(format_duration(length)) == length


def test_a_duration_is_written_in_its_largest_whole_unit() -> None:
    texts = ["180d", "2h", "15min", "90s", "0s"]

    assert [format_duration(parse_duration(text)) for text in texts] == texts


@pytest.mark.parametrize("text", ['["a]b"]', '["a]b]"]\n', '"x.]" = 1\n', '["."]\n', '[ssh]\n"[0]]" = 3\n'])
def test_names_that_no_setting_can_have_are_told_like_other_unknown_ones(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load_text(Settings, text, "sample.toml")
    assert "sample.toml:" in caught.value.message
