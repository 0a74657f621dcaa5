"""Confirmations as bytes: the vendor's answer to an installation id (spec/confirmation.md).

A confirmation carries only what the other side does not have already. Formats: 1 permanent, 2 permanent with an end day,
3 certificate of a host, 4 certificate of a directory. Signatures are judged by `muster.trust`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeAlias

from muster.base.errors import Code, Malformed
from muster.wire import armour
from muster.wire.activation import U8, U16, U32
from muster.wire.cbor import Reader, check_bytes, check_uint, encode
from muster.wire.certificate import CertificateClaims
from muster.wire.installation import SubjectKind, byte_length
from muster.wire.sign1 import SIGNATURE_BYTES

FILE_FORMAT = 1
NO_END = 0
MAX_CONFIRMATION_BYTES = 1 + 18 + SIGNATURE_BYTES
_MAX_INSTALLATION_BYTES = byte_length(SubjectKind.HOST)


class ConfirmationFormat(IntEnum):
    """First byte, and first digit, of a confirmation."""

    PERMANENT = 1
    PERMANENT_UNTIL = 2
    HOST = 3
    DIRECTORY = 4


class PermanentConfirmation(NamedTuple):
    """Ed25519 over label, installation id, format and end day. `end_day` is the last day, 0 for no end."""

    end_day: int
    signature: bytes

    @property
    def format(self) -> ConfirmationFormat:
        """Whether an end day travels."""
        return ConfirmationFormat.PERMANENT_UNTIL if self.end_day else ConfirmationFormat.PERMANENT


class CertificateConfirmation(NamedTuple):
    """Every field of a certificate that host or directory cannot know, and its signature."""

    format: ConfirmationFormat
    issuing_key: int
    serial: int
    organisation: int
    not_before_day: int
    days: int
    level: int
    released_until_day: int
    lease_until_day: int
    signature: bytes

    def claims(self, subject: bytes, scope: int) -> CertificateClaims:
        """The certificate's claims, completed with the subject and scope that the asking side holds."""
        return CertificateClaims(
            self.issuing_key,
            self.serial,
            self.organisation,
            self.not_before_day,
            self.days,
            subject,
            scope,
            self.level,
            self.released_until_day,
            self.lease_until_day,
        )


Confirmation: TypeAlias = PermanentConfirmation | CertificateConfirmation

_CERTIFICATE_WIDTHS = (1, 4, 4, 2, 2, 1, 2, 2)
_CERTIFICATE_BYTES = 1 + sum(_CERTIFICATE_WIDTHS) + SIGNATURE_BYTES
_LENGTHS = {
    ConfirmationFormat.PERMANENT: 1 + SIGNATURE_BYTES,
    ConfirmationFormat.PERMANENT_UNTIL: 1 + 2 + SIGNATURE_BYTES,
    ConfirmationFormat.HOST: _CERTIFICATE_BYTES,
    ConfirmationFormat.DIRECTORY: _CERTIFICATE_BYTES,
}


def confirmation_of(claims: CertificateClaims, signature: bytes, kind: SubjectKind) -> CertificateConfirmation:
    """The confirmation that lets a host or directory (`kind`) rebuild its certificate."""
    return CertificateConfirmation(
        ConfirmationFormat.HOST if kind is SubjectKind.HOST else ConfirmationFormat.DIRECTORY,
        claims.issuing_key,
        claims.serial,
        claims.organisation,
        claims.not_before_day,
        claims.days,
        claims.level,
        claims.released_until_day,
        claims.lease_until_day,
        signature,
    )


def pack_confirmation(confirmation: Confirmation) -> bytes:
    """The confirmation as bytes: format, fields of fixed width big-endian, signature."""
    signature = check_bytes("signature", confirmation.signature, SIGNATURE_BYTES)
    head = bytes((confirmation.format,))
    if isinstance(confirmation, PermanentConfirmation):
        if confirmation.end_day == NO_END:
            return head + signature
        return head + check_uint("end_day", confirmation.end_day, U16).to_bytes(2, "big") + signature
    fields = (
        check_uint("issuing_key", confirmation.issuing_key, U8),
        check_uint("serial", confirmation.serial, U32),
        check_uint("organisation", confirmation.organisation, U32),
        check_uint("not_before_day", confirmation.not_before_day, U16),
        check_uint("days", confirmation.days, U16),
        check_uint("level", confirmation.level, U8),
        check_uint("released_until_day", confirmation.released_until_day, U16),
        check_uint("lease_until_day", confirmation.lease_until_day, U16),
    )
    pairs = zip(fields, _CERTIFICATE_WIDTHS, strict=True)
    return head + b"".join(value.to_bytes(width, "big") for value, width in pairs) + signature


def unpack_confirmation(data: bytes) -> Confirmation:
    """Read a confirmation without believing it; `Malformed` for another length or format."""
    known = data[:1] and data[0] in set(ConfirmationFormat)
    if not known or len(data) != _LENGTHS[ConfirmationFormat(data[0])]:
        raise Malformed(Code.CONFIRMATION_MALFORMED, "this is not a confirmation of a known format and length")
    format_ = ConfirmationFormat(data[0])
    signature = data[-SIGNATURE_BYTES:]
    if format_ is ConfirmationFormat.PERMANENT:
        return PermanentConfirmation(NO_END, signature)
    if format_ is ConfirmationFormat.PERMANENT_UNTIL:
        end_day = int.from_bytes(data[1:3], "big")
        if end_day == NO_END:
            raise Malformed(Code.CONFIRMATION_MALFORMED, "the confirmation has an end day of zero")
        return PermanentConfirmation(end_day, signature)
    fields, at = [], 1
    for width in _CERTIFICATE_WIDTHS:
        fields.append(int.from_bytes(data[at : at + width], "big"))
        at += width
    return CertificateConfirmation(format_, *fields, signature)  # type: ignore[call-arg,arg-type]


def encode_installation_file(installation: bytes) -> str:
    """The armoured file that carries one installation id to the vendor."""
    return armour.armour(armour.INSTALLATION_ID, encode([FILE_FORMAT, installation]))


def decode_installation_file(text: bytes | str) -> bytes:
    """The packed installation id in such a file; `Malformed` otherwise."""
    reader = Reader(armour.dearmour(text, armour.INSTALLATION_ID))
    reader.array(2)
    reader.const(FILE_FORMAT)
    installation = reader.bstr_up_to(_MAX_INSTALLATION_BYTES)
    reader.end()
    return installation


def encode_confirmation_file(installation: bytes, confirmation: bytes) -> str:
    """The armoured file that carries a confirmation, and the installation id it belongs to, back."""
    return armour.armour(armour.CONFIRMATION, encode([FILE_FORMAT, installation, confirmation]))


def decode_confirmation_file(text: bytes | str) -> tuple[bytes, bytes]:
    """The packed installation id and confirmation in such a file; `Malformed` otherwise."""
    reader = Reader(armour.dearmour(text, armour.CONFIRMATION))
    reader.array(3)
    reader.const(FILE_FORMAT)
    pair = reader.bstr_up_to(_MAX_INSTALLATION_BYTES), reader.bstr_up_to(MAX_CONFIRMATION_BYTES)
    reader.end()
    return pair
