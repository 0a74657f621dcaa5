"""Files stay small: over 400 lines is an error, over 150 is told as information.

Counts the lines of every Python file and shell script in the folders given (default: src, tests,
tools, bench, reliability). Exit code 1 when a file is too long. Reads files only.
"""

from __future__ import annotations

import sys
from pathlib import Path

STOP = 400
AIM = 150
FOLDERS = ("src", "tests", "tools", "bench", "reliability")
SUFFIXES = {".py", ".pyi", ".sh"}


def measure(folders: list[Path]) -> list[tuple[int, Path]]:
    """Lines of each file below `folders`, the longest first, without caches."""
    rows = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder).parts
            if path.suffix in SUFFIXES and not any(p.startswith((".", "__py")) for p in inside):
                rows.append((len(path.read_bytes().splitlines()), path))
    return sorted(rows, key=lambda row: (-row[0], row[1]))


def main(arguments: list[str]) -> int:
    """Print what is long; 1 when something is too long."""
    folders = [Path(name) for name in arguments or FOLDERS if Path(name).is_dir()]
    rows = measure(folders)
    long = [row for row in rows if AIM < row[0] <= STOP]
    too_long = [row for row in rows if row[0] > STOP]
    print(f"sizes: {len(rows)} files, {len(long)} over {AIM} lines, {len(too_long)} over {STOP}")
    for lines, path in long:
        print(f"  info: {path}: {lines} lines, aim at {AIM}")
    for lines, path in too_long:
        print(f"  error: {path}: {lines} lines, stop at {STOP}: make it a folder of the same name")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
