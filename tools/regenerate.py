"""Writes everything that is generated: vectors, codes, the state diagram, references, settings files. ``--check`` only compares.

With ``--check`` the exit code is 1 when a file differs, is missing or is not ours any more, and its name is told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.pages import pages  # noqa: E402 - the path above is what makes it importable
from tools.settings_files import settings_files  # noqa: E402
from tools.vectors import (  # noqa: E402
    activation,
    answers,
    audits,
    bundles,
    certificates,
    confirmations,
    control,
    directories,
    hosts,
    ids,
    keysets,
    machines,
    products,
    records,
    remote,
    reports,
    suite,
)

SOURCES = (
    activation,
    answers,
    audits,
    bundles,
    certificates,
    confirmations,
    control,
    directories,
    hosts,
    ids,
    keysets,
    machines,
    products,
    records,
    remote,
    reports,
    suite,
)


def vectors(root: Path) -> Iterator[tuple[Path, str]]:
    """Path and text of every vector."""
    for case in chain.from_iterable(source.cases() for source in SOURCES):
        text = json.dumps(case.content(), indent=2, ensure_ascii=False) + "\n"
        yield root / "spec" / "vectors" / case.noun / f"{case.name}.json", text


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Write or compare below `root`; the exit code."""
    wanted = list(chain(vectors(root), pages(root), settings_files(root)))
    made = dict(wanted)
    if len(made) != len(wanted):
        names = [str(path) for path, _ in wanted]
        print("regenerate: one name for two files:", *{n for n in names if names.count(n) > 1})
        return 1
    stale = [path for path in (root / "spec" / "vectors").glob("*/*.json") if path not in made]
    different = [p for p, text in made.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in sorted([*different, *stale]):
            print(f"regenerate: {path.relative_to(root)} is not what the code makes; run make fix")
        return 1 if different or stale else 0
    for path in different:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
    for path in stale:
        path.unlink()
    print(f"regenerate: {len(made)} files, {len(different)} written, {len(stale)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
