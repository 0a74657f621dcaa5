"""``packaging/etc/PROGRAM.toml``: settings files to begin with, every setting at its default and commented out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from muster.client.app.settings import SETTINGS as CLIENT
from muster.console.app import SETTINGS_FILE as CONSOLE
from muster.host.app.settings import SETTINGS as HOST
from muster.vendor.app import SETTINGS_FILE as VENDOR

ROOT_FILES = Path(__file__).resolve().parents[1] / "packaging" / "etc"
FILES = (HOST, CLIENT, VENDOR, CONSOLE)


def settings_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Path and text of every program's settings file."""
    for file in FILES:
        yield root / "packaging" / "etc" / file.name, file.example()
