"""The strict subset of CBOR that Muster speaks (spec/encoding.md; RFC 8949 §4.2.1, deterministic).

Unsigned integers, byte strings, text strings and arrays of definite length; shortest heads; no tags, maps, floats,
simple values; nothing after the end. The one map of the protocol, the COSE header, is matched byte by byte
(`Reader.literal`). A reader never recurses and never allocates by a length that the data do not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from muster.base.errors import Code, Malformed

Value: TypeAlias = "int | bytes | str | list[Value] | tuple[Value, ...]"

UINT, BSTR, TSTR, ARRAY = 0, 2, 3, 4
_LONG_HEADS_FROM = 24
_LONG_HEADS = {24: 1, 25: 2, 26: 4, 27: 8}
_OCTETS = tuple(bytes((value,)) for value in range(256))
_SMALLEST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}


def encode(value: Value) -> bytes:
    """Deterministic CBOR of integers from 0 to 2^64 - 1, byte strings, text and nested sequences."""
    if type(value) is bytes:
        return head(BSTR, len(value)) + value
    if isinstance(value, int):
        return head(UINT, value)
    if isinstance(value, str):
        text = value.encode()
        return head(TSTR, len(text)) + text
    if isinstance(value, bytes):
        return head(BSTR, len(value)) + value
    return head(ARRAY, len(value)) + b"".join([encode(element) for element in value])


def head(major: int, argument: int) -> bytes:
    """The shortest head of a major type; `ValueError` for what CBOR's unsigned integers cannot hold."""
    first = major << 5
    if 0 <= argument < _LONG_HEADS_FROM:
        return _OCTETS[first | argument]
    for low, size in _LONG_HEADS.items():
        if _SMALLEST[size] <= argument < 1 << (8 * size):
            return bytes((first | low,)) + argument.to_bytes(size, "big")
    message = f"{argument} is no unsigned integer of 64 bits"
    raise ValueError(message)


def wrong(problem: str) -> Malformed:
    """The one error of every decoder."""
    return Malformed(Code.MESSAGE_MALFORMED, f"the message is malformed: {problem}")


class Reader:
    """A cursor over one encoded item; every method takes the next element or raises `Malformed`."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _head(self, major: int) -> int:
        """The argument of the next head, which must be of `major` type and in its shortest form."""
        data, at = self._data, self._at
        if at >= len(data):
            raise wrong("it ends too early")
        first = data[at]
        if first >> 5 != major:
            raise wrong(f"major type {first >> 5} at byte {at}, not {major}")
        low = first & 31
        if low < _LONG_HEADS_FROM:
            self._at = at + 1
            return low
        size = _LONG_HEADS.get(low)
        if size is None:
            raise wrong(f"reserved or indefinite length at byte {at}")
        end = at + 1 + size
        if end > len(data):
            raise wrong("it ends too early")
        value = int.from_bytes(data[at + 1 : end], "big")
        if value < _SMALLEST[size]:
            raise wrong(f"an integer longer than needed at byte {at}")
        self._at = end
        return value

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise wrong("it ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def array(self, size: int) -> None:
        """The head of an array of exactly `size` elements."""
        if (got := self._head(ARRAY)) != size:
            raise wrong(f"an array of {got} elements, not {size}")

    def array_up_to(self, limit: int) -> int:
        """The head of an array of at most `limit` elements; returns how many."""
        if (got := self._head(ARRAY)) > limit:
            raise wrong(f"an array of {got} elements, more than {limit}")
        return got

    def uint(self, maximum: int) -> int:
        """An unsigned integer of at most `maximum`."""
        if (got := self._head(UINT)) > maximum:
            raise wrong(f"{got} is more than {maximum}")
        return got

    def const(self, value: int) -> None:
        """Exactly the unsigned integer `value`."""
        if (got := self._head(UINT)) != value:
            raise wrong(f"{got}, not {value}")

    def bstr(self, size: int) -> bytes:
        """A byte string of exactly `size` bytes."""
        if (got := self._head(BSTR)) != size:
            raise wrong(f"a byte string of {got} bytes, not {size}")
        return self._take(size)

    def bstr_up_to(self, limit: int) -> bytes:
        """A byte string of at most `limit` bytes."""
        if (got := self._head(BSTR)) > limit:
            raise wrong(f"a byte string of {got} bytes, more than {limit}")
        return self._take(got)

    def text(self, limit: int) -> str:
        """A text string of at most `limit` bytes of UTF-8, without control characters."""
        if (got := self._head(TSTR)) > limit:
            raise wrong(f"a text of {got} bytes, more than {limit}")
        try:
            text = self._take(got).decode()
        except UnicodeDecodeError as error:
            raise wrong("a text that is not UTF-8") from error
        if not text.isprintable():
            raise wrong("a text with control characters")
        return text

    def literal(self, expected: bytes) -> None:
        """Exactly these bytes."""
        if self._take(len(expected)) != expected:
            raise wrong("a header of another suite")

    def starts(self, prefix: bytes) -> bool:
        """Whether the rest begins with `prefix`; takes nothing."""
        return self._data.startswith(prefix, self._at)

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._data):
            raise wrong(f"{len(self._data) - self._at} bytes after the end")


def check_uint(name: str, value: int, maximum: int) -> int:
    """`value` when an encoder may write it, `ValueError` otherwise: encoders never make what decoders refuse."""
    if not 0 <= value <= maximum:
        message = f"{name} = {value} is outside 0 ... {maximum}"
        raise ValueError(message)
    return value


def check_bytes(name: str, value: bytes, size: int) -> bytes:
    """`value` when it is `size` bytes long, `ValueError` otherwise."""
    if len(value) != size:
        message = f"{name} has {len(value)} bytes, not {size}"
        raise ValueError(message)
    return value


def check_readable(data: bytes, decode: Callable[[bytes], object]) -> bytes:
    """`data` when `decode` takes it, `ValueError` otherwise: for documents with more rules than widths."""
    try:
        decode(data)
    except Malformed as error:
        raise ValueError(error.message) from error
    return data
