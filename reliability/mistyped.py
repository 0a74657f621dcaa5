"""R20: ids that people read out and type, with every slip that people make. The wrong group is named; none is accepted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Malformed, MusterError
from muster.trust.chain import issue_certificate
from muster.trust.cose import public_bytes
from muster.trust.hardware import make_parts
from muster.trust.humanid import (
    GROUP_LENGTH,
    format_confirmation,
    format_installation,
    from_groups,
    is_good_group,
    parse_confirmation,
    parse_installation,
)
from muster.trust.installation import directory_id, host_id, is_tag_good, machine_id
from muster.trust.permanent import confirm_certificate, rebuild_certificate, sign_permanent, verify_permanent
from muster.wire.certificate import CertificateClaims
from muster.wire.confirmation import unpack_confirmation
from muster.wire.installation import InstallationId, MachineId, SubjectKind, pack_installation
from muster.wire.keyset import Purpose
from reliability.figure import Figure, none_of
from tests.worlds.vendor_keys import CAD, VendorKeys

SEED = 20
ALIKE = 10
"""Groups that are a multiple of this apart fit at each other's places."""

TEN_DIGITS = "0123456789"


class Typed(NamedTuple):
    """An id as it is typed, and whether somebody would take the id that is read from a text."""

    text: str
    accepts: Callable[[str], bool]


def mistyped(_folder: Path, number: int) -> list[Figure]:
    """`number` ids of every kind in turn, with every slip of each."""
    chance, vendor = random.Random(SEED), VendorKeys()
    slips: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    accepted = named_wrongly = 0
    for turn in range(number):
        typed = MADE[turn % len(MADE)](chance, vendor)
        groups = typed.text.split("-")
        assert typed.accepts(typed.text)
        _within_groups(groups, slips, missed)
        accepted += _among_groups(groups, typed, slips, missed)
        named_wrongly += not _is_named(groups, chance)
    total = sum(slips.values())
    told = ", ".join(f"{number} {what}" for what, number in sorted(slips.items()))
    return [
        Figure("ids, slips", f"{number}, {total} ({told})", "every one", total > number),
        none_of("slips that no group shows", sum(missed.values())),
        none_of("exchanges of groups ten, twenty or thirty apart that were accepted", accepted),
        none_of("slips, one of each id, for which another group was named", named_wrongly),
    ]


def _within_groups(groups: list[str], slips: Counter[str], missed: Counter[str]) -> None:
    for number, group in enumerate(groups, 1):
        following = groups[number][0] if number < len(groups) else group[-1]
        for place, digit in enumerate(group):
            for other in TEN_DIGITS:
                if other != digit:
                    slips["wrong digits"] += 1
                    missed["wrong digits"] += is_good_group(number, group[:place] + other + group[place + 1 :])
            neighbour = group[place + 1] if place + 1 < GROUP_LENGTH else following
            if neighbour != digit:
                slips["swaps of neighbours"] += 1
                # The last digit of a group changes places with the first of the next: this group shows it.
                swapped = group[:place] + neighbour + (digit + group[place + 2 :] if place + 1 < GROUP_LENGTH else "")
                missed["swaps of neighbours"] += is_good_group(number, swapped)


def _among_groups(groups: list[str], typed: Typed, slips: Counter[str], missed: Counter[str]) -> int:
    """Exchanges of two groups; how many of those that no group can show were accepted."""
    accepted = 0
    for a, b in combinations(range(len(groups)), 2):
        if (b - a) % ALIKE:
            slips["exchanges of groups"] += 1
            missed["exchanges of groups"] += is_good_group(a + 1, groups[b]) or is_good_group(b + 1, groups[a])
        elif groups[a] != groups[b]:
            slips["exchanges of groups that fit"] += 1
            swapped = list(groups)
            swapped[a], swapped[b] = groups[b], groups[a]
            accepted += typed.accepts("-".join(swapped))
    return accepted


def _is_named(groups: list[str], chance: random.Random) -> bool:
    """Whether the message names the group of one wrong digit."""
    number, place = chance.randrange(len(groups)), chance.randrange(GROUP_LENGTH)
    group = groups[number]
    other = chance.choice([d for d in TEN_DIGITS if d != group[place]])
    wrong = [*groups[:number], group[:place] + other + group[place + 1 :], *groups[number + 1 :]]
    try:
        from_groups("-".join(wrong), Code.INSTALLATION_ID_MALFORMED, "id")
    except Malformed as error:
        return f"group {number + 1} of" in error.message
    return False


def _installation(chance: random.Random, kind: SubjectKind) -> Typed:
    secret, reference = chance.randbytes(32), chance.randbytes(8)
    found: InstallationId
    if kind is SubjectKind.MACHINE:
        found = _machine(chance, secret, reference)
    else:
        make = host_id if kind is SubjectKind.HOST else directory_id
        found = make(reference, secret, chance.randbytes(32))
    return Typed(format_installation(found), _by_tag(secret))


def _machine(chance: random.Random, secret: bytes, reference: bytes) -> MachineId:
    board, disk, network, platform = (chance.randbytes(8).hex() for _ in range(4))
    parts = make_parts(board=board, disk=disk, network=f"00:16:3e:{network[:2]}:{network[2:4]}:01", platform=platform)
    return machine_id(reference, secret, chance.randrange(1, 1 << 24), parts)


def _by_tag(secret: bytes) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            return is_tag_good(parse_installation(text), secret)
        except Malformed:
            return False

    return accepts


def _permanent(chance: random.Random, vendor: VendorKeys, *, has_end: bool) -> Typed:
    installation = pack_installation(_machine(chance, chance.randbytes(32), chance.randbytes(8)))
    end = chance.randrange(1, 1 << 16) if has_end else 0
    trusted = vendor.trusted

    def accepts(text: str) -> bool:
        try:
            verify_permanent(installation, unpack_confirmation(parse_confirmation(text)), trusted)
        except MusterError:
            return False
        return True

    signed = sign_permanent(vendor.issuing_key(Purpose.PERMANENT), installation, end)
    return Typed(format_confirmation(signed), accepts)


def _certificate(chance: random.Random, vendor: VendorKeys) -> Typed:
    subject = public_bytes(Ed25519PrivateKey.from_private_bytes(chance.randbytes(32)))
    day = vendor.keysets[0].issued_day
    claims = CertificateClaims(
        vendor.issuing_number(Purpose.HOST), chance.randrange(1, 1 << 32), 7, day, 365, subject, CAD.id, 255
    )  # fmt: skip
    signed = issue_certificate(vendor.issuing_key(Purpose.HOST), claims, Purpose.HOST)
    trusted = vendor.trusted

    def accepts(text: str) -> bool:
        try:
            rebuild_certificate(unpack_confirmation(parse_confirmation(text)), subject, CAD.id, trusted)
        except MusterError:
            return False
        return True

    return Typed(format_confirmation(confirm_certificate(signed, claims, SubjectKind.HOST)), accepts)


MADE: tuple[Callable[[random.Random, VendorKeys], Typed], ...] = (
    lambda chance, _: _installation(chance, SubjectKind.MACHINE),
    lambda chance, _: _installation(chance, SubjectKind.HOST),
    lambda chance, _: _installation(chance, SubjectKind.DIRECTORY),
    lambda chance, vendor: _permanent(chance, vendor, has_end=False),
    lambda chance, vendor: _permanent(chance, vendor, has_end=True),
    _certificate,
)
