"""``python -m tools.site``: build the site into ``site/``, and hold it to what `checking` says. Exit code 1 for any mistake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.site.checking import bring_home, mistakes
from tools.site.staging import stage

ROOT = Path(__file__).resolve().parents[2]


def main(root: Path = ROOT) -> int:
    """Stage, build strictly, check, and put the site in its place."""
    folder = root / "build" / "site"
    try:
        configuration = stage(root, folder)
    except ValueError as error:
        print(f"docs: {error}")
        return 1
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(configuration)]
    done = subprocess.run(command, check=False, env={**os.environ, "NO_COLOR": "1"})
    if done.returncode:
        return 1
    built = folder / "site"
    bring_home(built, Path(__file__).parent / "iframe-worker.js")
    if found := list(mistakes(built)):
        print(*(f"docs: {line}" for line in found), sep="\n")
        return 1
    shutil.rmtree(root / "site", ignore_errors=True)
    shutil.move(built, root / "site")
    pages = sum(1 for _ in (root / "site").rglob("*.html"))
    print(f"docs: {pages} pages; open site/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
