"""``python -m tools.site [FOLDER]``: build the site into ``site/``, or into a folder, and hold it to what `checking` says.

Exit code 1 for any mistake; then what was there before stays.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.site.checking import bring_home, mistakes
from tools.site.staging import stage

ROOT = Path(__file__).resolve().parents[2]


def main(target: Path = ROOT / "site") -> int:
    """Stage, build strictly, check, and put the site in its place."""
    with tempfile.TemporaryDirectory(prefix="muster-site-") as folder:
        try:
            configuration = stage(ROOT, Path(folder) / "staged")
        except ValueError as error:
            print(f"docs: {error}")
            return 1
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(configuration)]
        if subprocess.run(command, check=False, env={**os.environ, "NO_COLOR": "1"}).returncode:
            return 1
        built = configuration.parent / "site"
        bring_home(built, Path(__file__).parent / "iframe-worker.js")
        if found := list(mistakes(built)):
            print(*(f"docs: {line}" for line in found), sep="\n")
            return 1
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(built, target)
    pages = sum(1 for _ in target.rglob("*.html"))
    print(f"docs: {pages} pages; open {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
