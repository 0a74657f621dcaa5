"""Installation and confirmation ids as digits that people read out, type and scan (spec/humanid.md).

Groups of six digits and a Verhoeff check digit over the group's number (mod 10) and the six: a wrong digit, a swap of
neighbours and an exchange of groups less than ten apart are noticed, and the group is named.
"""

from __future__ import annotations

from itertools import cycle

from muster.base.errors import Code, Malformed
from muster.wire.confirmation import ConfirmationFormat, unpack_confirmation
from muster.wire.installation import (
    BITS,
    InstallationId,
    SubjectKind,
    byte_length,
    pack_installation,
    unpack_installation,
)

DIGITS = 6
GROUP_LENGTH = DIGITS + 1
INSTALLATION_GROUPS = {SubjectKind.MACHINE: 10, SubjectKind.HOST: 18, SubjectKind.DIRECTORY: 18}
CONFIRMATION_GROUPS = {
    ConfirmationFormat.PERMANENT: 26,
    ConfirmationFormat.PERMANENT_UNTIL: 27,
    ConfirmationFormat.HOST: 34,
    ConfirmationFormat.DIRECTORY: 34,
}
CONFIRMATION_BODY_BYTES = {
    ConfirmationFormat.PERMANENT: 64,
    ConfirmationFormat.PERMANENT_UNTIL: 66,
    ConfirmationFormat.HOST: 82,
    ConfirmationFormat.DIRECTORY: 82,
}
MAX_TYPED_CHARACTERS = 2000
_SEPARATORS = dict.fromkeys(map(ord, " \t\r\n-.,;/\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d\u00ad\u00a0"))

# Verhoeff's tables: multiplication in the dihedral group D5, and powers of his permutation.
_D5 = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTATION = "1576283094"


def _permuted(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = int(_PERMUTATION[digit])
    return digit


_P = tuple(tuple(_permuted(digit, times) for digit in range(10)) for times in range(8))
_INVERSE = tuple(row.index("0") for row in _D5)
_TIMES = tuple(tuple(map(int, row)) for row in _D5)
_PAIRS = tuple(
    {f"{a}{b}": _TIMES[_P[place][b]][_P[place + 1][a]] for a in range(10) for b in range(10)} for place in (0, 2, 4, 6)
)
"""By place and two digits: what they multiply a sum by. Multiplication in D5 is associative, so digits may go in pairs."""


def _checksum(digits: str) -> int:
    """Verhoeff's sum over an even number of digits whose last one is the check digit; zero when it is right."""
    total = 0
    for pair, end in zip(cycle(_PAIRS), range(len(digits), 0, -2), strict=False):
        total = _TIMES[total][pair[digits[end - 2 : end]]]
    return total


def check_digit(number: int, digits: str) -> str:
    """The check digit of group `number` (from 1)."""
    return str(_INVERSE[_checksum(f"{number % 10}{digits}0")])


def is_good_group(number: int, group: str) -> bool:
    """Whether the seven digits of group `number` (from 1) fit together."""
    is_digits = len(group) == GROUP_LENGTH and group.isascii() and group.isdigit()
    return is_digits and _checksum(f"{number % 10}{group}") == 0


def to_groups(digits: str) -> str:
    """Digits (a multiple of six) as checked groups, joined by hyphens."""
    groups = [digits[i : i + DIGITS] for i in range(0, len(digits), DIGITS)]
    return "-".join(group + check_digit(number, group) for number, group in enumerate(groups, 1))


def split_groups(text: str) -> list[str]:
    """The groups of seven in a typed text, separators dropped; the last may be short."""
    typed = text[:MAX_TYPED_CHARACTERS].translate(_SEPARATORS)
    return [typed[i : i + GROUP_LENGTH] for i in range(0, len(typed), GROUP_LENGTH)]


def wrong_groups(text: str) -> list[int]:
    """Numbers (from 1) of the groups that have a typing error."""
    return [number for number, group in enumerate(split_groups(text), 1) if not is_good_group(number, group)]


def from_groups(text: str, code: Code, what: str) -> str:
    """The digits without checks; `Malformed` with `code` names the first wrong group."""
    if len(text) > MAX_TYPED_CHARACTERS:
        raise Malformed(code, f"this {what} is far too long")
    groups = split_groups(text)
    for number, group in enumerate(groups, 1):
        if not is_good_group(number, group):
            raise Malformed(code, f"group {number} of the {what} has a typing error", f"Compare group {number}.")
    return "".join(group[:DIGITS] for group in groups)


def format_installation(installation: InstallationId) -> str:
    """10 groups for a machine, 18 for a host or a directory."""
    value = int.from_bytes(pack_installation(installation), "big")
    return to_groups(str(value).zfill(DIGITS * INSTALLATION_GROUPS[installation.kind]))


def parse_installation(text: str) -> InstallationId:
    """Read an installation id; `Malformed` with INSTALLATION_ID_MALFORMED names the group."""
    code, what = Code.INSTALLATION_ID_MALFORMED, "installation id"
    digits = from_groups(text, code, what)
    for kind, groups in INSTALLATION_GROUPS.items():
        if len(digits) == DIGITS * groups and int(digits) < 1 << BITS[kind]:
            return unpack_installation(int(digits).to_bytes(byte_length(kind), "big"))
    lengths = " or ".join(map(str, sorted(set(INSTALLATION_GROUPS.values()))))
    raise Malformed(
        code, f"this {what} has {len(digits) // DIGITS} groups; it should have {lengths}, each in its place"
    )


def format_confirmation(confirmation: bytes) -> str:
    """A packed confirmation as groups: the format digit, then the rest as one number."""
    format_ = unpack_confirmation(confirmation)
    number = int.from_bytes(confirmation[1:], "big")
    width = DIGITS * CONFIRMATION_GROUPS[format_.format] - 1
    return to_groups(f"{int(format_.format)}{str(number).zfill(width)}")


def parse_confirmation(text: str) -> bytes:
    """The packed confirmation; `Malformed` with CONFIRMATION_MALFORMED names the group."""
    code, what = Code.CONFIRMATION_MALFORMED, "confirmation id"
    digits = from_groups(text, code, what)
    for format_, groups in CONFIRMATION_GROUPS.items():
        if digits[:1] == str(int(format_)) and len(digits) == DIGITS * groups:
            size = CONFIRMATION_BODY_BYTES[format_]
            if int(digits[1:]) >> 8 * size == 0:
                return bytes((format_,)) + int(digits[1:]).to_bytes(size, "big")
    lengths = ", ".join(map(str, sorted(set(CONFIRMATION_GROUPS.values()))))
    raise Malformed(
        code, f"this {what} has {len(digits) // DIGITS} groups; it should have {lengths}, each in its place"
    )
