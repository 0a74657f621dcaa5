from __future__ import annotations

import pytest

from tests.worlds.c_library import CLibrary, build


@pytest.fixture(scope="session")
def c_library(tmp_path_factory: pytest.TempPathFactory) -> CLibrary:
    return build(tmp_path_factory.mktemp("libmuster"), "vectors", "status", "sources")
