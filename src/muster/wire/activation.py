"""Activation messages: request, claims of reply and refusal, hint (spec/activation.md, spec/activation.cddl)."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import NamedTuple

from muster.base.errors import Code, Malformed
from muster.wire.cbor import ARRAY, Reader, Value, check_bytes, check_uint, encode, head, wrong
from muster.wire.frame import MAX_BODY

VERSION = 1
KIND_ACTIVATION = 0
KIND_KEYSET = 1

U8, U16, U24, U32 = 0xFF, 0xFFFF, 0xFF_FFFF, 0xFFFF_FFFF
VENDOR_ID_BYTES = 8
CLIENT_ID_BYTES = 16
PARTS_BYTES = 16
NONCE_BYTES = 16
MAX_THRESHOLD = 1000
MIN_INTERVAL_MINUTES = 15
MAX_INTERVAL_MINUTES = 30 * 24 * 60

MAX_HEADS = 4_096

_REQUEST_FIELDS = 12
_BSTR_16 = 0x50
_TAIL_BYTES = 3 * (1 + 16) + 2
_HEAD_FIELDS = 2
_REPLY_FIELDS = 5
_REFUSAL_FIELDS = 4


class State(IntEnum):
    """State of an edition on a machine (spec/states.md); `str()` is its name."""

    # By which requests are tallied: the hash of an enum is a call into Python.
    __hash__ = int.__hash__

    UNLICENSED = 0
    INITIAL_GRACE = 1
    LICENSED = 2
    RENEWAL_GRACE = 3
    NOTIFICATION = 4

    def __str__(self) -> str:
        return self.name


class Flags(IntFlag):
    """What a machine says of itself in a request; shown in the host's inventory, never decided upon."""

    NONE = 0
    VIRTUAL = 1
    EPHEMERAL = 2
    RENEWAL = 4


# Looked up instead of made: a host does it for every request.
_STATES = tuple(State)
_FLAGS = tuple(Flags(bits) for bits in range(int(Flags.VIRTUAL | Flags.EPHEMERAL | Flags.RENEWAL) + 1))


class ActivationRequest(NamedTuple):
    """What one machine asks for one edition. `threshold` is the edition's (1 ... 1,000); it sizes the host's cache."""

    vendor_id: bytes
    edition: int
    group: int
    level: int
    threshold: int
    client_id: bytes
    parts: bytes
    nonce: bytes
    state: State
    flags: Flags = Flags.NONE


class ReplyClaims(NamedTuple):
    """What a host signs: the count, its clock (seconds since 1970) and its intervals in minutes."""

    count: int  # type: ignore[assignment]  # nobody counts the fields of a record
    host_time: int
    retry_minutes: int
    renew_minutes: int


class RefusalClaims(NamedTuple):
    """A signed no: `code` is `Code.number`."""

    code: int
    host_time: int
    retry_minutes: int


class Hint(NamedTuple):
    """An unsigned word: shown to people, never believed. `version` is the highest that the host speaks."""

    version: int
    code: int


def request_kind(body: bytes) -> int:
    """`KIND_ACTIVATION` or `KIND_KEYSET`. `Malformed` with VERSION_NOT_SUPPORTED for another version of ours."""
    if len(body) > MAX_BODY:
        raise wrong("too long")
    reader = Reader(body)
    if reader.array_up_to(_REQUEST_FIELDS) < _HEAD_FIELDS:
        raise wrong("not a request")
    if (version := reader.uint(U8)) != VERSION:
        raise Malformed(Code.VERSION_NOT_SUPPORTED, f"protocol version {version} is not known here")
    kind = reader.uint(U8)
    if kind not in {KIND_ACTIVATION, KIND_KEYSET}:
        raise wrong(f"no request of kind {kind}")
    return kind


def encode_request(request: ActivationRequest) -> bytes:
    """The body of an activation request; `ValueError` for values that no decoder takes."""
    client_id = check_bytes("client_id", request.client_id, CLIENT_ID_BYTES)
    parts = check_bytes("parts", request.parts, PARTS_BYTES)
    nonce = check_bytes("nonce", request.nonce, NONCE_BYTES)
    before = _encode_head(request.vendor_id, request.edition, request.group, request.level, request.threshold)
    # Sixteen bytes, three times, and two small integers: each has one head in every request.
    return b"%bP%bP%bP%b%c%c" % (before, client_id, parts, nonce, request.state, request.flags)


