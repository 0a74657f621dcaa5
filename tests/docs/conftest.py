"""What tests that follow pages share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from muster.vendor import app as vendor
from muster.vendor.adapters.sql_store import SqlStore
from tests.docs.reader import Reader
from tests.docs.warm import warm
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import PASSPHRASE

Reading = Callable[..., AbstractContextManager[Reader]]


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where `muster` is."""
    with warm(tmp_path_factory.mktemp("warm")) as folder:
        yield folder


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a vendor with what `init` writes, imported. Whoever changes it takes a copy."""
    home = tmp_path_factory.mktemp("acme") / "vendor"
    made, _ = vendor.create(home, "Acme Software", PASSPHRASE, environment={}, effort=LIGHT)
    vendor.import_product(made, (home / "product.toml").read_text(encoding="utf-8"), "product.toml")
    assert isinstance(made.store, SqlStore)
    made.store.close()
    return home


@pytest.fixture
def curl() -> str:
    """Where the program is that pages ask services with."""
    found = shutil.which("curl")
    if found is None:
        pytest.skip("SKIPPED: curl is not installed, and the page asks with it")
    return found


@pytest.fixture
def vendor_home(acme: Path, tmp_path: Path) -> Path:
    """A vendor of one's own."""
    return Path(shutil.copytree(acme, tmp_path / "vendor"))


@pytest.fixture
def reading(programs: Path, tmp_path: Path) -> Reading:
    """Read a page in a new folder, to its end."""

    @contextmanager
    def read(page: str, names: dict[str, str] | None = None) -> Iterator[Reader]:
        folder = tmp_path / "desk"
        folder.mkdir()
        reader = Reader(page, folder, programs, names)
        yield reader
        reader.done()

    return read
