"""Transaction signatures (TSIG, RFC 8945) as a server sees them: who asked, how to sign the reply.

Keys and the time come in as values, so that a test can move the clock. Only HMAC keys; no
GSS-TSIG here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig
import dns.wire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


FUDGE: Final = 300
"""Seconds that the clocks of both ends may differ (RFC 8945 section 10 recommends 300)."""

_HEADER = struct.Struct("!HHHHHH")
_HEADER_BYTES: Final = 12
_COUNT_OF_ADDITIONAL: Final = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one request's signature.

    `signer` is the key's name when the signature holds, else None; `error` is then BADKEY, BADSIG
    or BADTIME, and NOERROR for a message without any signature.
    """

    signer: dns.name.Name | None
    error: dns.rcode.Rcode
    record: dns.rdtypes.ANY.TSIG.TSIG | None = None
    owner: dns.name.Name | None = None
    key: dns.tsig.Key | None = None


UNSIGNED: Final = Verdict(None, dns.rcode.NOERROR)


def judge(
    wire: bytes,
    message: dns.message.Message,
    keys: Mapping[dns.name.Name, dns.tsig.Key],
    now: datetime,
) -> Verdict:
    """Check the signature of a parsed request whose bytes are `wire`.

    Raises `dns.exception.FormError` on a TSIG that no asker may send.
    """
    if message.tsig is None:
        return UNSIGNED
    owner = message.tsig.name
    record = cast("dns.rdtypes.ANY.TSIG.TSIG", message.tsig[0])
    key = keys.get(owner)
    error = dns.rcode.NOERROR
    if key is None:
        return Verdict(None, dns.rcode.BADKEY, record, owner)
    try:
        dns.tsig.validate(  # type: ignore[no-untyped-call]
            wire, key, owner, record, int(now.timestamp()), b"", _start_of_last_record(wire)
        )
    except (dns.tsig.BadKey, dns.tsig.BadAlgorithm):
        error = dns.rcode.BADKEY
    except dns.tsig.BadSignature:
        error = dns.rcode.BADSIG
    except dns.tsig.BadTime:
        error = dns.rcode.BADTIME
    except dns.tsig.PeerError as wrong:
        raise dns.exception.FormError from wrong
    return Verdict(owner if error == dns.rcode.NOERROR else None, error, record, owner, key)


def seal(reply: bytes, verdict: Verdict, now: datetime) -> bytes:
    """Append to a rendered reply the TSIG that `verdict` asks for.

    It is signed where the key is known and right, and bare where not (RFC 8945 section 5.3.2).
    """
    if verdict.record is None or verdict.owner is None:
        return reply
    server_time = int(now.timestamp())
    late = verdict.error == dns.rcode.BADTIME
    template = dns.rdtypes.ANY.TSIG.TSIG(  # type: ignore[no-untyped-call]
        dns.rdataclass.ANY,
        dns.rdatatype.TSIG,
        verdict.record.algorithm,
        # About a wrong clock: the asker's time, and the server's as other data (RFC 8945 5.2.3).
        verdict.record.time_signed if late else server_time,
        FUDGE,
        b"",
        _HEADER.unpack_from(reply)[0],
        verdict.error,
        server_time.to_bytes(6, "big") if late else b"",
    )
    if verdict.key is not None and verdict.error in {dns.rcode.NOERROR, dns.rcode.BADTIME}:
        signed, _ = dns.tsig.sign(  # type: ignore[no-untyped-call]
            reply, verdict.key, template, template.time_signed, verdict.record.mac
        )
    else:
        signed = template
    rdata = signed.to_wire() or b""
    owner = verdict.owner.to_wire() or b""
    count = int.from_bytes(reply[_COUNT_OF_ADDITIONAL:_HEADER_BYTES], "big") + 1
    head = reply[:_COUNT_OF_ADDITIONAL] + count.to_bytes(2, "big")
    tail = struct.pack("!HHIH", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(rdata)) + rdata
    return head + reply[_HEADER_BYTES:] + owner + tail


def _start_of_last_record(wire: bytes) -> int:
    """Offset of the last record: a TSIG is the last one, and its digest covers all before it."""
    parser = dns.wire.Parser(wire)
    _, _, questions, *counts = parser.get_struct("!HHHHHH")
    for _ in range(questions):
        parser.get_name(decompress=True)
        parser.get_bytes(4)
    start = parser.current
    for _ in range(sum(counts)):
        start = parser.current
        parser.get_name(decompress=True)
        *_, length = parser.get_struct("!HHIH")
        parser.get_bytes(length)
    return start
