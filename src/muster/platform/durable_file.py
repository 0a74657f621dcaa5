"""Files that are whole whatever happens: written beside, flushed, renamed over. And the lock on a home."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import IO

from muster.base.errors import Code, Malformed, Misconfigured, StoreFailed
from muster.platform.file_system import flush_folder, hold, put_in_place, set_rights

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
PUBLIC = 0o644


def make_folder(path: Path, mode: int = PRIVATE_FOLDER) -> None:
    """Make a folder that only its owner may enter, unless `mode` says more; HOME_NOT_WRITABLE when that fails."""
    try:
        is_new = not path.exists()
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        if is_new and sys.platform == "win32":  # which does not know modes
            set_rights(path, None, mode)
    except OSError as error:
        raise Misconfigured(Code.HOME_NOT_WRITABLE, f"{path} cannot be made: {_reason(error)}") from error


def replace_file(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Make `data` the content of `path`, durably and all at once.

    `Misconfigured` with HOME_NOT_WRITABLE, or `StoreFailed` when the disk fails; the old content stays.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            set_rights(beside, descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        put_in_place(beside, path)
        flush_folder(path.parent)
    except PermissionError as error:
        raise Misconfigured(Code.HOME_NOT_WRITABLE, f"{path} cannot be written: {_reason(error)}") from error
    except OSError as error:
        if error.errno == errno.EROFS:
            raise Misconfigured(Code.HOME_NOT_WRITABLE, f"{path} cannot be written: {_reason(error)}") from error
        raise StoreFailed(Code.STORE_FAILED, f"{path} cannot be written: {_reason(error)}") from error


def read_file(path: Path, limit: int) -> bytes | None:
    """The content of `path`, None when there is no such file; `Malformed` beyond `limit` bytes, `StoreFailed` unread."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreFailed(Code.STORE_FAILED, f"{path} cannot be read: {_reason(error)}") from error
    if len(data) > limit:
        raise Malformed(Code.STATE_CORRUPT, f"{path} is larger than {limit} bytes")
    return data


def lock(path: Path) -> IO[bytes]:
    """Hold `path` until the file that is returned is closed or the process ends; `Misconfigured` with HOME_IN_USE."""
    try:
        # Whoever may open the file may hold the lock: nobody but the owner.
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE), "ab")
    except OSError as error:
        raise Misconfigured(Code.HOME_NOT_WRITABLE, f"{path} cannot be written: {_reason(error)}") from error
    try:
        hold(file)
    except OSError as error:
        file.close()
        raise Misconfigured(Code.HOME_IN_USE, f"another process works on {path.parent}") from error
    return file


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
