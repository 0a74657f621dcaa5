"""The service's end of the control socket: bounded callers, bounded bytes, one deadline each (spec/control.md §Socket).

Reads one frame, hands it on with the credentials of who sent it, writes one frame, hangs up. Knows no operation. A caller that
says nothing is dropped at its deadline, and earlier when its own user needs the room.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, StoreFailed
from muster.client.adapters.control_path import CONTROL, reachable
from muster.client.adapters.peer_credentials import peer_of
from muster.client.core.control import LENGTH_BYTES, encode_failure
from muster.client.core.rights import Peer

REQUEST_SECONDS = 5.0
CALL_SECONDS = 300.0
MAX_CALLERS_OF_ONE = 16
MAX_CALLERS = 128
BACKLOG = 64
ANYBODY = 0o666

Answer = Callable[[Peer, bytes], Awaitable[bytes]]


@dataclass(eq=False, slots=True)
class _Caller:
    user: int
    task: asyncio.Task[None]
    is_silent: bool = True


class ControlSocket:
    """Listens between `listen` and `close`. `answer` turns a request into an answer; `limit` bounds a peer's request."""

    def __init__(
        self,
        home: Path,
        answer: Answer,
        limit: Callable[[Peer], int],
        *,
        inherited: socket.socket | None = None,
        request_seconds: float = REQUEST_SECONDS,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._home = home
        self._answer = answer
        self._limit = limit
        self._inherited = inherited
        self._request_seconds = request_seconds
        self._call_seconds = call_seconds
        self._server: asyncio.Server | None = None
        self._inode: int | None = None
        self._callers: list[_Caller] = []

    @property
    def callers(self) -> int:
        """How many are connected."""
        return len(self._callers)

    @property
    def is_lost(self) -> bool:
        """Whether somebody removed the socket, so that nobody finds it any more."""
        if self._inherited is not None:
            return False
        with suppress(OSError):
            return (self._home / CONTROL).lstat().st_ino != self._inode
        return True

    async def listen(self) -> None:
        """Listen, instead of a socket that was left behind or lost; the home's lock must be held.

        `Misconfigured` or `StoreFailed` when that cannot be.
        """
        own = self._inherited
        if own is None:
            await self._stop_listening()
            own = _bind(self._home)
            self._inode = (self._home / CONTROL).lstat().st_ino
        self._server = await asyncio.start_unix_server(self._converse, sock=own, backlog=BACKLOG)

    async def close(self) -> None:
        """Hang up and remove the socket; one that was inherited stays with who opened it."""
        if self._inherited is None and not self.is_lost:
            with suppress(OSError):
                (self._home / CONTROL).unlink()
        await self._stop_listening()
        tasks = [caller.task for caller in self._callers]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as a task
        caller = _Caller(-1, task)
        try:
            answer = await self._heard(caller, reader, writer)
            # From here on it makes way again: whoever does not take the answer holds no place.
            caller.is_silent = True
            await self._hang_up(writer, answer)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            if caller in self._callers:
                self._callers.remove(caller)
            writer.transport.abort()

    async def _heard(self, caller: _Caller, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """The answer to what a caller says; raises where nobody would hear it."""
        try:
            peer = peer_of(writer.get_extra_info("socket"))
            caller.user = peer.user
            self._admit(caller)
            async with asyncio.timeout(self._call_seconds):
                async with asyncio.timeout(self._request_seconds):
                    body = await _receive(reader, self._limit(peer))
                caller.is_silent = False
                return await self._answer(peer, body)
        except MusterError as error:
            return encode_failure(error)
        except TimeoutError:
            if caller.is_silent:
                raise
            return encode_failure(Refused(Code.RATE_LIMITED, "the machine is busy with what others asked before"))

    async def _hang_up(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        async with asyncio.timeout(self._request_seconds):
            writer.write(len(answer).to_bytes(LENGTH_BYTES, "big") + answer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    def _admit(self, caller: _Caller) -> None:
        """Room for a caller: who said nothing yet makes way, of the same user first. `Refused` when all are at work."""
        own = [other for other in self._callers if other.user == caller.user]
        crowd = own if len(own) >= MAX_CALLERS_OF_ONE else self._callers if len(self._callers) >= MAX_CALLERS else []
        if crowd:
            silent = next((other for other in crowd if other.is_silent), None)
            if silent is None:
                raise Refused(Code.RATE_LIMITED, "too many callers ask this machine at once")
            self._callers.remove(silent)
            silent.task.cancel()
        self._callers.append(caller)


async def _receive(reader: asyncio.StreamReader, limit: int) -> bytes:
    size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
    if size > limit:
        raise Malformed(Code.MESSAGE_MALFORMED, f"a request of this caller has at most {limit} bytes, not {size}")
    return await reader.readexactly(size)


def _bind(home: Path) -> socket.socket:
    path = home / CONTROL
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(FileNotFoundError):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise Misconfigured(
                    Code.HOME_NOT_WRITABLE, f"{path} is in the way of the control socket", "Move it away."
                )
            path.unlink()
        with reachable(home) as name:
            own.bind(name)
        os.chmod(path, ANYBODY)  # noqa: PTH101 - who may do what is decided by credentials, not by who may connect
        own.listen(BACKLOG)
        own.setblocking(False)
    except OSError as error:
        own.close()
        reason = (error.strerror or str(error)).lower()
        if isinstance(error, PermissionError):
            raise Misconfigured(Code.HOME_NOT_WRITABLE, f"{path} cannot be made: {reason}") from error
        raise StoreFailed(Code.STORE_FAILED, f"{path} cannot be made: {reason}") from error
    except MusterError:
        own.close()
        raise
    return own
