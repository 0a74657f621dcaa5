"""Every sentence of a program's pages, in each language: one TOML file per language, flat, the same keys in all."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

MAX_HEADER = 200


class Catalogue:
    """The texts in a folder of ``<language>.toml``. The first language of `order` is spoken to whoever asks for none."""

    def __init__(self, folder: Path, order: tuple[str, ...]) -> None:
        self.order = order
        self._texts: dict[str, dict[str, str]] = {
            language: dict(_flat(tomllib.loads((folder / f"{language}.toml").read_text("utf-8")))) for language in order
        }

    def keys(self, language: str) -> frozenset[str]:
        """The keys of a language."""
        return frozenset(self._texts[language])

    def text(self, language: str, key: str, **values: object) -> str:
        """A text with its ``{values}`` filled in. `KeyError` for a key that does not exist."""
        return self._texts[language][key].format(**values)

    def find(self, language: str, key: str) -> str | None:
        """A text that may be missing."""
        return self._texts[language].get(key)

    def choose(self, asked: str | None, accepted: str | None) -> str:
        """The language asked for in the address, else the best that the browser accepts (RFC 9110 §12.5.4)."""
        if asked in self._texts:
            return asked
        best = [(quality, -position, tag) for position, (tag, quality) in enumerate(_weighted(accepted or ""))]
        for _, _, tag in sorted(best, reverse=True):
            if tag in self._texts:
                return tag
        return self.order[0]


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    for part in header[:MAX_HEADER].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if weight > 0:
            yield tag.lower().partition("-")[0], weight


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
