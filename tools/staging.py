"""Puts Muster and what it needs into a folder, from a wheel and from the packages that `make setup` installed with their hashes.

Nothing is fetched. Every file is compared with the hash that its package was installed with: what was changed since is refused.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from importlib.metadata import Distribution, PackagePath, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = "muster-activation"
_NEVER = ("INSTALLER", "REQUESTED", "direct_url.json")


class Muster(NamedTuple):
    """What a wheel of Muster says about itself."""

    version: str
    requirements: list[Requirement]


def read_wheel(wheel: Path) -> Muster:
    """Version and requirements."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        head = HeaderParser().parsestr(archive.read(name).decode())
    return Muster(head["Version"], [Requirement(row) for row in head.get_all("Requires-Dist", [])])


def needed(muster: Muster, extras: Iterable[str]) -> list[Distribution]:
    """Every installed package that these extras need, directly or not, by name."""
    found: dict[str, Distribution] = {}
    wanted = [row for extra in ("", *extras) for row in muster.requirements if _is_wanted(row, extra)]
    while wanted:
        row = wanted.pop()
        name = canonicalize_name(row.name)
        if name not in found:
            found[name] = distribution(name)
        inner = [Requirement(text) for text in found[name].requires or ()]
        for extra in ("", *row.extras):
            wanted += [r for r in inner if canonicalize_name(r.name) not in found and _is_wanted(r, extra)]
    return [found[name] for name in sorted(found)]


def _is_wanted(row: Requirement, extra: str) -> bool:
    return row.marker is None or row.marker.evaluate({"extra": extra})


def copy_package(package: Distribution, site: Path) -> None:
    """Copy what is to be imported, and what tells the release and the licence; not commands, not what was compiled here."""
    for path in files_of(package):
        source, target = Path(str(package.locate_file(path))), site / path
        data = source.read_bytes()
        if path.hash is not None and _digest(path.hash.mode, data) != path.hash.value:
            raise SystemExit(f"staging: {source} is not what was installed: make .venv anew")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        is_program = os.access(source, os.X_OK) and ".so" not in source.suffixes
        target.chmod(0o755 if is_program else 0o644)


def files_of(package: Distribution) -> Iterator[PackagePath]:
    """The files that belong below ``site-packages``."""
    for path in package.files or ():
        if ".." not in path.parts and "__pycache__" not in path.parts and path.name not in _NEVER:
            yield path


def unpack_wheel(wheel: Path, site: Path) -> None:
    """The files of a wheel that has nothing to build."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)


def clamp_times(root: Path, epoch: int) -> None:
    """One time for every file, folder and link: what is made twice of the same is the same."""
    for path in (*root.rglob("*"), root):
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def empty(folder: Path) -> Path:
    """The folder, made anew."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _digest(mode: str, data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.new(mode, data).digest()).decode().rstrip("=")
