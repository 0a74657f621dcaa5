"""How often something may be tried: the generic cell rate algorithm, one instant per bucket.

`full_at` is when a bucket will be full again; a bucket that nobody knows is full.
"""

from __future__ import annotations

from datetime import datetime, timedelta

NO_WAIT = timedelta(0)


def take(full_at: datetime | None, now: datetime, interval: timedelta, burst: int) -> tuple[datetime, timedelta]:
    """One try out of a bucket of `burst`, which refills one per `interval`: its new `full_at`, and the wait.

    A refused try costs nothing, so that whoever keeps knocking does not lock the door for ever.
    """
    start = max(full_at or now, now)
    wait = start - now - interval * (burst - 1)
    return (start, wait) if wait > NO_WAIT else (start + interval, NO_WAIT)
