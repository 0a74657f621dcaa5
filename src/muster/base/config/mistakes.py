"""Where a setting came from, and what is wrong with it: file and line, or variable; key; problem; remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from muster.base.errors import Code, Misconfigured

_KEY_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")
_BEFORE_NAME = frozenset("{,.[ \t\"'")
_AFTER_NAME = re.compile(r"""["']?\s*[=\].]""")
_LAST_STEP = re.compile(r"(\[\d+\]|(?:^|\.)[^.\[\]]+)$")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. `where` is a file, or the variable of the environment that is wrong; `line` counts from 1 in the file."""

    where: str
    line: int | None
    key: str
    problem: str
    remedy: str

    @property
    def message(self) -> str:
        """``host.toml:7: dns.server: what is wrong``."""
        place = f"{self.where}:{self.line}" if self.line else self.where
        return ": ".join(part for part in (place, self.key, self.problem) if part)

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}"

    def error(self) -> Misconfigured:
        """The mistake as a failure."""
        return Misconfigured(Code.SETTINGS_INVALID, self.message, self.remedy)


class Origin:
    """The file that settings are read from, and the keys that something else than the file has set.

    `others` maps such keys to a name for people, like ``MUSTER_HOST_LISTEN``. Told of a mistake, it raises; with
    `gathers` it keeps them all in `mistakes` instead.
    """

    def __init__(self, path: Path, lines: list[str], others: Mapping[str, str], *, gathers: bool = False) -> None:
        self.path = path
        self.others = dict(others)
        self.gathers = gathers
        self.mistakes: list[Mistake] = []
        self._lines = [line.partition("#")[0] for line in lines]

    def tell(self, key: str, problem: str, remedy: str) -> None:
        """Raise the mistake, or keep it."""
        mistake = self.mistake(key, problem, remedy)
        if not self.gathers:
            raise mistake.error()
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def mistake(self, key: str, problem: str, remedy: str) -> Mistake:
        """What is wrong with `key`, written like ``dns.zones[1].weight``."""
        other = self.other(key)
        if other is not None:
            return Mistake(other, None, key, problem, remedy)
        return Mistake(str(self.path), self.line(key), key, problem, remedy)

    def other(self, key: str) -> str | None:
        """What has set `key`, or what it stands in, in place of the file."""
        while key:
            if key in self.others:
                return self.others[key]
            key = _shorter(key)
        return None

    def line(self, key: str) -> int | None:
        """The line of a key; of what it should stand in where it is not in the file; None: nothing of it is."""
        while key:
            found = self._line(key)
            if found is not None:
                return found
            key = _shorter(key)
        return None

    def _line(self, key: str) -> int | None:
        """The line of ``table.list[1].name``: each name is looked for below the one before it."""
        at, is_found = 0, False
        for name, index in _KEY_STEP.findall(key):
            lines = [i for i in range(at, len(self._lines)) if _sets(self._lines[i], name)]
            headers = [i for i in lines if self._lines[i].lstrip().startswith("[[")]
            is_found = bool(lines)
            if is_found:
                at = headers[int(index)] if index and int(index) < len(headers) else lines[0]
        return at + 1 if is_found else None


def _sets(line: str, name: str) -> bool:
    """Whether a line sets a key or begins a table of this name."""
    at = line.find(name)
    while at >= 0:
        if (at == 0 or line[at - 1] in _BEFORE_NAME) and _AFTER_NAME.match(line, at + len(name)):
            return True
        at = line.find(name, at + 1)
    return False


def _shorter(key: str) -> str:
    """What a key stands in; nothing where it ends in no step of ours, as a quoted name with a bracket in it does."""
    last = _LAST_STEP.search(key)
    return key[: last.start()] if last else ""
