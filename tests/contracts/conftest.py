"""Real counterparts that contract suites are run against, beside the embedded ones."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.worlds.name_servers import START, Served, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME_SERVERS = [pytest.param("embedded"), pytest.param("bind", marks=pytest.mark.parts)]


@pytest.fixture(params=NAME_SERVERS)
def start_name_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[World], Served]]:
    """Starts a name server of either kind with a world of the test's choice."""
    with ExitStack() as stack:
        yield lambda world: stack.enter_context(START[request.param](tmp_path, world))


@pytest.fixture
def name_server(start_name_server: Callable[[World], Served]) -> Served:
    """A name server of either kind with the usual world."""
    return start_name_server(World())
