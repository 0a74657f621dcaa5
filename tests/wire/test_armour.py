from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire.armour import CONFIRMATION, MAX_TEXT_BYTES, PRODUCT_FILE, TITLES, armour, dearmour

DATA = bytes(range(200))
TEXT = armour(PRODUCT_FILE, DATA)


@given(title=st.sampled_from(TITLES), data=st.binary(max_size=400))
def test_bytes_come_back_from_their_armour(title: str, data: bytes) -> None:
    assert dearmour(armour(title, data), title) == data
    assert dearmour(armour(title, data).encode(), title) == data


def test_lines_are_short_enough_for_mail() -> None:
    assert max(map(len, TEXT.splitlines())) <= 64
    assert TEXT.startswith("-----BEGIN MUSTER PRODUCT FILE-----\n")
    assert TEXT.endswith("-----END MUSTER PRODUCT FILE-----\n")


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: "".join(f"> > {line}\n" for line in text.splitlines()),
        lambda text: "".join(f"    {line}  \n" for line in text.splitlines()),
        lambda text: f"Good morning,\n\nyour file:\n{text}\nRegards, Jürgen\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", " "),
    ],
    ids=["CRLF", "blank lines", "quoted twice", "indented", "a letter around it", "a byte order mark", "one line"],
)
def test_what_mail_does_to_a_text_is_forgiven(mangle: object) -> None:
    assert callable(mangle)
    assert dearmour(mangle(TEXT), PRODUCT_FILE) == DATA
    assert dearmour(mangle(TEXT).encode(), PRODUCT_FILE) == DATA


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no BEGIN"),
        ("-----BEGIN CERTIFICATE-----\n", "no BEGIN"),
        (armour(CONFIRMATION, DATA), "it is a CONFIRMATION"),
        (armour("HOLIDAY PICTURE", DATA), "something else"),
        (TEXT.replace("END", "ENT"), "END line is missing"),
        (TEXT[:150], "END line is missing"),
        (TEXT.replace("AAEC", "AA*C"), "base64 is damaged"),
        (TEXT.replace("AAEC", "AAé"), "base64 is damaged"),
        (TEXT.replace("AAEC", "AAE"), "base64 is damaged"),
        (" " * (MAX_TEXT_BYTES + 1), "too long"),
    ],
    ids=[
        "nothing", "a foreign block", "another of ours", "an unknown title", "no end", "cut", "a star", "a letter with an accent",
        "a character lost", "far too long",
    ],
)  # fmt: skip
def test_a_damaged_text_tells_what_is_wrong_with_it(text: str, problem: str) -> None:
    with pytest.raises(Malformed, match=problem) as refused:
        dearmour(text, PRODUCT_FILE)

    assert refused.value.code == "PRODUCT_MALFORMED"


def test_another_kind_of_file_is_no_malformed_product() -> None:
    with pytest.raises(Malformed) as refused:
        dearmour(TEXT, CONFIRMATION)

    assert refused.value.code == "MESSAGE_MALFORMED"


@given(text=st.one_of(st.text(max_size=100), st.binary(max_size=100)), title=st.sampled_from(TITLES))
def test_any_text_is_read_or_malformed(text: str | bytes, title: str) -> None:
    framed: str | bytes
    if isinstance(text, bytes):
        framed = f"-----BEGIN MUSTER {title}-----".encode() + text + f"-----END MUSTER {title}-----".encode()
    else:
        framed = f"-----BEGIN MUSTER {title}-----{text}-----END MUSTER {title}-----"
    for candidate in (text, framed):
        try:
            dearmour(candidate, title)
        except Malformed:
            continue
