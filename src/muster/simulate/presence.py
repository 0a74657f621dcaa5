"""When machines are on: office hours with a spread of their own, weekends, days off. Seconds since the first midnight."""

from __future__ import annotations

from muster.simulate.chance import Chance
from muster.simulate.scenario import ALWAYS, Machines

DAY = 86_400
SATURDAY = 5
DAYS_LOOKED_AT = 400
_MIX, _MASK = 0x9E3779B97F4A7C15, 0xFFFF_FFFF_FFFF_FFFF
_SHARE_BITS = 24


class Presence:
    """Of one machine. `weekday` is that of the first day, Monday being 0."""

    __slots__ = ("_absent", "_first", "_last", "_seed", "_weekday", "_weekends", "is_always")

    def __init__(self, kind: Machines, weekday: int, chance: Chance) -> None:
        first, last = kind.minutes
        spread = int(kind.spread.total_seconds())
        moved = chance.randint(-spread, spread) if spread else 0
        self._first, self._last = (min(max(60 * at + moved, 0), DAY) for at in (first, last))
        self._weekday, self._weekends = weekday, kind.weekends
        self._absent = int(kind.absent * (1 << _SHARE_BITS))
        self._seed = chance.getrandbits(48)
        self.is_always = kind.hours == ALWAYS

    def _window(self, day: int) -> tuple[int, int] | None:
        if not self._weekends and (self._weekday + day) % 7 >= SATURDAY:
            return None
        if self._absent:
            # Chance without a memory: the same day comes to the same, however often it is asked.
            mixed = ((self._seed ^ day * _MIX) * _MIX & _MASK) >> 64 - _SHARE_BITS
            if mixed < self._absent:
                return None
        return day * DAY + self._first, day * DAY + self._last

    def is_on(self, at: int) -> bool:
        """Whether the machine runs at this second."""
        if self.is_always:
            return True
        window = self._window(at // DAY)
        return window is not None and window[0] <= at < window[1]

    def next_start(self, at: int) -> int | None:
        """When it is started next after `at`; None when it never is again."""
        if self.is_always:
            return None
        for day in range(at // DAY, at // DAY + DAYS_LOOKED_AT):
            window = self._window(day)
            if window is not None and window[0] > at:
                return window[0]
        return None

    def on_from(self, at: int) -> int | None:
        """The first second from `at` on at which it runs."""
        return at if self.is_on(at) else self.next_start(at)
