"""Fetching the vendor's newer keysets from a host, part by part (spec/keyset.md §Transfer).

What arrives is unsigned and hostile until the whole chain proves itself; the old chain stays in
force until then. A pure generator: it yields bodies to send and is sent bodies, or the error that
came instead. Never loses the chain that is trusted already.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

from muster.base.errors import MusterError
from muster.trust.keyset import TrustedKeysets, merge
from muster.wire.cbor import wrong
from muster.wire.keyset import (
    MAX_KEYSETS,
    KeysetRequest,
    decode_keyset_part,
    encode_keyset_request,
)

MAX_EXCHANGES = 256

KeysetTalk = Generator[bytes, bytes | MusterError, TrustedKeysets]


def fetch_keysets(trusted: TrustedKeysets, now: datetime) -> KeysetTalk:
    """The longer chain, or `trusted` itself when the host has nothing newer that can be believed.

    Documents are judged together at the end: only the newest one must not be expired, so a machine
    that slept through several versions still arrives.
    """
    documents: list[bytes] = []
    exchanges = 0
    while trusted.version + len(documents) < MAX_KEYSETS and exchanges < MAX_EXCHANGES:
        document = b""
        total = None
        while total is None or len(document) < total:
            exchanges += 1
            have = trusted.version + len(documents)
            request = KeysetRequest(trusted.vendor_id, have, len(document))
            body = yield encode_keyset_request(request)
            try:
                document, total = _add_part(body, document, total)
            except MusterError:
                return believed(trusted, documents, now)
        if not document:
            break
        documents.append(document)
    return believed(trusted, documents, now)


def _add_part(body: bytes | MusterError, document: bytes, total: int | None) -> tuple[bytes, int]:
    if isinstance(body, MusterError):
        raise body
    part = decode_keyset_part(body)
    if part.offset != len(document) or total not in {None, part.total}:
        raise wrong("a keyset part that does not follow the one before")
    if part.total and not part.data:
        raise wrong("an empty keyset part")
    return document + part.data, part.total


def believed(trusted: TrustedKeysets, documents: list[bytes], now: datetime) -> TrustedKeysets:
    """The longest chain that proves itself: a broken last document must not hide good ones."""
    for count in range(len(documents), 0, -1):
        try:
            return merge(trusted, (*trusted.documents, *documents[:count]), now=now)
        except MusterError:
            continue
    return trusted
