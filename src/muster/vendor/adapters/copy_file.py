"""A copy of a vendor: the database as it stood at one instant, and the files of the home beside it, in one ZIP file.

Books in a file are copied by SQLite itself while others read and write (https://sqlite.org/backup.html); those of a server by
`copy_server`, into a file of SQLite too.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from muster.base.errors import Code, Malformed, Misconfigured, StoreFailed
from muster.platform.durable_file import PRIVATE
from muster.platform.file_system import flush_folder, put_in_place

FORMAT = 1
DATABASE = "vendor.db"
CONTENTS = "copy.json"
MAX_CONTENTS_BYTES = 65_536
BUSY_SECONDS = 30
_CHUNK = 1 << 20


def write_copy(
    home: Path, copy_database: Callable[[Path], None], others: Sequence[str], file: Path, made_at: datetime
) -> None:
    """Copy the database, then those of the `others` that are in the home, into `file`: whole, or not at all.

    `copy_database` makes a file of SQLite that holds the books of one instant.

    The database first: files of keys only grow, so they hold every key that the copied database asks for.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".muster-copy-", dir=file.parent) as folder:
            copied = Path(folder) / DATABASE
            copy_database(copied)
            paths = {DATABASE: copied} | {name: home / name for name in others if (home / name).exists()}
            beside = Path(folder) / "copy"
            _pack(beside, paths, made_at)
            put_in_place(beside, file)
            flush_folder(file.parent)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.USAGE, f"{file} cannot be written: {reason}", "Choose another file.") from error


def _pack(path: Path, paths: dict[str, Path], made_at: datetime) -> None:
    contents = {
        "format": FORMAT,
        "made_at": f"{made_at:%Y-%m-%dT%H:%M:%SZ}",
        "files": {name: {"bytes": p.stat().st_size, "sha256": _digest(p)} for name, p in paths.items()},
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as raw:
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(CONTENTS, json.dumps(contents, indent=2))
            for name, source in paths.items():
                packed.write(source, name)
        raw.flush()
        os.fsync(descriptor)


@contextmanager
def open_copy(file: Path, names: Sequence[str], beside: Path) -> Iterator[Path]:
    """The files of a copy in a folder that goes away again, made in `beside`; only these names, and the database.

    `Malformed` with STATE_CORRUPT when a file is missing, damaged or not what it was.
    """
    with tempfile.TemporaryDirectory(prefix=".muster-copy-", dir=beside) as folder:
        try:
            with zipfile.ZipFile(file) as packed:
                _unpack(packed, [DATABASE, *names], Path(folder))
        except (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError, OSError, RuntimeError) as error:
            if isinstance(error, FileNotFoundError):
                raise Misconfigured(Code.NOT_FOUND, f"there is no {file}", "Name a file that exists.") from error
            raise Malformed(
                Code.STATE_CORRUPT, f"{file} is no copy, or it is damaged: {error}", "Take another copy."
            ) from error
        yield Path(folder)


def _unpack(packed: zipfile.ZipFile, names: Sequence[str], folder: Path) -> None:
    if packed.getinfo(CONTENTS).file_size > MAX_CONTENTS_BYTES:
        raise ValueError("its list of files is too long")
    contents = json.loads(packed.read(CONTENTS))
    if contents["format"] != FORMAT:
        raise ValueError("it is of another format")
    files: dict[str, Any] = contents["files"]
    for name in names:
        if name not in files:
            if name == DATABASE:
                raise ValueError("it holds no database")
            continue
        left = int(files[name]["bytes"])
        with packed.open(name) as source, (folder / name).open("wb") as target:
            while block := source.read(min(_CHUNK, left + 1)):
                left -= len(block)
                if left < 0:
                    raise ValueError(f"{name} is longer than it was")
                target.write(block)
        (folder / name).chmod(PRIVATE)
        if left or _digest(folder / name) != files[name]["sha256"]:
            raise ValueError(f"{name} is not what it was")


def copy_out(database: Path, file: Path) -> None:
    """Copy the books in a file, of one instant, into a new file."""
    _copy(database, file)


def put_database(source: Path, target: Path) -> None:
    """Make `target` what `source` is, in one transaction of SQLite: whole, or unchanged."""
    is_new = not target.exists()
    _copy(source, target)
    if is_new:
        target.chmod(PRIVATE)


def check_database(path: Path) -> None:
    """`StoreFailed` with STATE_CORRUPT unless SQLite finds the file whole."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise StoreFailed(
            Code.STATE_CORRUPT,
            f"{path.name} is damaged: {found}",
            "Move it away, with the files -wal and -shm beside it, then restore.",
        )


def _copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as old,
            closing(sqlite3.connect(target, timeout=BUSY_SECONDS)) as new,
        ):
            # All pages at once: in WAL mode writers go on meanwhile, and the copy is of one instant.
            old.backup(new, pages=-1)
    except sqlite3.Error as error:
        raise StoreFailed(Code.STORE_FAILED, f"the database cannot be copied: {error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