@lru_cache(MAX_HEADS)
def _encode_head(vendor_id: bytes, edition: int, group: int, level: int, threshold: int) -> bytes:
    """What comes before the client id: it is the same for every machine with the same edition."""
    fields: list[Value] = [
        VERSION,
        KIND_ACTIVATION,
        check_bytes("vendor_id", vendor_id, VENDOR_ID_BYTES),
        check_uint("edition", edition, U24),
        check_uint("group", group, U24),
        check_uint("level", level, U8),
        check_uint("threshold - 1", threshold - 1, MAX_THRESHOLD - 1) + 1,
    ]
    return head(ARRAY, _REQUEST_FIELDS) + encode(fields)[1:]


def decode_request(body: bytes) -> ActivationRequest:
    """Read an activation request; `Malformed` for anything else."""
    if len(body) > MAX_BODY:
        raise wrong("too long")
    reader = Reader(body)
    reader.array(_REQUEST_FIELDS)
    reader.const(VERSION)
    reader.const(KIND_ACTIVATION)
    request = ActivationRequest(
        reader.bstr(VENDOR_ID_BYTES),
        reader.uint(U24),
        reader.uint(U24),
        reader.uint(U8),
        reader.uint(MAX_THRESHOLD),
        reader.bstr(CLIENT_ID_BYTES),
        reader.bstr(PARTS_BYTES),
        reader.bstr(NONCE_BYTES),
        _STATES[reader.uint(len(_STATES) - 1)],
        _FLAGS[reader.uint(len(_FLAGS) - 1)],
    )
    reader.end()
    if request.threshold == 0:
        raise wrong("a threshold of 0")
    return request


class RequestReader:
    """Reads the requests of many machines with few editions: what stands before the client id is read once for each edition.

    Takes exactly what `decode_request` takes, and says the same; a test holds the two together.
    """

    def __init__(self) -> None:
        self._heads: dict[bytes, tuple[bytes, int, int, int, int]] = {}

    def read(self, body: bytes) -> ActivationRequest:
        """Read an activation request; `Malformed` for anything else."""
        # Client id, parts, nonce, state and flags have one width in every legal request: they are the last 53 bytes.
        head = self._heads.get(body[:-_TAIL_BYTES])
        if head is None or not body[-53] == body[-36] == body[-19] == _BSTR_16:
            return self._read_strictly(body)
        state, flags = body[-2], body[-1]
        if state >= len(_STATES) or flags >= len(_FLAGS):
            return self._read_strictly(body)
        return ActivationRequest(*head, body[-52:-36], body[-35:-19], body[-18:-2], _STATES[state], _FLAGS[flags])

    def _read_strictly(self, body: bytes) -> ActivationRequest:
        request = decode_request(body)
        if len(self._heads) >= MAX_HEADS:
            self._heads.clear()
        self._heads[body[:-_TAIL_BYTES]] = request[:5]
        return request


def encode_claims(claims: ReplyClaims | RefusalClaims) -> bytes:
    """The payload that a host signs."""
    host_time = check_uint("host_time", claims.host_time, U32)
    retry = check_uint("retry_minutes", claims.retry_minutes, U16)
    if isinstance(claims, RefusalClaims):
        return encode([VERSION, check_uint("code", claims.code, U8), host_time, retry])
    count = check_uint("count", claims.count, U16)
    return encode([VERSION, count, host_time, retry, check_uint("renew_minutes", claims.renew_minutes, U16)])


def decode_claims(payload: bytes) -> ReplyClaims | RefusalClaims:
    """Read signed claims: five elements are a reply, four a refusal."""
    reader = Reader(payload)
    fields = reader.array_up_to(_REPLY_FIELDS)
    if fields not in {_REPLY_FIELDS, _REFUSAL_FIELDS}:
        raise wrong(f"claims of {fields} elements")
    reader.const(VERSION)
    claims: ReplyClaims | RefusalClaims
    if fields == _REPLY_FIELDS:
        claims = ReplyClaims(reader.uint(U16), reader.uint(U32), reader.uint(U16), reader.uint(U16))
    else:
        claims = RefusalClaims(reader.uint(U8), reader.uint(U32), reader.uint(U16))
    reader.end()
    return claims


def encode_hint(hint: Hint) -> bytes:
    """The body of a hint."""
    return encode([check_uint("version", hint.version, U8), check_uint("code", hint.code, U8)])


def decode_hint(body: bytes) -> Hint:
    """Read a hint; `Malformed` for anything else."""
    reader = Reader(body)
    reader.array(2)
    hint = Hint(reader.uint(U8), reader.uint(U8))
    reader.end()
    return hint


def is_hint(body: bytes) -> bool:
    """Whether a reply body is a hint (an array of two) rather than a signed answer (an array of four)."""
    return body[:1] == b"\x82"
