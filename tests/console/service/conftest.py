"""What tests of proxy activation begin with: one vendor a module, and laboratories with three machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.worlds.proxy_lab import Lab, labs
from tests.worlds.vendor_world import Acme


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    acme = Acme(tmp_path_factory.mktemp("acme"))
    yield acme
    acme.close()


@pytest.fixture
def make_lab(acme: Acme, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    with labs(acme, tmp_path) as make:
        yield make


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()
