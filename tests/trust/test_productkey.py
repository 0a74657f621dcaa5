from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.trust.productkey import ALPHABET, KeyKind, ProductKey, generic_key, make_key, parse_key
from tests.worlds import legal_values as legal

KEY = make_key(KeyKind.HOST, 1, bytes(range(16)))
keys = st.builds(make_key, st.sampled_from(KeyKind), legal.u24, legal.exactly(16))


def refusal(text: str) -> str:
    with pytest.raises(Malformed) as refused:
        parse_key(text)
    assert refused.value.code == "KEY_MALFORMED"
    return refused.value.message


@given(kind=st.sampled_from(KeyKind), scope=legal.u24, chance=legal.exactly(16))
def test_a_key_comes_back_with_its_kind_and_scope(kind: KeyKind, scope: int, chance: bytes) -> None:
    key = make_key(kind, scope, chance)

    assert parse_key(key.formatted) == parse_key(key.text) == key
    assert (key.kind, key.scope) == (kind, scope)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}", key.formatted)


@pytest.mark.parametrize(
    "typed",
    [
        KEY.formatted.lower(),
        KEY.text,
        f"  {KEY.formatted}\r\n",
        KEY.formatted.replace("-", " - "),
        KEY.formatted.replace("-", "\N{EN DASH}"),
        KEY.formatted.replace("-", "\N{NON-BREAKING HYPHEN}"),
        KEY.formatted.replace("-", "\N{NO-BREAK SPACE}"),
        KEY.formatted.replace("0", "O"),
        KEY.formatted.replace("0", "o").replace("1", "l"),
        KEY.formatted.replace("1", "I"),
    ],
)
def test_a_key_is_read_as_people_type_and_paste_it(typed: str) -> None:
    assert parse_key(typed) == KEY


def test_every_single_wrong_character_is_refused_and_its_group_is_named() -> None:
    for place in range(25):
        for character in set(ALPHABET) - {KEY.text[place]}:
            typed = KEY.text[:place] + character + KEY.text[place + 1 :]
            assert f"look at group {place // 5 + 1}" in refusal(typed)


@given(key=keys, data=st.data())
def test_two_wrong_characters_are_refused(key: ProductKey, data: st.DataObject) -> None:
    text = list(key.text)
    places = data.draw(st.sets(st.integers(0, 24), min_size=2, max_size=2))
    for place in places:
        text[place] = data.draw(st.sampled_from(sorted(set(ALPHABET) - {text[place]})))

    refusal("".join(text))


@given(text=keys.map(lambda key: key.text))
def test_every_swap_of_two_different_characters_is_refused(text: str) -> None:
    for a in range(25):
        for b in range(a + 1, 25):
            if text[a] != text[b]:
                swapped = list(text)
                swapped[a], swapped[b] = text[b], text[a]
                refusal("".join(swapped))


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "0 characters, not 25"),
        (KEY.text[:-1], "24 characters, not 25"),
        (KEY.text + "A", "26 characters, not 25"),
        ("U" + KEY.text[1:], "'U' in group 1"),
        (KEY.text[:13] + "é" + KEY.text[14:], "'É' in group 3"),
        (KEY.text[:24] + "*", "in group 5"),
        (KEY.text * 9, "far too long"),
    ],
)
def test_what_cannot_be_a_key_tells_why(typed: str, problem: str) -> None:
    assert problem in refusal(typed)


@given(text=st.text(max_size=40))
def test_any_text_is_a_key_or_malformed(text: str) -> None:
    with suppress(Malformed):
        parse_key(text)


def test_a_kind_or_version_of_the_future_is_refused_as_such() -> None:
    future = make_key(3, 1, bytes(16))  # type: ignore[arg-type]

    assert "does not know" in refusal(future.text)


def test_what_may_be_shown_of_a_key_are_its_last_five_characters() -> None:
    assert KEY.partial == KEY.text[-5:]
    assert KEY.formatted.endswith(f"-{KEY.partial}")


@given(one=keys, other=keys)
def test_reference_and_secret_belong_to_one_key(one: ProductKey, other: ProductKey) -> None:
    assert (len(one.reference), len(one.secret)) == (8, 32)
    assert (one.text == other.text) == (one.reference == other.reference) == (one.secret == other.secret)


def test_generic_keys_follow_from_vendor_and_edition() -> None:
    key = generic_key(bytes(32), 1001)

    assert key == generic_key(bytes(32), 1001)
    assert (key.kind, key.scope) == (KeyKind.GENERIC, 1001)
    assert len({key.text, generic_key(bytes(32), 1002).text, generic_key(b"\x01" * 32, 1001).text}) == 3


def test_a_key_without_enough_chance_or_with_an_impossible_scope_is_not_made() -> None:
    with pytest.raises(ValueError, match="too few"):
        make_key(KeyKind.MAK, 1001, bytes(10))
    with pytest.raises(ValueError, match="scope"):
        make_key(KeyKind.MAK, 1 << 24, bytes(16))


def test_the_kind_of_a_key_is_shown_in_small_letters() -> None:
    assert [str(kind) for kind in KeyKind] == ["generic", "host", "mak"]
