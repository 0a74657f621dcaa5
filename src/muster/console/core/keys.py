"""Product keys as the console keeps them, and as people hand them over: one, many lines, or a table.

Pure. Nothing here knows whether a vendor issued a key; what is left of one is the vendor's to say.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from muster.base.errors import Code, Malformed, Misconfigured
from muster.trust.product import Product
from muster.trust.productkey import KeyKind, ProductKey, parse_key

MAX_KEYS = 10_000
"""Of one addition."""
MAX_TEXT_CHARACTERS = 4 * 1024 * 1024
MAX_NOTE = 200
MIN_PASSPHRASE = 8
COLUMN = "key"
NOTES = ("note", "organisation")


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key in the console's database. `sealed` opens with the console's passphrase; the rest may be shown.

    `edition` is the name that the vendor's service told, empty before the first refresh; `remaining` of `total`
    activations are left of a multiple activation key, None: not told yet.
    """

    id: int
    kind: KeyKind
    scope: int
    partial: str
    reference: bytes
    sealed: bytes
    note: str
    added_at: datetime
    edition: str = ""
    remaining: int | None = None
    total: int | None = None
    refreshed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A line of what was handed over: a key and what was written beside it, or the problem with it."""

    line: int
    key: ProductKey | None
    note: str = ""
    problem: str = ""


def read_keys(text: str) -> list[KeyLine]:
    """A table with a column ``key``, or a key a line with an optional note behind it; ``#`` begins a comment.

    `Misconfigured` when there is no key at all, or more than `MAX_KEYS`. A line that is no key is told by its number.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        raise Misconfigured(Code.USAGE, f"more than {MAX_TEXT_CHARACTERS} characters of keys", "split the file")
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    columns = [column.strip().strip('"').lower() for column in head.split(delimiter)]
    lines = list(_of_table(text, delimiter, columns) if COLUMN in columns else _of_lines(text))
    if not lines:
        raise Misconfigured(Code.USAGE, "there is no key in it", "write a key a line, or a table with a column 'key'")
    if len(lines) > MAX_KEYS:
        raise Misconfigured(Code.USAGE, f"more than {MAX_KEYS} keys at once", "split the file")
    return lines


def _of_table(text: str, delimiter: str, columns: Sequence[str]) -> Iterator[KeyLine]:
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    next(rows)
    for cells in rows:
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        if row.get(COLUMN):
            yield _line(rows.line_num, row[COLUMN], next((row[name] for name in NOTES if row.get(name)), ""))


def _of_lines(text: str) -> Iterator[KeyLine]:
    for number, raw in enumerate(text.splitlines(), 1):
        word, _, note = raw.partition("#")[0].strip().partition(" ")
        if word:
            yield _line(number, word, note)


def _line(number: int, word: str, note: str) -> KeyLine:
    told = "".join(c for c in note.strip()[:MAX_NOTE] if c.isprintable())
    try:
        return KeyLine(number, parse_key(word), told)
    except Malformed as error:
        return KeyLine(number, None, told, error.message)


def editions_of(kind: KeyKind, scope: int, products: Iterable[Product]) -> frozenset[str]:
    """The editions that a key is good for, as far as product files are known: of a host key those of its group."""
    return frozenset(
        edition.name
        for product in products
        for edition in product.claims.editions
        if scope == (edition.group if kind is KeyKind.HOST else edition.id)
    )


def check_passphrase(passphrase: str) -> None:
    """Whether it may stand in front of keys; `Misconfigured` with PASSPHRASE_WRONG for one that is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        problem = f"the passphrase is shorter than {MIN_PASSPHRASE} characters"
        raise Misconfigured(Code.PASSPHRASE_WRONG, problem, "choose a longer one")
