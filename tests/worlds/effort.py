"""The least work that argon2id knows: for tests that are about something else than how long a guess takes."""

from __future__ import annotations

from muster.platform.effort import Effort

LIGHT = Effort(8, 1, 1)
