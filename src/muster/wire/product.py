"""The product file: what a vendor ships to machines and hosts (spec/product.md, spec/product.cddl)."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
from typing import NamedTuple

from muster.wire.activation import MAX_THRESHOLD, U8, U16, U24, U32
from muster.wire.cbor import Reader, Value, check_readable, check_uint, encode, wrong
from muster.wire.keyset import MAX_KEYSET_BYTES, MAX_KEYSETS
from muster.wire.sign1 import MAX_PAYLOAD_BYTES

FORMAT = 1
MAX_NAME_BYTES = 64
MAX_URL_BYTES = 256
MAX_GROUPS = 256
MAX_EDITIONS = 512
MAX_FEATURES = 64
MAX_EXTENSIONS = 16
MAX_EXTENSION_BYTES = 4096
MAX_POLICY_MINUTES = 36_500 * 24 * 60
MAX_PRODUCT_BYTES = MAX_PAYLOAD_BYTES + 256
MAX_FILE_BYTES = MAX_KEYSETS * (MAX_KEYSET_BYTES + 3) + MAX_PRODUCT_BYTES + 16


class DeviceClass(IntEnum):
    """Class of an edition; it gives the default threshold (25 clients, 5 servers)."""

    CLIENT = 0
    SERVER = 1

    def __str__(self) -> str:
        return self.name.lower()


DEFAULT_THRESHOLD = {DeviceClass.CLIENT: 25, DeviceClass.SERVER: 5}


class Policy(NamedTuple):
    """How long things hold (spec/product.md); travels in whole minutes."""

    validity: timedelta = timedelta(days=180)
    renewal: timedelta = timedelta(days=7)
    retry: timedelta = timedelta(hours=2)
    first_grace: timedelta = timedelta(days=30)
    renewal_grace: timedelta = timedelta(days=30)
    unproven_grace: timedelta = timedelta(days=30)
    warning: timedelta = timedelta(days=30)
    rearms: int = 3
    srv: str = "_muster._tcp"


class Group(NamedTuple):
    """Editions whose machines are counted together."""

    id: int
    name: str


class Edition(NamedTuple):
    """What is licensed. `group` is a group's id; `released_day` 0 when unknown."""

    id: int
    name: str
    product: str
    group: int
    level: int
    device_class: DeviceClass
    threshold: int
    released_day: int = 0
    features: tuple[str, ...] = ()


class ProductClaims(NamedTuple):
    """What the vendor signs. `serial` grows with every product file; `service` is a URL or empty."""

    issuing_key: int
    serial: int
    issued_day: int
    vendor: str
    service: str
    policy: Policy
    groups: tuple[Group, ...]
    editions: tuple[Edition, ...]
    extensions: tuple[tuple[int, bytes], ...] = ()


class ProductFile(NamedTuple):
    """Keysets 1 ... N as signed documents, then the signed claims."""

    keysets: tuple[bytes, ...]
    product: bytes


