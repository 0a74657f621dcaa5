"""One vendor: its books, its keys and its clock. Everything else in this folder works on a `Vendor`."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from muster.base.clock import Clock
from muster.base.config import load_text
from muster.base.entropy import Entropy
from muster.base.errors import Code, Misconfigured, Refused
from muster.trust.keyset import TrustedKeysets, enter
from muster.vendor.core.definition import Definition
from muster.vendor.ports import Books, KeyRow, Keys, Organisation, Store
from muster.vendor.service.wrong_tags import WrongTags
from muster.wire.calendar import day_number

NAME, FINGERPRINT = "vendor name", "vendor fingerprint"
MAX_ALIKE = 10
"""Keys with the same last characters that are named to whoever meant one of them."""
MAX_ID = 2**63 - 1
PARTIAL_LENGTH = 5


class Chain:
    """The vendor's own keysets. Each version is verified once in a process: the books only say which one is the newest.

    Books that were put back from a copy are met by a process that starts afterwards.
    """

    def __init__(self) -> None:
        self._known: TrustedKeysets | None = None

    def of(self, books: Books) -> TrustedKeysets:
        """The chain that these books hold; `Misconfigured` with NOT_SET_UP where there is none."""
        known, version = self._known, books.keyset_version()
        if known is not None and known.version == version:
            return known
        documents = books.keysets()
        if not documents:
            raise Misconfigured(Code.NOT_SET_UP, "this vendor has no keyset", "muster vendor init")
        self._known = entered = enter(documents)
        return entered


class Vendor:
    """Books, keys and clock. `actor` is who is written down; keys are unlocked when they are needed first."""

    def __init__(
        self,
        store: Store,
        unlock: Callable[[], Keys],
        clock: Clock,
        entropy: Entropy,
        actor: str,
        *,
        chain: Chain | None = None,
        wrong_tags: WrongTags | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.entropy = entropy
        self.actor = actor
        self.chain = chain or Chain()
        self.wrong_tags = wrong_tags or WrongTags()
        self._unlock = unlock
        self._keys: Keys | None = None

    @property
    def keys(self) -> Keys:
        """The private keys, unlocked."""
        if self._keys is None:
            self._keys = self._unlock()
        return self._keys

    @property
    def today(self) -> int:
        """The day number of now (UTC)."""
        return day_number(self.clock.now())

    def acting(self, actor: str) -> Vendor:
        """The same vendor, with `actor` written down for what is done."""
        return Vendor(
            self.store,
            lambda: self.keys,
            self.clock,
            self.entropy,
            actor,
            chain=self.chain,
            wrong_tags=self.wrong_tags,
        )

    def keysets(self) -> TrustedKeysets:
        """The vendor's own chain, verified."""
        return self.store.run(self.chain.of)

    def write(self, books: Books, action: str, subject: str, **details: object) -> None:
        """Put an audit row beside what is being done, in its transaction."""
        books.audit(self.clock.now(), self.actor, action, subject, details)


def definition_in(books: Books) -> Definition:
    """The product definition that holds now; `Misconfigured` with NOT_SET_UP before the first import."""
    text = books.definition()
    if text is None:
        raise Misconfigured(
            Code.NOT_SET_UP, "no product definition was imported yet", "muster vendor product import product.toml"
        )
    return load_text(Definition, text, "the imported definition")


def find_organisation(books: Books, name: str) -> Organisation:
    """The customer of a name; `Misconfigured` with ORGANISATION_UNKNOWN names the nearest ones."""
    found = books.organisation_named(name)
    if found is not None:
        return found
    lowered = {o.name.lower(): o.name for o in books.organisations()}
    near = [lowered[text] for text in difflib.get_close_matches(name.lower(), lowered, 3, 0.4)]
    hint = f"did you mean {', '.join(repr(n) for n in near)}?" if near else f"muster vendor organisation add {name!r}"
    raise Misconfigured(Code.ORGANISATION_UNKNOWN, f"there is no organisation {name!r}", hint)


def find_key(books: Books, which: str, lookup: Callable[[], bytes | None]) -> KeyRow:
    """A key by its number, its last five characters, or itself; `Refused` with NOT_FOUND, or what is ambiguous."""
    text = which.strip().upper()
    if text.isascii() and text.isdigit() and int(text) <= MAX_ID and (by_id := books.key(int(text))):
        return by_id
    by_partial = books.keys_by_partial(text, MAX_ALIKE + 1) if len(text) == PARTIAL_LENGTH else ()
    if len(by_partial) == 1:
        return by_partial[0]
    if by_partial:
        numbers = ", ".join(str(key.id) for key in by_partial[:MAX_ALIKE])
        numbers += ", …" if len(by_partial) > MAX_ALIKE else ""
        raise Misconfigured(Code.USAGE, f"several keys end in {text}", f"Name one by number: {numbers}.")
    digest = lookup()
    whole = books.key_by_lookup(digest) if digest else None
    if whole is None:
        raise Refused(
            Code.NOT_FOUND, f"there is no key {which!r}", "muster vendor key list shows numbers and last characters."
        )
    return whole
