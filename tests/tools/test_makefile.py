"""Which Python `make` uses: our Makefile with scripts in place of those that install and build, which takes minutes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.parts import part

ROOT = Path(__file__).resolve().parents[2]
MADE_OF = ("pyproject.toml", "requirements/dev.txt", "requirements/docs.txt")
PYTHON = """#!/bin/sh
[ "$1" = -c ] || {{ echo "$0 $*" >> ran; exit 0; }}
exec {real} -c "import sys; sys.base_prefix = '{prefix}'
$2"
"""
SETUP = """#!/bin/sh
echo "setup $1 with ${PYTHON:-any}" >> ran
mkdir -p "$1/bin" && cp stubs/* "$1/bin"
"""


def checkout(folder: Path, prefix: str) -> Path:
    """A tree whose `tools/setup.sh` makes an environment with a Python that says it comes from `prefix`."""
    shutil.copy(ROOT / "Makefile", folder / "Makefile")
    for name in MADE_OF:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    scripts = {
        "stubs/python": PYTHON.format(real=sys.executable, prefix=prefix),
        "stubs/hatchling": "#!/bin/sh\necho 1.0\n",
        "tools/setup.sh": SETUP,
        "tools/real_parts.sh": "#!/bin/sh\n",
    }
    for name, text in scripts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def make(folder: Path, target: str, **environment: str) -> list[str]:
    """What was run for a target."""
    (folder / "ran").unlink(missing_ok=True)
    around = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    done = subprocess.run(
        [part("make"), target], cwd=folder, env=around | environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return (folder / "ran").read_text().splitlines() if (folder / "ran").exists() else []


def test_the_python_that_is_named_makes_the_environment(tmp_path: Path) -> None:
    assert make(checkout(tmp_path, "/usr"), "setup", PYTHON="/opt/python3") == ["setup .venv with /opt/python3"]


@pytest.mark.parametrize(
    ("prefix", "ran"),
    [
        ("/usr", [".venv/bin/python tools/debian.py dist/muster_activation-1.0-py3-none-any.whl"]),
        (
            "/usr/local",
            [
                "setup .venv-debian with /usr/bin/python3",
                ".venv-debian/bin/python tools/debian.py dist/muster_activation-1.0-py3-none-any.whl",
            ],
        ),
    ],
)
def test_debians_packages_are_made_with_debians_python_whatever_the_environment_has(
    tmp_path: Path, prefix: str, ran: list[str]
) -> None:
    folder = checkout(tmp_path, prefix)
    make(folder, "setup")
    assert make(folder, "deb") == ran
