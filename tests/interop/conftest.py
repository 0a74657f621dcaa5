from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.worlds.c_library import CLibrary, build


@pytest.fixture(scope="session")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a run: what one of them built is there for the others."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "libmuster"


@pytest.fixture(scope="session")
def c_library(build_folder: Path) -> CLibrary:
    return build(build_folder, "vectors", "status", "sources")
