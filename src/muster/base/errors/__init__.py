"""Every way a request can fail, sorted by what the caller does next.

One `Code` per refusal: a stable word for scripts and a short number to be read out on the telephone
(and to travel as one byte). The codes are in `muster.base.errors.catalogue`.
This module never formats for a terminal and never logs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, ParamSpec, TypeVar

from muster.base.errors.catalogue import BY_NUMBER, CATALOGUE, Code, Entry

__all__ = [
    "BY_NUMBER",
    "CATALOGUE",
    "Code",
    "Entry",
    "Malformed",
    "Misconfigured",
    "MusterError",
    "Refused",
    "SettingMistake",
    "StoreFailed",
    "Unreachable",
    "Untrusted",
    "checked",
]

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")


class MusterError(Exception):
    """A failure with a stable code, a sentence for people and a hint.

    `exit_code` is the process exit code of spec/errors.md: 1 refused or failed, 2 usage or configuration,
    3 unreachable, 4 untrusted.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: Code, message: str = "", hint: str = "") -> None:
        self.code = code
        self.message = message or code.meaning
        self.hint = hint or code.hint
        super().__init__(f"{code}: {self.message}")


class Malformed(MusterError):
    """Bytes or text of the wrong shape: drop them, nothing was read."""


class Untrusted(MusterError):
    """A proof that does not hold: fail closed, change nothing."""

    exit_code = 4


class Refused(MusterError):
    """An honest no: go to the next candidate, then retry as told."""


class Unreachable(MusterError):
    """The other side did not answer: back off, go to the next candidate."""

    exit_code = 3


class StoreFailed(MusterError):
    """The disk or database failed: stop, keep the last good state."""


class Misconfigured(MusterError):
    """The operator can put it right: show the hint."""

    exit_code = 2


class SettingMistake(ValueError):
    """What a settings class finds wrong with one of its own values; `muster.base.config` adds file and line.

    `key` is written as in the file, below the class's own table: ``level``, ``edition[1].name``.
    """

    def __init__(self, key: str, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.key = key
        self.remedy = remedy


def checked(key: str, parse: Callable[Parameters, Made], *value: Parameters.args, **how: Parameters.kwargs) -> Made:
    """What `parse` makes of a setting's value; where it refuses, the `SettingMistake` of `key`.

    A `ValueError` tells the remedy behind a semicolon.
    """
    try:
        return parse(*value, **how)
    except SettingMistake:
        raise
    except MusterError as error:
        raise SettingMistake(key, error.message, error.hint) from error
    except ValueError as error:
        problem, _, remedy = str(error).partition("; ")
        raise SettingMistake(key, problem, remedy or "correct it") from error
