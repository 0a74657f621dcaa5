"""Key files in BIND's format are read as BIND reads them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from muster.base.errors import Code, Misconfigured
from muster.host.adapters.tsig_key import read_tsig_key

SECRET = base64.b64encode(b"\xff" * 32).decode()
"""As random secrets can be: with two slashes in a row, which outside of quotes begin a comment."""


def key_file(folder: Path, text: str) -> Path:
    path = folder / "update.key"
    path.write_text(text)
    return path


def test_a_secret_with_two_slashes_is_no_comment(tmp_path: Path) -> None:
    assert "//" in SECRET
    key = read_tsig_key(key_file(tmp_path, f'key "update" {{ algorithm hmac-sha256; secret "{SECRET}"; }};'))
    assert key.secret == b"\xff" * 32
    assert key.name.to_text() == "update."


@pytest.mark.parametrize("comment", ["// one\n", "# one\n", "/* one\n two */ ", '# a "quote\n', '/* "a" */'])
def test_comments_are_passed_over(tmp_path: Path, comment: str) -> None:
    text = f'{comment}key update {{ {comment}algorithm HMAC-SHA256; secret "{SECRET}"; {comment}}};'
    assert read_tsig_key(key_file(tmp_path, text)).secret == b"\xff" * 32


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no key"),
        (f'key "a" {{ algorithm hmac-sha256; secret "{SECRET}"; }};' * 2, "2 keys"),
        (f'key "a" {{ secret "{SECRET}"; }};', "algorithm"),
        (f'key "a" {{ algorithm rot13; secret "{SECRET}"; }};', "not known"),
        ('key "a" { algorithm hmac-sha256; secret "x//"; };', "base64"),
    ],
)
def test_a_file_that_is_not_one_key_is_told_without_its_secret(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(Misconfigured, match=problem) as told:
        read_tsig_key(key_file(tmp_path, text))
    assert told.value.code is Code.SETTINGS_INVALID
    assert SECRET not in str(told.value)
