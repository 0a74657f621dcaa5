"""Digits that people read out: every slip is noticed and the group is named. A long run is `make reliability`'s."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Malformed, MusterError
from muster.trust.humanid import (
    check_digit,
    format_confirmation,
    format_installation,
    from_groups,
    is_good_group,
    parse_confirmation,
    parse_installation,
    split_groups,
    to_groups,
    wrong_groups,
)
from muster.trust.installation import is_tag_good, machine_id
from muster.trust.permanent import verify_permanent
from muster.wire.confirmation import Confirmation, ConfirmationFormat, pack_confirmation, unpack_confirmation
from muster.wire.installation import BITS, InstallationId, SubjectKind, pack_installation
from tests.worlds import legal_values as legal
from tests.worlds.machines import DESK
from tests.worlds.vendor_keys import VendorKeys

SECRET = bytes(range(32))
MACHINE = machine_id(b"referenc", SECRET, 1001, DESK)
MACHINE_TEXT = format_installation(MACHINE)
VENDOR = VendorKeys()
CONFIRMATION = VENDOR.confirm_permanently(pack_installation(MACHINE))
TEXTS = [MACHINE_TEXT, format_confirmation(CONFIRMATION)]


@given(installation=legal.installation_ids)
def test_installation_ids_come_back(installation: InstallationId) -> None:
    text = format_installation(installation)

    assert parse_installation(text) == installation
    assert len(text.split("-")) == {190: 10, 358: 18}[BITS[installation.kind]]


@given(confirmation=legal.confirmations)
def test_confirmation_ids_come_back(confirmation: Confirmation) -> None:
    text = format_confirmation(pack_confirmation(confirmation))

    assert unpack_confirmation(parse_confirmation(text)) == confirmation
    assert text[0] == str(int(confirmation.format))
    assert len(text.split("-")) == {1: 26, 2: 27, 3: 34, 4: 34}[confirmation.format]


def test_the_published_example_of_verhoeffs_digit() -> None:
    """236 has the check digit 3; the first digit of a group's sum is its number."""
    assert check_digit(2, "36") == check_digit(12, "36") == "3"


def test_a_group_fits_only_at_places_ten_apart() -> None:
    for number in range(1, 31):
        group = "123456" + check_digit(number, "123456")
        assert [n for n in range(1, 31) if is_good_group(n, group)] == [
            n for n in range(1, 31) if (n - number) % 10 == 0
        ]


def first_wrong(text: str) -> int:
    with pytest.raises(Malformed) as refused:
        from_groups(text, Code.CONFIRMATION_MALFORMED, "confirmation id")
    named = wrong_groups(text)[0]
    assert f"group {named} " in refused.value.message
    return named


@pytest.mark.parametrize("text", TEXTS, ids=["machine", "permanent"])
def test_every_wrong_digit_is_noticed_and_its_group_named(text: str) -> None:
    digits = text.replace("-", "")
    for place, digit in enumerate(digits):
        for other in set("0123456789") - {digit}:
            assert wrong_groups(digits[:place] + other + digits[place + 1 :]) == [place // 7 + 1]


@pytest.mark.parametrize("text", TEXTS, ids=["machine", "permanent"])
def test_every_swap_of_neighbours_is_noticed_and_its_group_named(text: str) -> None:
    digits = text.replace("-", "")
    for place in range(len(digits) - 1):
        a, b = digits[place], digits[place + 1]
        if a != b:
            assert first_wrong(digits[:place] + b + a + digits[place + 2 :]) == place // 7 + 1


@pytest.mark.parametrize("text", TEXTS, ids=["machine", "permanent"])
def test_every_swap_of_groups_less_than_ten_apart_is_noticed_in_both_places(text: str) -> None:
    groups = text.split("-")
    for a in range(len(groups)):
        for b in range(a + 1, min(a + 10, len(groups))):
            swapped = list(groups)
            swapped[a], swapped[b] = groups[b], groups[a]
            assert wrong_groups("-".join(swapped)) == [a + 1, b + 1]


@given(installation=legal.machine_ids, data=st.data())
def test_any_id_names_the_group_of_a_slip(installation: InstallationId, data: st.DataObject) -> None:
    digits = format_installation(installation).replace("-", "")
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from(sorted(set("0123456789") - {digits[place]})))

    assert first_wrong(digits[:place] + other + digits[place + 1 :]) == place // 7 + 1


