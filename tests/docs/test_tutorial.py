"""docs/tutorial.md and the offline way of docs/operate/install.md: typed as they stand, by real processes in a fresh environment.

The environment is the one that the install page makes of a signed bundle, put where `make setup` puts its own: a fresh
`make setup` fetches more than a hundred packages, takes a minute and is what every run of the tests begins with. So `make` finds
it done, and everything behind it on the page is run by what was installed a moment ago, in a network of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from muster import __version__
from tests.docs.page import ROOT
from tests.docs.reader import Reader
from tests.packaging.conftest import build
from tests.packaging.test_offline_bundle import packed_again
from tests.worlds.parts import part
from tools.offline_bundle import main as bundle

NEEDED = ("Makefile", "tools/setup.sh", "pyproject.toml", "requirements/dev.txt", "requirements/docs.txt")
ALONE = (("unshare", "--net"), ("unshare", "--map-root-user", "--net"))
PATIENCE_SECONDS = 600


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make setup` needs of a checkout, with an environment in it, installed as the page says."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in NEEDED:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    desk, wheels = folder / "desk", folder / "wheels"
    desk.mkdir()
    wheels.mkdir()
    part("ssh-keygen")
    reader = Reader(
        "docs/operate/install.md", desk, Path(sys.executable).parent, {"/opt/muster": str(folder / ".venv")}
    )
    reader.around |= {"PYTHON": sys.executable, "PIP_INDEX_URL": "http://127.0.0.1:9/"}
    reader.follow("ssh-keygen", typed="\n\n")
    for name in ("pip", "segno"):
        packed_again(name, wheels)
    wheel = build("wheel", folder / "dist")
    assert bundle([str(wheel), "--wheels", str(wheels), "--key", str(desk / "release-key"), "--out", str(desk)]) == 0
    assert f"muster {__version__}\n" in reader.follow("tar xf")
    reader.done()
    # What else it needs is in the present environment: that has no program of ours.
    (site,) = (folder / ".venv").glob("lib/*/site-packages")
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (folder / ".venv" / ".installed").touch()
    return folder


@pytest.fixture
def alone() -> tuple[str, ...]:
    """What gives a command a network of its own."""
    for words in ALONE:
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    pytest.skip("SKIPPED: nobody may make a network of its own here, and the page's ports may be taken")


def test_the_tutorial_leads_from_nothing_to_a_fleet_that_is_licensed(checkout: Path, alone: tuple[str, ...]) -> None:
    words = [*alone, sys.executable, "-m", "tests.docs.tutorial", str(checkout)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 20
