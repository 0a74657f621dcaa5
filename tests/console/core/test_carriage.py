"""How machines are reached: what the settings take, and what a jump host is."""

from __future__ import annotations

import pytest

from muster.base.errors import SettingMistake
from muster.console.core.carriage import Jump, SshSettings, parse_jump


@pytest.mark.parametrize(
    ("text", "jump"),
    [
        ("jump.corp.example", Jump("", "jump.corp.example", 22)),
        ("admin@jump:2222", Jump("admin", "jump", 2222)),
        ("admin@[2001:db8::7]:2222", Jump("admin", "2001:db8::7", 2222)),
        ("[2001:db8::7]", Jump("", "2001:db8::7", 22)),
        ("2001:db8::7", Jump("", "2001:db8::7", 22)),
        ("admin@corp.example@192.0.2.7:22", Jump("admin@corp.example", "192.0.2.7", 22)),
        ("CORP\\admin@jump", Jump("CORP\\admin", "jump", 22)),
    ],
)
def test_a_jump_host_is_a_host_with_a_user_and_a_port_where_they_are_named(text: str, jump: Jump) -> None:
    assert parse_jump(text) == jump
    assert SshSettings(jump=text).jump == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@jump",
        "a b@jump",
        "-l@jump",
        "a@b@jump",
        "jump:",
        "jump:0",
        "jump:65536",
        "jump:²",
        "[::1",
        "[::1]22",
        "a,b",
    ],
)
def test_what_is_no_jump_host_is_told_with_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it like admin@jump\.corp\.example:22"):
        parse_jump(text)
    if text:
        with pytest.raises(SettingMistake) as told:
            SshSettings(jump=text)
        assert told.value.key == "jump"
