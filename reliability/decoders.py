"""Everything that reads bytes or text from outside, and what must hold for each input: accepted or refused, never anything else.

What is accepted encodes to the same bytes again, and where it is CBOR, a general decoder (cbor2) reads it too and writes
the same bytes in canonical form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cbor2

from muster.base.config import parse_duration
from muster.base.errors import Code, MusterError
from muster.client.core import control, discovery, remote
from muster.client.core.carried import decode_carried
from muster.host.core.backup import decode_backup
from muster.host.core.identity import decode_identity
from muster.trust import bundle as trusted_bundle
from muster.trust.humanid import format_confirmation, format_installation, parse_confirmation, parse_installation
from muster.trust.keyset import enter
from muster.trust.product import open_product
from muster.trust.productkey import parse_key
from muster.wire import (
    activation,
    bundle,
    certificate,
    confirmation,
    installation,
    keyset,
    product,
    record,
    report,
    sign1,
)
from muster.wire.armour import PRODUCT_FILE, dearmour
from reliability import settings_files

VECTORS = Path(__file__).resolve().parents[1] / "spec" / "vectors"
CORPORA = Path(__file__).resolve().parent / "corpora"
MAX_INPUT = 8_192
"""The longest input that is tried; limits on length lie below it or are tried by vectors."""


class Decoder(NamedTuple):
    """`read` raises `MusterError` for what it refuses; seeds are the strings in these folders of spec/vectors."""

    read: Callable[[bytes], object]
    vectors: tuple[str, ...]


def _canonical(data: bytes) -> None:
    """A second, general decoder takes it too, all of it, and would have written it so."""
    assert cbor2.dumps(cbor2.loads(data), canonical=True) == data, "cbor2 writes it differently"


def _twice(decode: Callable[[bytes], Any], encode: Callable[[Any], bytes]) -> Callable[[bytes], object]:
    """CBOR that is accepted in one form only."""

    def read(data: bytes) -> object:
        found = decode(data)
        assert encode(found) == data, "it encodes to other bytes"
        _canonical(data)
        return found

    return read


def _same(decode: Callable[[bytes], Any], encode: Callable[[Any], bytes]) -> Callable[[bytes], object]:
    """Bytes of our own layout that are accepted in one form only."""

    def read(data: bytes) -> object:
        found = decode(data)
        assert encode(found) == data, "it encodes to other bytes"
        return found

    return read


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _request(data: bytes) -> object:
    """The quick reader of hosts and the strict one say the same, the refusal included."""
    said: list[tuple[object, object]] = []
    for read in (activation.decode_request, activation.RequestReader().read, _KEPT.read):
        try:
            said.append((read(data), None))
        except MusterError as error:
            said.append((None, (error.code, error.message)))
    assert said[0] == said[1] == said[2], "two readers differ"
    if said[0][0] is None:
        return activation.decode_request(data)
    return _twice(activation.decode_request, activation.encode_request)(data)


_KEPT = activation.RequestReader()


def _installation_digits(data: bytes) -> object:
    found = parse_installation(_text(data))
    assert parse_installation(format_installation(found)) == found
    return found


def _confirmation_digits(data: bytes) -> object:
    found = parse_confirmation(_text(data))
    assert parse_confirmation(format_confirmation(found)) == found
    return found


def _product_key(data: bytes) -> object:
    found = parse_key(_text(data))
    assert parse_key(found.formatted) == found
    return found


def _control(data: bytes) -> object:
    found = control.decode_request(data)
    json.loads(data)
    return found


def _duration(data: bytes) -> object:
    try:
        return parse_duration(_text(data))
    except ValueError as error:
        raise MusterError(Code.SETTINGS_INVALID, str(error)) from error


def _file_of_confirmation(data: bytes) -> object:
    found = confirmation.decode_confirmation_file(data)
    assert confirmation.decode_confirmation_file(confirmation.encode_confirmation_file(*found)) == found
    return found


def _file_of_installation(data: bytes) -> object:
    found = confirmation.decode_installation_file(data)
    assert confirmation.decode_installation_file(confirmation.encode_installation_file(found)) == found
    return found


_VENDOR = enter(
    [bytes.fromhex(d) for d in json.loads((VECTORS / "keyset/chain.json").read_text())["given"]["documents"]]
)

DECODERS: dict[str, Decoder] = {
    "request": Decoder(_request, ("activation",)),
    "claims": Decoder(_twice(activation.decode_claims, activation.encode_claims), ("activation",)),
    "hint": Decoder(_twice(activation.decode_hint, activation.encode_hint), ("activation",)),
    "sign1": Decoder(_twice(sign1.decode_sign1, sign1.encode_sign1), ("sign1", "certificate")),
    "certificate": Decoder(_twice(certificate.decode_certificate, certificate.encode_certificate), ("certificate",)),
    "keyset": Decoder(_twice(keyset.decode_keyset, keyset.encode_keyset), ("keyset",)),
    "signed_keyset": Decoder(_twice(keyset.decode_signed_keyset, keyset.encode_signed_keyset), ("keyset",)),
    "keyset_request": Decoder(
        _twice(keyset.decode_keyset_request, keyset.encode_keyset_request), ("keyset", "activation")
    ),
    "keyset_part": Decoder(_twice(keyset.decode_keyset_part, keyset.encode_keyset_part), ("keyset",)),
    "product": Decoder(_twice(product.decode_product, product.encode_product), ("product",)),
    "product_file": Decoder(product.decode_product_file, ("product",)),
    "product_opened": Decoder(open_product, ("product",)),
    "record": Decoder(_same(record.decode_record, record.encode_record), ("record",)),
    "secrets": Decoder(_same(record.decode_secrets, record.encode_secrets), ("record",)),
    "report_file": Decoder(report.decode_report_file, ("report",)),
    "report_claims": Decoder(report.decode_claims, ("report",)),
    "report_machines": Decoder(report.unpack_machines, ("report",)),
    "request_bundle": Decoder(bundle.decode_request_bundle, ("bundle",)),
    "confirmation_bundle": Decoder(bundle.decode_confirmation_bundle, ("bundle",)),
    "bundle_rows": Decoder(bundle.decode_rows, ("bundle",)),
    "bundle_claims": Decoder(bundle.decode_claims, ("bundle",)),
    "bundle_opened": Decoder(lambda data: trusted_bundle.open_bundle(data, _VENDOR), ("bundle",)),
    "installation": Decoder(_same(installation.unpack_installation, installation.pack_installation), ("installation",)),
    "confirmation": Decoder(_same(confirmation.unpack_confirmation, confirmation.pack_confirmation), ("confirmation",)),
    "installation_file": Decoder(_file_of_installation, ("installation", "confirmation")),
    "confirmation_file": Decoder(_file_of_confirmation, ("confirmation",)),
    "installation_digits": Decoder(_installation_digits, ("humanid",)),
    "confirmation_digits": Decoder(_confirmation_digits, ("humanid",)),
    "product_key": Decoder(_product_key, ("productkey",)),
    "armour": Decoder(lambda data: dearmour(data, PRODUCT_FILE), ("armour", "product")),
    "carried": Decoder(decode_carried, ("activation", "armour")),
    "control_request": Decoder(_control, ("control",)),
    "remote_request": Decoder(remote.decode_remote, ("remote",)),
    "host_address": Decoder(lambda data: discovery.parse_addresses(_text(data)), ("discovery",)),
    "duration": Decoder(_duration, ()),
    "host_identity": Decoder(decode_identity, ()),
    "host_backup": Decoder(decode_backup, ("armour",)),
    **{name: Decoder(read, ()) for name, read in settings_files.readers().items()},
}


def seeds(name: str) -> Iterator[bytes]:
    """What the vectors of a decoder give to its like: every string in them, as bytes."""
    for folder in DECODERS[name].vectors:
        for file in sorted((VECTORS / folder).glob("*.json")):
            yield from _strings(json.loads(file.read_text())["given"])
    yield from DURATIONS if name == "duration" else settings_files.seeds(name)


DURATIONS = (b"180d", b"2h", b"15min", b"90s")


def _strings(given: Any) -> Iterator[bytes]:
    if isinstance(given, str):
        try:
            yield bytes.fromhex(given)
        except ValueError:
            yield given.encode()
    elif isinstance(given, dict):
        for value in given.values():
            yield from _strings(value)
    elif isinstance(given, list):
        for value in given:
            yield from _strings(value)


def corpus(name: str) -> Iterator[bytes]:
    """What was found by running, beyond the vectors."""
    folder = CORPORA / name
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield file.read_bytes()


def attempt(name: str, data: bytes) -> bool:
    """Whether it is accepted. Anything but an acceptance or a refusal is raised: a find."""
    try:
        DECODERS[name].read(data)
    except MusterError:
        return False
    return True
