"""Product keys: 25 characters that people can type (spec/productkey.md).

125 bits in Crockford base32: version 3, kind 2, scope 24, random 86, check 10. The check is two symbols of a Reed-Solomon
code over GF(32): every one or two wrong characters, and every swap, is noticed, and a single wrong one is located.
Nothing here knows whether the vendor issued a key.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import IntEnum
from typing import NamedTuple

from muster.base.errors import Code, Malformed
from muster.wire.activation import U24
from muster.wire.cbor import check_uint

VERSION = 1
CHARACTERS = 25
GROUP_CHARACTERS = 5
DATA_CHARACTERS = 23
RANDOM_BITS = 86
RANDOM_BYTES = 11
REFERENCE_BYTES = 8
MAX_TYPED_CHARACTERS = 200

LABEL_REFERENCE = b"muster-key-ref-v1"
LABEL_SECRET = b"muster-iid-v1"
LABEL_GENERIC = b"muster-generic-v1"

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = {**{c: i for i, c in enumerate(ALPHABET)}, "O": 0, "I": 1, "L": 1}
_SEPARATORS = dict.fromkeys(map(ord, " \t\r\n-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d\u00ad\u00a0"))

_FIELD_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive over GF(2)
_EXP = [1]
for _ in range(30):
    _EXP.append(_EXP[-1] << 1 if _EXP[-1] < 16 else (_EXP[-1] << 1) ^ _FIELD_POLYNOMIAL)  # noqa: PLR2004 - overflow of 5 bits
_LOG = {value: power for power, value in enumerate(_EXP)}
_ORDER = len(_EXP)


class KeyKind(IntEnum):
    """What a key is good for."""

    GENERIC = 0
    HOST = 1
    MAK = 2

    def __str__(self) -> str:
        return self.name.lower()


class ProductKey(NamedTuple):
    """A key with a sound check. `scope` is a group's id for a host key, an edition's otherwise; `text` has 25 characters."""

    kind: KeyKind
    scope: int
    text: str

    @property
    def partial(self) -> str:
        """The last five characters: what may be shown."""
        return self.text[-GROUP_CHARACTERS:]

    @property
    def formatted(self) -> str:
        """Five groups of five with hyphens."""
        return "-".join(self.text[i : i + GROUP_CHARACTERS] for i in range(0, CHARACTERS, GROUP_CHARACTERS))

    @property
    def reference(self) -> bytes:
        """8 bytes that name the key without revealing it."""
        return hashlib.sha256(LABEL_REFERENCE + self.text.encode()).digest()[:REFERENCE_BYTES]

    @property
    def secret(self) -> bytes:
        """K, 32 bytes: proves possession of the key in installation ids."""
        return hmac.digest(self.text.encode(), LABEL_SECRET, "sha256")


def make_key(kind: KeyKind, scope: int, random: bytes) -> ProductKey:
    """The key with the first 86 bits of `random` in it; `ValueError` for fewer than 11 bytes."""
    if len(random) < RANDOM_BYTES:
        message = f"{len(random)} random bytes are too few"
        raise ValueError(message)
    chance = int.from_bytes(random[:RANDOM_BYTES], "big") >> (8 * RANDOM_BYTES - RANDOM_BITS)
    value = ((VERSION << 2 | kind) << 24 | check_uint("scope", scope, U24)) << RANDOM_BITS | chance
    symbols = [value >> 5 * i & 31 for i in reversed(range(DATA_CHARACTERS))]
    return ProductKey(kind, scope, "".join(ALPHABET[s] for s in [*symbols, *_check_symbols(symbols)]))


def generic_key(fingerprint: bytes, edition: int) -> ProductKey:
    """The public key of an edition, derived from the vendor fingerprint and the edition's id."""
    chance = hashlib.sha256(LABEL_GENERIC + fingerprint + edition.to_bytes(4, "big")).digest()
    return make_key(KeyKind.GENERIC, edition, chance)


def parse_key(text: str) -> ProductKey:
    """Read a key as people type it; `Malformed` with KEY_MALFORMED says where the error is when that can be known."""
    if len(text) > MAX_TYPED_CHARACTERS:
        raise _typing_error("it is far too long")
    typed = text.translate(_SEPARATORS).upper()
    for position, character in enumerate(typed):
        if character not in _READ_AS:
            raise _typing_error(f"{character!r} in group {position // GROUP_CHARACTERS + 1} is not a key character")
    if len(typed) != CHARACTERS:
        raise _typing_error(f"it has {len(typed)} characters, not {CHARACTERS}")
    symbols = [_READ_AS[c] for c in typed]
    s1, s2 = _syndromes(symbols)
    if s1 or s2:
        raise _typing_error(_locate(s1, s2))
    value = 0
    for symbol in symbols[:DATA_CHARACTERS]:
        value = value << 5 | symbol
    head = value >> RANDOM_BITS + 24
    if head >> 2 != VERSION or head & 3 not in set(KeyKind):
        raise Malformed(Code.KEY_MALFORMED, "the product key is of a kind that this version does not know")
    return ProductKey(KeyKind(head & 3), value >> RANDOM_BITS & U24, "".join(ALPHABET[s] for s in symbols))


def _typing_error(problem: str) -> Malformed:
    return Malformed(Code.KEY_MALFORMED, f"the product key has a typing error: {problem}")


def _multiply(a: int, power: int) -> int:
    return _EXP[(_LOG[a] + power) % _ORDER] if a else 0


def _syndromes(symbols: list[int]) -> tuple[int, int]:
    """The word as a polynomial (first symbol highest) at alpha and alpha squared; both are zero for a sound key."""
    s1 = s2 = 0
    for symbol in symbols:
        s1 = _multiply(s1, 1) ^ symbol
        s2 = _multiply(s2, 2) ^ symbol
    return s1, s2


def _check_symbols(data: list[int]) -> list[int]:
    """The two symbols that make both syndromes zero: the remainder by (x - alpha)(x - alpha squared)."""
    high, low = 0, 0
    for symbol in data:
        lead = symbol ^ high
        high, low = low ^ _multiply(lead, _LOG[_EXP[1] ^ _EXP[2]]), _multiply(lead, 3)
    return [high, low]


def _locate(s1: int, s2: int) -> str:
    """Where a single wrong character must be: s2 / s1 is alpha to the power of its place from the end."""
    if s1 and s2:
        place = (_LOG[s2] - _LOG[s1]) % _ORDER
        if place < CHARACTERS:
            return f"look at group {(CHARACTERS - 1 - place) // GROUP_CHARACTERS + 1}"
    return "more than one character is wrong"
