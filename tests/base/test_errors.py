from __future__ import annotations

import re
from pathlib import Path

import pytest

from muster.base import errors
from muster.base.errors import BY_NUMBER, CATALOGUE, Code, MusterError

SPEC = Path(__file__).parents[2] / "spec" / "errors.md"
CLASSES = {
    errors.Malformed: 1,
    errors.Untrusted: 4,
    errors.Refused: 1,
    errors.Unreachable: 3,
    errors.StoreFailed: 1,
    errors.Misconfigured: 2,
}


def test_every_code_has_one_entry_and_a_number_of_its_own_that_fits_into_a_byte() -> None:
    assert set(CATALOGUE) == set(Code)
    assert len(BY_NUMBER) == len(Code)
    assert all(1 <= number <= 255 for number in BY_NUMBER)
    assert all(BY_NUMBER[code.number] is code for code in Code)


@pytest.mark.parametrize("code", Code)
def test_a_code_is_in_screaming_snake_and_tells_cause_and_remedy(code: Code) -> None:
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", code)
    assert code == code.name
    assert re.fullmatch(r"[A-Z].*\.", code.meaning)
    assert re.fullmatch(r"[A-Z].*\.", code.hint, re.DOTALL)


def test_numbers_that_travelled_once_keep_their_meaning() -> None:
    assert [BY_NUMBER[number] for number in (1, 2, 3, 4, 26)] == [
        "COUNT_BELOW_THRESHOLD", "NO_HOST_FOUND", "HOST_UNREACHABLE", "HOST_UNTRUSTED", "HOST_BUSY"
    ]  # fmt: skip


def test_the_specification_lists_the_same_codes_and_numbers() -> None:
    rows = re.findall(r"^\|\s*(\d+)\s*\|\s*`?([A-Z_]+)`?\s*\|", SPEC.read_text(), re.MULTILINE)

    assert {(int(number), name) for number, name in rows} == {(code.number, str(code)) for code in Code}


@pytest.mark.parametrize(("kind", "exit_code"), CLASSES.items())
def test_an_error_is_sorted_by_what_the_caller_does_next(kind: type[MusterError], exit_code: int) -> None:
    error = kind(Code.HOST_BUSY)

    assert isinstance(error, MusterError)
    assert error.exit_code == exit_code
    assert (error.code, error.message, error.hint) == (Code.HOST_BUSY, Code.HOST_BUSY.meaning, Code.HOST_BUSY.hint)
    assert str(error) == f"HOST_BUSY: {Code.HOST_BUSY.meaning}"


def test_an_error_can_say_more_than_its_code() -> None:
    error = errors.Refused(Code.HOST_BUSY, "kms1 is busy", "wait")

    assert (error.message, error.hint) == ("kms1 is busy", "wait")
