"""What every test shares: the profiles of the property tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadline: a test that is slow on a loaded machine is not wrong.
settings.register_profile("muster", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# CI repeats the same examples, so that a failure belongs to the change at hand.
settings.register_profile("ci", parent=settings.get_profile("muster"), derandomize=True)
settings.register_profile("long", parent=settings.get_profile("muster"), max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "muster"))
