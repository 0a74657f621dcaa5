"""What stands in the fenced blocks of a page, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASIDE = re.compile(r"\s{2,}#\s.*")


@dataclass(frozen=True)
class Block:
    """One of them: what language the page says it is in, none for a shell's, and its text."""

    language: str
    text: str

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def commands(self) -> list[str]:
        """Its lines as a shell takes them, without what is said about them; a line that goes on is one."""
        whole = re.sub(r"\s*\\\n\s*", " ", self.text)
        return [line for line in (_ASIDE.sub("", line).rstrip() for line in whole.splitlines()) if line]


def blocks(page: str) -> list[Block]:
    """Those of a page, which is named from the top of the tree."""
    return [Block(*found) for found in _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))]