def _minutes(name: str, duration: timedelta) -> int:
    return check_uint(name, int(duration.total_seconds() // 60), MAX_POLICY_MINUTES)


def encode_product(claims: ProductClaims) -> bytes:
    """The payload that the vendor signs; `ValueError` for claims that no decoder takes."""
    policy = claims.policy
    payload = encode(
        [
            FORMAT,
            check_uint("issuing_key", claims.issuing_key, U8),
            check_uint("serial", claims.serial, U32),
            check_uint("issued_day", claims.issued_day, U16),
            claims.vendor,
            claims.service,
            [
                _minutes("validity", policy.validity),
                _minutes("renewal", policy.renewal),
                _minutes("retry", policy.retry),
                _minutes("first_grace", policy.first_grace),
                _minutes("renewal_grace", policy.renewal_grace),
                _minutes("unproven_grace", policy.unproven_grace),
                _minutes("warning", policy.warning),
                check_uint("rearms", policy.rearms, U8),
                policy.srv,
            ],
            [[check_uint("group id", g.id, U24), g.name] for g in claims.groups],
            [_encode_edition(e) for e in claims.editions],
            [[check_uint("extension", number, U16), data] for number, data in claims.extensions],
        ]
    )
    if len(payload) > MAX_PAYLOAD_BYTES:
        message = f"a product of {len(payload)} bytes"
        raise ValueError(message)
    return check_readable(payload, decode_product)


def _encode_edition(edition: Edition) -> list[Value]:
    return [
        check_uint("edition id", edition.id, U24),
        edition.name,
        edition.product,
        check_uint("group", edition.group, U24),
        check_uint("level", edition.level, U8),
        int(edition.device_class),
        check_uint("threshold", edition.threshold, MAX_THRESHOLD),
        check_uint("released_day", edition.released_day, U16),
        list(edition.features),
    ]


def decode_product(payload: bytes) -> ProductClaims:
    """Read product claims; `Malformed` for another shape, doubled names or ids, or an edition of no group."""
    reader = Reader(payload)
    reader.array(10)
    reader.const(FORMAT)
    claims = ProductClaims(
        issuing_key=reader.uint(U8),
        serial=reader.uint(U32),
        issued_day=reader.uint(U16),
        vendor=reader.text(MAX_NAME_BYTES),
        service=reader.text(MAX_URL_BYTES),
        policy=_policy(reader),
        groups=tuple(_group(reader) for _ in range(reader.array_up_to(MAX_GROUPS))),
        editions=tuple(_edition(reader) for _ in range(reader.array_up_to(MAX_EDITIONS))),
        extensions=tuple(_extension(reader) for _ in range(reader.array_up_to(MAX_EXTENSIONS))),
    )
    reader.end()
    _check_unique(claims)
    return claims


def _policy(reader: Reader) -> Policy:
    reader.array(9)
    return Policy(
        validity=_duration(reader),
        renewal=_duration(reader),
        retry=_duration(reader),
        first_grace=_duration(reader),
        renewal_grace=_duration(reader),
        unproven_grace=_duration(reader),
        warning=_duration(reader),
        rearms=reader.uint(U8),
        srv=reader.text(MAX_NAME_BYTES),
    )


def _duration(reader: Reader) -> timedelta:
    return timedelta(minutes=reader.uint(MAX_POLICY_MINUTES))


def _group(reader: Reader) -> Group:
    reader.array(2)
    return Group(reader.uint(U24), reader.text(MAX_NAME_BYTES))


def _edition(reader: Reader) -> Edition:
    reader.array(9)
    return Edition(
        id=reader.uint(U24),
        name=reader.text(MAX_NAME_BYTES),
        product=reader.text(MAX_NAME_BYTES),
        group=reader.uint(U24),
        level=reader.uint(U8),
        device_class=DeviceClass(reader.uint(max(DeviceClass))),
        threshold=reader.uint(MAX_THRESHOLD),
        released_day=reader.uint(U16),
        features=tuple(reader.text(MAX_NAME_BYTES) for _ in range(reader.array_up_to(MAX_FEATURES))),
    )


def _extension(reader: Reader) -> tuple[int, bytes]:
    reader.array(2)
    return reader.uint(U16), reader.bstr_up_to(MAX_EXTENSION_BYTES)


def _check_unique(claims: ProductClaims) -> None:
    groups = {g.id for g in claims.groups}
    for noun, values in (
        ("group id", [g.id for g in claims.groups]),
        ("group", [g.name for g in claims.groups]),
        ("edition id", [e.id for e in claims.editions]),
        ("edition", [e.name for e in claims.editions]),
    ):
        if len(set(values)) != len(values):
            raise wrong(f"a doubled {noun}")
    for edition in claims.editions:
        if edition.group not in groups:
            raise wrong(f"edition {edition.name} is of no known group")
        if edition.threshold == 0:
            raise wrong(f"edition {edition.name} has a threshold of 0")


def encode_product_file(file: ProductFile) -> bytes:
    """The whole file, before its armour."""
    return encode([list(file.keysets), file.product])


def decode_product_file(data: bytes) -> ProductFile:
    """Read a product file without believing it."""
    if len(data) > MAX_FILE_BYTES:
        raise wrong("a product file that is too long")
    reader = Reader(data)
    reader.array(2)
    keysets = tuple(reader.bstr_up_to(MAX_KEYSET_BYTES) for _ in range(reader.array_up_to(MAX_KEYSETS)))
    file = ProductFile(keysets, reader.bstr_up_to(MAX_PRODUCT_BYTES))
    reader.end()
    return file
