"""What wakes the service on Linux, by the kernel alone: a timer that notices when the clock is set, files, the network.

timerfd with the wall clock: a deadline passes during sleep and suspension too, and setting the clock cancels it
(timerfd_create(2)). inotify on the home and ``products.d``. A netlink socket, open only while somebody hopes for another
network, so that a busy network costs a licensed machine nothing. No interval, no thread.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import socket
import struct
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from muster.base.clock import Clock
from muster.client.ports import Wake

_CLOCK_REALTIME = 0
_TFD_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_TFD_TIMER_ABSTIME, _TFD_TIMER_CANCEL_ON_SET = 1, 2
_IN_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_IN_CLOSE_WRITE, _IN_MOVED, _IN_CREATE, _IN_DELETE = 0x8, 0xC0, 0x100, 0x200
_IN_GONE = 0x400 | 0x800  # IN_DELETE_SELF, IN_MOVE_SELF
_MASK = _IN_CLOSE_WRITE | _IN_MOVED | _IN_CREATE | _IN_DELETE | _IN_GONE
_EVENT = struct.Struct("iIII")
_NETLINK_ROUTE = 0
# rtnetlink(7): links, addresses and routes of both families.
_RTMGRP = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
_ROOM = 65_536
FAR_AWAY = 10 * 365 * 86_400


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class LinuxWakes:
    """`Wakes` by three descriptors. `noticed` are the names of files in `home` that matter; `folder` is below it."""

    def __init__(self, home: Path, folder: str, noticed: frozenset[str], clock: Clock) -> None:
        self._home = home
        self._folder = folder
        self._noticed = {os.fsencode(name) for name in noticed}
        self._clock = clock
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timer = self._call("timerfd_create", _CLOCK_REALTIME, _TFD_FLAGS)
        self._files = self._call("inotify_init1", _IN_FLAGS)
        self._watches: dict[int, str] = {}
        self._network: socket.socket | None = None
        self._causes: set[Wake] = set()
        self._happened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._timer, self._timer_ran)
        self._loop.add_reader(self._files, self._files_changed)
        self._watch_files()

    async def next(self, until: datetime | None, *, network: bool = False) -> frozenset[Wake]:
        """See `Wakes`."""
        self._watch_network(network)
        self._arm(until)
        await self._happened.wait()
        self._happened.clear()
        causes, self._causes = frozenset(self._causes), set()
        return causes

    def tell(self) -> None:
        """See `Wakes`."""
        self._note(Wake.TOLD)

    def close(self) -> None:
        """See `Wakes`."""
        self._watch_network(False)
        for descriptor in (self._timer, self._files):
            self._loop.remove_reader(descriptor)
            os.close(descriptor)

    def _note(self, cause: Wake) -> None:
        self._causes.add(cause)
        self._happened.set()

    def _arm(self, until: datetime | None) -> None:
        now = self._clock.now().timestamp()
        at = max(until.timestamp() if until is not None else now + FAR_AWAY, 0.0)
        # A value of zero would disarm it.
        spec = _Itimerspec(_Timespec(0, 0), _Timespec(int(at), max(1, int(at % 1 * 1e9))))
        flags = _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET
        self._call("timerfd_settime", self._timer, flags, ctypes.byref(spec), None)

    def _timer_ran(self) -> None:
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ECANCELED:
                raise
            self._note(Wake.CLOCK)
            return
        self._note(Wake.DEADLINE)

    def _watch_files(self) -> None:
        """Watching again what is watched changes nothing; a folder that was made meanwhile is found here."""
        for path, name in ((self._home, ""), (self._home / self._folder, self._folder)):
            with suppress(OSError):
                watch = self._call("inotify_add_watch", self._files, os.fsencode(path), _MASK)
                self._watches[watch] = name

    def _files_changed(self) -> None:
        try:
            data = os.read(self._files, _ROOM)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            watch, mask, _, size = _EVENT.unpack_from(data, at)
            name = data[at + _EVENT.size : at + _EVENT.size + size].rstrip(b"\0")
            at += _EVENT.size + size
            is_below = self._watches.get(watch) == self._folder
            if is_below or mask & _IN_GONE or name in self._noticed:
                self._note(Wake.FILES)
        # Before anybody looks into a folder that was just made: what comes later is noticed, what came before is seen.
        self._watch_files()

    def _watch_network(self, wanted: bool) -> None:
        if wanted is (self._network is not None):
            return
        if self._network is not None:
            self._loop.remove_reader(self._network)
            self._network.close()
            self._network = None
            return
        with suppress(OSError):
            own = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_ROUTE)
            own.bind((0, _RTMGRP))
            self._network = own
            self._loop.add_reader(own, self._network_changed, own)

    def _network_changed(self, own: socket.socket) -> None:
        # What changed is not looked at: whether it helps is found out by asking. ENOBUFS says that much changed.
        with suppress(OSError):
            while own.recv(_ROOM):
                pass
        self._note(Wake.NETWORK)

    def _call(self, name: str, *arguments: object) -> int:
        found: int = getattr(self._libc, name)(*arguments)
        if found < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return found
