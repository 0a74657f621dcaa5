from __future__ import annotations

from datetime import UTC

from muster.base.clock import BOOT_ID_BYTES, Clock, SystemClock
from tests.worlds.clocks import HandClock


def test_the_systems_clocks_tell_what_they_promise() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()

    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before
    assert clock.boot_seconds() > 0
    assert len(clock.boot_id()) == BOOT_ID_BYTES
    assert clock.boot_id() == SystemClock().boot_id()


def test_a_hand_moved_clock_tells_passing_time_from_setting_and_from_a_restart() -> None:
    clock = HandClock()
    wall, boot, identity = clock.now(), clock.boot_seconds(), clock.boot_id()

    clock.move(hours=1)
    assert ((clock.now() - wall).total_seconds(), clock.boot_seconds() - boot, clock.monotonic()) == (3600, 3600, 3600)
    clock.set(wall)
    assert (clock.now(), clock.boot_seconds() - boot, clock.monotonic()) == (wall, 3600, 3600)
    clock.restart(hours=1)
    assert (clock.boot_seconds(), clock.monotonic()) == (0, 7200)
    assert clock.boot_id() != identity
