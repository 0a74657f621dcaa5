"""Root keys of the next keyset: which come and go, whose signatures it needs, and all of it in words (spec/keyset.md §Chain).

A root key is named by its number, as it stands in the keyset from 1 on, or by the beginning of its public key. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from muster.base.errors import Code, Misconfigured, Refused, Untrusted
from muster.trust.cose import check_public_key
from muster.wire.keyset import MAX_ROOTS, PUBLIC_KEY_BYTES, Keyset

MIN_BEGINNING = 8
"""Hexadecimal digits of a public key that name it."""
SHORT = 16
LISTED = "muster vendor keyset show lists them."


class RootChange(NamedTuple):
    """How the root keys of keyset `version` differ from those of the one before."""

    version: int
    added: tuple[bytes, ...]
    dropped: tuple[bytes, ...]
    threshold_before: int
    threshold: int
    roots: int

    def words(self) -> tuple[str, ...]:
        """What changed, a fact at a time."""
        rule = f"asks for {of_roots(self.threshold, self.roots)}"
        if self.threshold != self.threshold_before:
            rule += f", before it was {self.threshold_before}"
        added = (f"adds root key {root.hex()}" for root in self.added)
        return (*added, *(f"drops root key {root.hex()}" for root in self.dropped), rule)


class Side(NamedTuple):
    """A keyset whose root keys must sign, `threshold` of them; who did and who still can."""

    version: int
    is_proposed: bool
    threshold: int
    signed: tuple[bytes, ...]
    unsigned: tuple[bytes, ...]

    @property
    def missing(self) -> int:
        """How many signatures are missing."""
        return max(0, self.threshold - len(self.signed))

    def words(self) -> str:
        """What this side wants and what is missing."""
        name = f"the proposed keyset {self.version}" if self.is_proposed else f"keyset {self.version}"
        wants = f"{name} wants {of_roots(self.threshold, len(self.signed) + len(self.unsigned))}, "
        if not self.missing:
            return wants + f"and has {len(self.signed)}"
        return wants + f"{self.missing} missing: {' or '.join(map(short, self.unsigned))}"


def of_roots(threshold: int, roots: int) -> str:
    """How many root keys sign, for people."""
    return f"{threshold} of {roots} root {'key' if roots == 1 else 'keys'}"


def short(public: bytes) -> str:
    """The beginning of a public key, for people."""
    return f"{public.hex()[:SHORT]}…"


def find_root(keyset: Keyset, which: str) -> bytes:
    """The root key of a number or the beginning of a public key; `Refused` with NOT_FOUND where there is none."""
    text = which.strip().lower()
    if text.isascii() and text.isdigit() and len(text) < MIN_BEGINNING:
        if 1 <= int(text) <= len(keyset.roots):
            return keyset.roots[int(text) - 1]
        raise Refused(
            Code.NOT_FOUND, f"keyset {keyset.version} has no root key {text}, its last is {len(keyset.roots)}", LISTED
        )
    found = [root for root in keyset.roots if len(text) >= MIN_BEGINNING and root.hex().startswith(text)]
    if len(found) != 1:
        raise Refused(
            Code.NOT_FOUND,
            f"keyset {keyset.version} has no root key {which!r}",
            f"Give its number, or {MIN_BEGINNING} digits of its public key or more; {LISTED}",
        )
    return found[0]


def next_roots(
    keyset: Keyset, add: Sequence[bytes], drop: Sequence[str], threshold: int | None
) -> tuple[tuple[bytes, ...], int]:
    """Root keys and threshold of the next keyset; `Misconfigured` or `Refused` for what cannot be."""
    for public in add:
        _check_new(keyset, public)
    doubled = [public for public, times in Counter(add).items() if times > 1]
    if doubled:
        raise Misconfigured(Code.USAGE, f"root key {short(doubled[0])} is added twice", "Name it once.")
    dropped = {find_root(keyset, which) for which in drop}
    roots = tuple(sorted({*keyset.roots, *add} - dropped))
    wanted = keyset.threshold if threshold is None else threshold
    if len(roots) > MAX_ROOTS:
        raise Misconfigured(
            Code.USAGE, f"{len(roots)} root keys; a keyset holds {MAX_ROOTS}", "Drop others with --drop-root."
        )
    if not roots:
        raise Misconfigured(Code.USAGE, "no root key would be left", "Add one with --add-root.")
    check_threshold(len(roots), wanted)
    return roots, wanted


def check_threshold(roots: int, threshold: int) -> None:
    """`Misconfigured` for numbers that no keyset can have."""
    if not 1 <= threshold <= roots <= MAX_ROOTS:
        raise Misconfigured(
            Code.USAGE,
            f"{of_roots(threshold, roots)} cannot sign",
            f"Have 1 to {MAX_ROOTS} root keys, and a --threshold not above their number.",
        )


def _check_new(keyset: Keyset, public: bytes) -> None:
    if public in keyset.roots:
        raise Misconfigured(
            Code.USAGE, f"root key {short(public)} is in keyset {keyset.version} already", "Add another one."
        )
    issuing = next((key.number for key in keyset.issuing if key.public == public), None)
    if issuing is not None:
        raise Misconfigured(
            Code.USAGE,
            f"{short(public)} is issuing key {issuing}, which cannot be a root key, too",
            "muster vendor keyset new-root makes a root key.",
        )
    check_root(public)


def check_root(public: bytes) -> bytes:
    """`public` when it can be a root key; `Misconfigured` otherwise."""
    try:
        return check_public_key(public)
    except Untrusted as error:
        raise Misconfigured(
            Code.USAGE, f"{short(public)} is no public key", "muster vendor keyset new-root makes and prints one."
        ) from error


def read_public(text: str) -> bytes | None:
    """The public key in hexadecimal digits; None for text of another shape."""
    try:
        public = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return public if len(public) == PUBLIC_KEY_BYTES else None


def change_of(before: Keyset, after: Keyset) -> RootChange | None:
    """What of the root keys changes from one keyset to the next; None when nothing does."""
    if (before.roots, before.threshold) == (after.roots, after.threshold):
        return None
    added = tuple(root for root in after.roots if root not in before.roots)
    dropped = tuple(root for root in before.roots if root not in after.roots)
    return RootChange(after.version, added, dropped, before.threshold, after.threshold, len(after.roots))


def sides(before: Keyset | None, after: Keyset, signers: Collection[bytes]) -> tuple[Side, ...]:
    """Whose signatures the keyset `after` needs: those of the one before and its own, told once where they are the same."""
    judges = [(before, False)] if before is not None else []
    if before is None or change_of(before, after) is not None:
        judges.append((after, True))
    return tuple(
        Side(
            judge.version,
            is_proposed,
            judge.threshold,
            tuple(root for root in judge.roots if root in signers),
            tuple(root for root in judge.roots if root not in signers),
        )
        for judge, is_proposed in judges
    )


def strangers(before: Keyset | None, after: Keyset, signers: Collection[bytes]) -> tuple[bytes, ...]:
    """Who signs and is no root key of either; nobody is known to be one where the keyset before is not known."""
    known = {*before.roots, *after.roots} if before is not None else set(signers)
    return tuple(sorted(set(signers) - known))
