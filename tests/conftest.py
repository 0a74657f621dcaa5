"""What every test shares: profiles of the property tests, a place in memory for files, a domain that takes seconds to come up."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.worlds.postgresql import Postgresql, postgresql
from tests.worlds.samba import Domain, Member, domain

# No deadline: a test that is slow on a loaded machine is not wrong. So many examples at every change; `long` is for releases.
settings.register_profile("muster", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# CI repeats the same examples, so that a failure belongs to the change at hand.
settings.register_profile("ci", parent=settings.get_profile("muster"), derandomize=True)
settings.register_profile("long", parent=settings.get_profile("muster"), max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "muster"))

# Muster flushes whatever it writes, thousands of times in a story of 180 days: half of a run is waiting for the disk, which
# proves nothing. Programs, too, are built and run there. `TMPDIR` names another place.
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - not a file's name; folders in it are made as in any other place for them
ENOUGH_BYTES = 3 << 30
if "TMPDIR" not in os.environ and IN_MEMORY.is_dir():
    found = os.statvfs(IN_MEMORY)
    if found.f_bavail * found.f_frsize >= ENOUGH_BYTES and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


@pytest.fixture(scope="session")
def samba_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    """A Samba domain; tests share it and clean up behind them."""
    with domain(tmp_path_factory.mktemp("domain")) as found:
        yield found


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgresql]:
    """A PostgreSQL server; each test has databases of its own, and whoever stops the server starts it again."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def samba_member(samba_domain: Domain) -> Member:
    """A machine account of it."""
    return samba_domain.computer("pc1")