def believe(typed: str) -> None:
    verify_permanent(pack_installation(MACHINE), unpack_confirmation(parse_confirmation(typed)), VENDOR.trusted)


def test_groups_ten_apart_are_refused_by_the_signature() -> None:
    groups = format_confirmation(CONFIRMATION).split("-")
    assert len(groups) == 26
    for a in range(16):
        swapped = list(groups)
        swapped[a], swapped[a + 10] = groups[a + 10], groups[a]
        with pytest.raises(MusterError):
            believe("-".join(swapped))


@given(place=st.integers(0, 59), digit=st.integers(1, 9))
def test_a_wrong_digit_under_a_right_check_digit_is_refused_by_the_tag(place: int, digit: int) -> None:
    """A slip that the check digits cannot see: somebody who computes them anew."""
    digits = list("".join(group[:6] for group in MACHINE_TEXT.split("-")))
    digits[place] = str((int(digits[place]) + digit) % 10)
    try:
        installation = parse_installation(to_groups("".join(digits)))
    except Malformed:
        return

    assert not is_tag_good(installation, SECRET)


@pytest.mark.parametrize(
    "typed",
    [
        MACHINE_TEXT,
        MACHINE_TEXT.replace("-", ""),
        MACHINE_TEXT.replace("-", " "),
        MACHINE_TEXT.replace("-", "\N{EN DASH}"),
        MACHINE_TEXT.replace("-", "\n"),
        MACHINE_TEXT.replace("-", ", "),
        f" {MACHINE_TEXT}.\r\n",
    ],
)
def test_separators_do_not_matter(typed: str) -> None:
    assert parse_installation(typed) == MACHINE


@pytest.mark.parametrize(
    "text", ["", "1", "1234567", MACHINE_TEXT[:-8], MACHINE_TEXT + MACHINE_TEXT, "9" * 2001, "x" * 70]
)
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as installation:
        parse_installation(text)
    with pytest.raises(Malformed) as confirmation:
        parse_confirmation(text)

    assert installation.value.code == "INSTALLATION_ID_MALFORMED"
    assert confirmation.value.code == "CONFIRMATION_MALFORMED"


@given(text=st.text("0123456789-", max_size=300))
def test_any_digits_are_an_id_or_malformed(text: str) -> None:
    digits = text.replace("-", "")
    with suppress(Malformed):
        assert format_installation(parse_installation(text)).replace("-", "") == digits
    with suppress(Malformed):
        assert format_confirmation(parse_confirmation(text)).replace("-", "") == digits


@pytest.mark.parametrize("digit", ["\N{ARABIC-INDIC DIGIT ONE}", "\N{SUPERSCRIPT TWO}", "\N{FULLWIDTH DIGIT ONE}"])
def test_digits_of_other_scripts_are_named_as_errors(digit: str) -> None:
    with pytest.raises(Malformed, match="group 1 "):
        parse_installation(digit + MACHINE_TEXT[1:])


@pytest.mark.parametrize("kind", SubjectKind)
def test_a_number_beyond_the_ids_bits_is_malformed(kind: SubjectKind) -> None:
    groups = 10 if kind is SubjectKind.MACHINE else 18

    with pytest.raises(Malformed, match=f"has {groups} groups"):
        parse_installation(to_groups("9" * 6 * groups))


@pytest.mark.parametrize("format_", ConfirmationFormat)
def test_a_number_beyond_a_confirmations_bits_is_malformed(format_: ConfirmationFormat) -> None:
    groups = {1: 26, 2: 27, 3: 34, 4: 34}[format_]

    with pytest.raises(Malformed, match=f"has {groups} groups"):
        parse_confirmation(to_groups(str(int(format_)) + "9" * (6 * groups - 1)))


def test_entering_goes_group_by_group() -> None:
    typed = MACHINE_TEXT[:30]

    assert split_groups(typed)[:3] == MACHINE_TEXT.split("-")[:3]
    assert wrong_groups(typed) == [4]  # six digits of it are there
    assert not wrong_groups(MACHINE_TEXT[:31])


def test_the_id_of_another_machine_is_not_this_one() -> None:
    assert format_installation(MACHINE._replace(edition=1002)) != MACHINE_TEXT
