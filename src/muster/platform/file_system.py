"""What systems do differently about files: locks, rights of others, flushing of folders.

The half for Windows is written from Microsoft's documentation and type-checked; our tests run on Linux and do not run it.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import IO

OTHERS_READ = 0o004
REPLACE_TURNS = 20
REPLACE_PAUSE_SECONDS = 0.05
"""On Windows a file that somebody reads at this instant cannot be replaced: tried for a second."""

if sys.platform == "win32":
    import ctypes
    import msvcrt

    _ADVAPI = ctypes.WinDLL("advapi32", use_last_error=True)
    _KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
    _SDDL_REVISION = 1
    # DACL_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION: nothing comes from the folder above.
    _OWN_RIGHTS = 0x4 | 0x80000000
    # Everything for the system, Administrators and the owner (OW); users of this machine may read where a mode says so.
    _PRIVATE_RIGHTS = "D:P(A;{to};FA;;;SY)(A;{to};FA;;;BA)(A;{to};FA;;;OW)"
    _READ_RIGHTS = "(A;{to};FRFX;;;BU)"

    def set_rights(path: Path, descriptor: int | None, mode: int) -> None:  # noqa: ARG001 - Windows goes by the path
        """What `mode` says of others, as an access list. `OSError`."""
        to = "OICI" if path.is_dir() else ""
        text = (_PRIVATE_RIGHTS + (_READ_RIGHTS if mode & OTHERS_READ else "")).format(to=to)
        rights = ctypes.c_void_p()
        made = _ADVAPI.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text, _SDDL_REVISION, ctypes.byref(rights), None
        )
        if not made:
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            if not _ADVAPI.SetFileSecurityW(str(path), ctypes.c_uint32(_OWN_RIGHTS), rights):
                raise ctypes.WinError(ctypes.get_last_error())
        finally:
            _KERNEL.LocalFree(rights)

    def flush_folder(path: Path) -> None:
        """Nothing: NTFS keeps names in its own journal, and a folder cannot be flushed."""

    def put_in_place(beside: Path, path: Path) -> None:
        """Rename over `path`, which somebody may be reading. `OSError`."""
        pause = threading.Event()
        for _ in range(REPLACE_TURNS - 1):
            try:
                beside.replace(path)
            except PermissionError:
                pause.wait(REPLACE_PAUSE_SECONDS)
            else:
                return
        beside.replace(path)

    def hold(file: IO[bytes]) -> None:
        """Lock the first byte until the file is closed; `OSError` at once when another process holds it."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:

    def set_rights(path: Path, descriptor: int | None, mode: int) -> None:
        """Give an open file, or `path`, exactly `mode`, whatever mask this process has. `OSError`."""
        if descriptor is None:
            path.chmod(mode)
        else:
            os.fchmod(descriptor, mode)

    def flush_folder(path: Path) -> None:
        """Make the names in a folder durable. `OSError`."""
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def put_in_place(beside: Path, path: Path) -> None:
        """Rename over `path`. `OSError`."""
        beside.replace(path)

    def hold(file: IO[bytes]) -> None:
        """Lock a file until it is closed; `OSError` at once when another process holds it."""
        # Imported here: who only reads, on whatever system, imports this module too.
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
