"""The vendor's keysets: the first one, and every change as the next version (spec/keyset.md).

Two spare issuing keys of each purpose are announced from the start, so that machines know a key before it is used. Pure:
public keys and days come in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from muster.base.errors import Code, Misconfigured, Refused
from muster.vendor.core.roots import next_roots
from muster.wire.keyset import MAX_ISSUING_KEYS, MAX_KEYSETS, MAX_WITHDRAWN, IssuingKey, Keyset, KeyStatus, Purpose

SPARES = 2
KEYSET_DAYS = 10 * 365
ISSUING_DAYS = 20 * 365
MAX_NUMBER = 255


@dataclass(frozen=True, slots=True)
class Change:
    """What the next keyset changes: numbers of issuing keys, serials of certificates, purposes that rotate, root keys.

    Root keys are added by their public keys and dropped by number or beginning of it; no `threshold` leaves it as it is.
    """

    rotate: tuple[Purpose, ...] = ()
    retire: tuple[int, ...] = ()
    revoke: tuple[int, ...] = ()
    withdraw: tuple[int, ...] = ()
    add_roots: tuple[bytes, ...] = ()
    drop_roots: tuple[str, ...] = ()
    threshold: int | None = None


def first(roots: Sequence[bytes], threshold: int, publics: Mapping[Purpose, Sequence[bytes]], today: int) -> Keyset:
    """Keyset 1. `publics` are the issuing keys of each purpose: the one in use, then its spares."""
    numbered = [(purpose, public) for purpose in Purpose for public in publics[purpose]]
    issuing = tuple(_key(number, purpose, public, today) for number, (purpose, public) in enumerate(numbered, 1))
    return Keyset(1, today, today + KEYSET_DAYS, threshold, tuple(sorted(roots)), issuing)


def _key(number: int, purpose: Purpose, public: bytes, today: int) -> IssuingKey:
    return IssuingKey(number, purpose, public, today, today + ISSUING_DAYS)


def current(keyset: Keyset, purpose: Purpose, day: int) -> IssuingKey:
    """The issuing key in use: the oldest active one of its purpose; `Misconfigured` when there is none."""
    for key in keyset.issuing:
        if key.purpose is purpose and key.status is KeyStatus.ACTIVE and key.not_before_day <= day <= key.not_after_day:
            return key
    raise Misconfigured(
        Code.NOT_FOUND,
        f"keyset {keyset.version} has no usable key for {purpose.name.lower()} signatures",
        "muster vendor keyset rotate",
    )


def fresh_needed(keyset: Keyset, change: Change, today: int) -> dict[Purpose, int]:
    """How many new issuing keys of each purpose the next keyset announces, so that two spares remain."""
    numbers = _rotated(keyset, change, today) | set(change.retire) | set(change.revoke)
    needed: dict[Purpose, int] = {}
    for key in keyset.issuing:
        if key.number in numbers and key.status is KeyStatus.ACTIVE:
            needed[key.purpose] = needed.get(key.purpose, 0) + 1
    return needed


def _rotated(keyset: Keyset, change: Change, today: int) -> set[int]:
    return {current(keyset, purpose, today).number for purpose in change.rotate}


def roots_after(keyset: Keyset, change: Change) -> tuple[tuple[bytes, ...], int]:
    """Root keys and threshold of the next keyset; `Misconfigured` or `Refused` for what cannot be."""
    return next_roots(keyset, change.add_roots, change.drop_roots, change.threshold)


def following(keyset: Keyset, change: Change, publics: Mapping[Purpose, Sequence[bytes]], today: int) -> Keyset:
    """The next keyset. `publics` holds as many new keys as `fresh_needed` says.

    `Refused` with NOT_FOUND for a number that no keyset has; `Misconfigured` when a limit of the format is reached.
    """
    known = {key.number for key in keyset.issuing}
    for number in (*change.retire, *change.revoke):
        if number not in known:
            raise Refused(Code.NOT_FOUND, f"keyset {keyset.version} has no issuing key {number}")
    roots, threshold = roots_after(keyset, change)
    rotated = _rotated(keyset, change, today)
    issuing = [_changed(key, rotated | set(change.retire), set(change.revoke)) for key in keyset.issuing]
    number = max(known, default=0)
    for purpose in Purpose:
        for public in publics.get(purpose, ()):
            number += 1
            issuing.append(_key(number, purpose, public, today))
    withdrawn = tuple(sorted({*keyset.withdrawn, *change.withdraw}))
    _check_limits(keyset.version + 1, number, len(issuing), len(withdrawn))
    expires = max(keyset.expires_day, today + KEYSET_DAYS)
    return keyset._replace(
        version=keyset.version + 1,
        issued_day=today,
        expires_day=expires,
        threshold=threshold,
        roots=roots,
        issuing=tuple(issuing),
        withdrawn=withdrawn,
    )


def _changed(key: IssuingKey, retired: set[int], revoked: set[int]) -> IssuingKey:
    if key.number in revoked:
        return key._replace(status=KeyStatus.REVOKED)
    if key.number in retired and key.status is KeyStatus.ACTIVE:
        return key._replace(status=KeyStatus.RETIRED)
    return key


def _check_limits(version: int, number: int, issuing: int, withdrawn: int) -> None:
    for noun, value, limit in (
        ("keysets", version, MAX_KEYSETS),
        ("issuing keys", issuing, MAX_ISSUING_KEYS),
        ("issuing key numbers", number, MAX_NUMBER),
        ("withdrawn certificates", withdrawn, MAX_WITHDRAWN),
    ):
        if value > limit:
            raise Misconfigured(
                Code.SETTINGS_INVALID,
                f"{value} {noun}; the format holds {limit}",
                "Retire a whole issuing key instead of single certificates, or begin with a new vendor identity.",
            )
