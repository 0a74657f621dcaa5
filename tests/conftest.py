"""What every test shares: the profiles of the property tests, and a domain, which takes seconds to come up."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.worlds.samba import Domain, Member, domain

# No deadline: a test that is slow on a loaded machine is not wrong. So many examples at every change; `long` is for releases.
settings.register_profile("muster", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# CI repeats the same examples, so that a failure belongs to the change at hand.
settings.register_profile("ci", parent=settings.get_profile("muster"), derandomize=True)
settings.register_profile("long", parent=settings.get_profile("muster"), max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "muster"))


@pytest.fixture(scope="session")
def samba_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    """A Samba domain; tests share it and clean up behind them."""
    with domain(tmp_path_factory.mktemp("domain")) as found:
        yield found


@pytest.fixture(scope="session")
def samba_member(samba_domain: Domain) -> Member:
    """A machine account of it."""
    return samba_domain.computer("pc1")
