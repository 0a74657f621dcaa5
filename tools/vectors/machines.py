"""Hardware parts, the rule of same hardware, and the state that a record gives at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from muster.trust.hardware import Parts, installation_parts, lease_parts, make_parts
from muster.trust.keyset import enter
from muster.wire.activation import State
from muster.wire.calendar import day_number, seconds
from muster.wire.keyset import KeyStatus
from muster.wire.product import Policy
from muster.wire.record import encode_record
from tests.worlds.clocks import MORNING
from tests.worlds.machines import CONTAINER, DESK, LAPTOP, MAK, SALT, Machine
from tests.worlds.vendor_keys import VendorKeys
from tools.vectors import Case

SOURCES: dict[str, dict[str, str | None]] = {
    "desk": {
        "board": "Acme Inc. Board-9000 Rev. A",
        "disk": "  WD-WX11A  ",
        "network": "00:16:3E:11:22:33",
        "platform": "Xeon E-2288G",
        "machine_id": "0a1b2c3d",
    },
    "placeholders": {
        "board": "To be filled by O.E.M.",
        "disk": "0000000000",
        "network": "00:16:3e:11:22:33",
        "platform": "Default string",
        "machine_id": "0a1b2c3d",
    },
    "nothing": {"board": None, "disk": None, "network": None, "platform": None, "machine_id": None},
}
SECRET = bytes(range(32))


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _hardware()
    yield from _same_hardware()
    yield from _states()


def _hardware() -> Iterator[Case]:
    for name, sources in SOURCES.items():
        parts = make_parts(**sources)
        expect = {
            "normalised": list(parts.built_in),
            "binding": parts.binding,
            "lease_parts": lease_parts(parts, SALT).hex(),
            "installation_parts": installation_parts(parts, SECRET).hex(),
        }
        given = {"sources": sources, "salt": SALT.hex(), "secret": SECRET.hex()}
        yield Case("hardware", f"parts_{name}", "parts", "Raw sources to keyed hashes.", given, expect)


def _same_hardware() -> Iterator[Case]:
    a, b, c, d, x, zero = b"AAAA", b"BBBB", b"CCCC", b"DDDD", b"XXXX", bytes(4)
    table = {
        "same_all_four": (a + b + c + d, a + b + c + d, True),
        "same_one_differs": (a + b + c + d, x + b + c + d, True),
        "same_two_differ": (a + b + c + d, x + x + c + d, False),
        "same_two_readable_equal": (a + b + zero + zero, a + b + zero + d, True),
        "same_two_readable_one_differs": (a + b + zero + zero, a + x + zero + d, True),
        "same_two_readable_both_differ": (a + b + zero + zero, x + x + c + d, False),
        "same_one_readable": (a + zero + zero + zero, a + b + c + d, False),
        "same_nothing_readable": (zero * 4, zero * 4, False),
    }
    for name, (one, other, same) in table.items():
        about = "At least two parts readable on both sides, at most one of them different."
        yield Case("hardware", name, "same_hardware", about, {"one": one.hex(), "other": other.hex()}, {"same": same})


def _sources(parts: Parts) -> dict[str, Any]:
    return {
        "board": parts.board,
        "disk": parts.disk,
        "network": parts.network,
        "platform": parts.platform,
        "machine_id": parts.machine_id,
    }


def _case(
    name: str,
    about: str,
    machine: Machine,
    days: float,
    state: State,
    *,
    hardware: Parts = DESK,
    used: float | None = None,
) -> Case:
    now = MORNING + timedelta(days=days)
    seen = machine.vendor.product_file()
    given = {
        "product": seen,
        "edition": machine.edition.name,
        "record": encode_record(machine.record).hex(),
        "normalised_sources": _sources(hardware),
        "now": seconds(now),
        "used": int((days if used is None else used) * 86_400),
    }
    return Case("states", name, "state", about, given, {"state": str(state)})


def _states() -> Iterator[Case]:
    fresh = Machine()
    yield _case("first_grace", "Installed, never activated.", fresh, 1, State.INITIAL_GRACE)
    yield _case("first_grace_over", "30 days later.", fresh, 31, State.NOTIFICATION)
    leased = Machine()
    leased.lease()
    yield _case("leased", "A lease of yesterday.", leased, 1, State.LICENSED)
    yield _case("leased_179_days", "A lease in its last day.", leased, 179.5, State.LICENSED)
    yield _case("lease_ended", "A lease that ended.", leased, 181, State.RENEWAL_GRACE)
    yield _case("renewal_grace_over", "30 days after that.", leased, 211, State.NOTIFICATION)
    yield _case("lease_ended_by_use", "The wall clock stood still.", leased, 1, State.RENEWAL_GRACE, used=181)
    yield _case("other_hardware", "The record was copied.", leased, 1, State.RENEWAL_GRACE, hardware=LAPTOP)
    yield _case(
        "other_hardware_container", "Copied into a container.", leased, 1, State.RENEWAL_GRACE, hardware=CONTAINER
    )
    yield _case(
        "clock_put_back",
        "The clock stands two days before a time it has shown.",
        leased,
        -2,
        State.RENEWAL_GRACE,
        used=1,
    )
    below = Machine()
    below.lease(count=24)
    yield _case("count_below_threshold", "24 of 25: no lease.", below, 1, State.INITIAL_GRACE)
    revoking = Machine(VendorKeys())
    revoking.lease()
    revoking.vendor.publish(status={1: KeyStatus.REVOKED})
    enter(revoking.vendor.documents)
    yield _case("issuing_key_revoked", "The key behind the certificate was revoked.", revoking, 1, State.RENEWAL_GRACE)
    permanent = Machine()
    permanent.deposit()
    yield _case("permanent", "Activated for good, ten years later.", permanent, 3650, State.LICENSED)
    yield _case("permanent_other_hardware", "On other hardware.", permanent, 1, State.RENEWAL_GRACE, hardware=LAPTOP)
    domain = Machine()
    domain.read_object()
    yield _case("directory", "An activation object read yesterday.", domain, 1, State.LICENSED)
    removed = Machine()
    removed.lease()
    removed.change(key=None)
    yield _case("no_key", "The key was removed.", removed, 1, State.UNLICENSED)
    yield from _more_states()


def _more_states() -> Iterator[Case]:
    unproven = Machine(VendorKeys(policy=Policy(unproven_grace=timedelta(days=3))))
    yield _case("unproven_grace_over", "No certified host has ever answered.", unproven, 4, State.NOTIFICATION)
    left = Machine()
    left.change(directory=left.read_object()._replace(left=True))
    yield _case("domain_left", "The machine is outside the directory.", left, 1, State.RENEWAL_GRACE)
    elsewhere = Machine()
    elsewhere.read_object(directory=bytes(16))
    yield _case("object_of_another_directory", "Copied: no evidence.", elsewhere, 1, State.INITIAL_GRACE)
    replaced = Machine()
    replaced.lease()
    replaced.change(key=MAK)
    yield _case("key_of_another_kind", "A lease under a multiple activation key.", replaced, 1, State.RENEWAL_GRACE)
    trial = Machine()
    trial.deposit(end_day=day_number(MORNING) + 10)
    yield _case("trial_last_day", "A confirmation with an end day, on that day.", trial, 10, State.LICENSED)
    yield _case("trial_over", "Two days later.", trial, 12, State.RENEWAL_GRACE)
    permanent = Machine()
    permanent.deposit()
    yield _case("permanent_clock_put_back", "Without end: no matter.", permanent, -9, State.LICENSED, used=1)
    limited = Machine()
    limited.host.changes["lease_until_day"] = day_number(MORNING) + 5
    limited.lease()
    yield _case("lease_limit", "Within the contract.", limited, 5, State.LICENSED)
    yield _case("lease_limit_over", "The contract ended.", limited, 7, State.RENEWAL_GRACE)
    withdrawing = Machine(VendorKeys())
    withdrawing.lease()
    withdrawing.vendor.publish(withdrawn=(41,))
    yield _case("serial_withdrawn", "A withdrawn serial ends renewals, no lease.", withdrawing, 1, State.LICENSED)
    moved = Machine()
    lease = moved.lease(nonce=bytes(16))
    moved.change(lease=lease._replace(request=moved.request()))
    yield _case("lease_of_another_request", "Request and reply do not belong together.", moved, 1, State.INITIAL_GRACE)
    stranger = Machine(VendorKeys("stranger"))
    stranger.lease()
    stranger.vendor = VendorKeys()
    yield _case("lease_of_another_vendor", "Another vendor's lease.", stranger, 1, State.INITIAL_GRACE)
