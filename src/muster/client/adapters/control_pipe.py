"""The control socket of Windows: a named pipe, its client's token, and the command's end of it (spec/control.md §Socket).

Bytes, frames and deadlines are those of `control_socket`. Everybody on the machine may open the pipe, nobody from elsewhere;
whether a caller administers is asked of its token. A command hands its identity over to be looked at and not to be used, and
speaks only with a pipe that administrators or the system own: a name can be taken by anybody. Written from Microsoft's
documentation and type-checked; not run by our tests, which run on Linux.
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from muster.base.errors import Code, Malformed, Misconfigured, Refused, Unreachable
from muster.client.core.control import LENGTH_BYTES, MAX_ANSWER_BYTES, encode_failure
from muster.client.core.rights import Peer

REQUEST_SECONDS = 5.0
CALL_SECONDS = 300.0
MAX_CALLERS = 32
NAME_DIGITS = 16
ROOM = 65_536
# Reading and writing, without the right to make further instances of the pipe, which GENERIC_WRITE would bring along.
_ACCESS = 0x12019B
# Owner Administrators; everything for the system and Administrators, `_ACCESS` for users of this machine.
SECURITY = f"O:BAG:BAD:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;{_ACCESS:#x};;;AU)"
_DUPLEX, _FIRST = 0x3, 0x80000
_REJECT_REMOTE = 0x8
_OPEN_EXISTING = 3
_IDENTIFICATION = 0x00100000 | 0x00010000  # SECURITY_SQOS_PRESENT, SECURITY_IDENTIFICATION
_TOKEN_QUERY, _SDDL_REVISION = 0x8, 1
_KERNEL_OBJECT, _OWNER = 6, 1
_LOCAL_SYSTEM, _ADMINISTRATORS = 22, 26
_NOT_FOUND, _PIPE_BUSY, _PIPE_CONNECTED = 2, 231, 535
_BUSY_MILLISECONDS = 2000
_MAX_SID_BYTES = 68


def pipe_name(home: Path) -> str:
    """The pipe of a state folder."""
    digest = hashlib.sha256(str(home.absolute()).lower().encode()).hexdigest()
    return rf"\\.\pipe\muster-client-{digest[:NAME_DIGITS]}"


if sys.platform == "win32":
    _KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
    _ADVAPI = ctypes.WinDLL("advapi32", use_last_error=True)
    for _name in ("CreateNamedPipeW", "CreateFileW", "GetCurrentThread"):
        getattr(_KERNEL, _name).restype = ctypes.c_void_p
    _INVALID = ctypes.c_void_p(-1).value

    class _SecurityAttributes(ctypes.Structure):
        _fields_ = (("length", ctypes.c_uint32), ("descriptor", ctypes.c_void_p), ("inherit", ctypes.c_int))

    def _check(done: object) -> None:
        if not done:
            raise ctypes.WinError(ctypes.get_last_error())

    def _well_known(kind: int) -> ctypes.Array[ctypes.c_char]:
        sid, size = ctypes.create_string_buffer(_MAX_SID_BYTES), ctypes.c_uint32(_MAX_SID_BYTES)
        _check(_ADVAPI.CreateWellKnownSid(kind, None, sid, ctypes.byref(size)))
        return sid

    def _read(handle: int, size: int) -> bytes:
        data, room, got = bytearray(), ctypes.create_string_buffer(ROOM), ctypes.c_uint32()
        while len(data) < size:
            wanted = min(ROOM, size - len(data))
            _check(_KERNEL.ReadFile(ctypes.c_void_p(handle), room, wanted, ctypes.byref(got), None))
            data += room.raw[: got.value]
        return bytes(data)

    def _write(handle: int, body: bytes) -> None:
        data, sent = len(body).to_bytes(LENGTH_BYTES, "big") + body, ctypes.c_uint32()
        while data:
            _check(_KERNEL.WriteFile(ctypes.c_void_p(handle), data, min(len(data), ROOM), ctypes.byref(sent), None))
            data = data[sent.value :]

    class ControlPipe:
        """Listens between `listen` and `close`. One thread waits for callers, one serves each of them."""

        is_lost = False

        def __init__(
            self, home: Path, answer: Callable[[Peer, bytes], Awaitable[bytes]], limit: Callable[[Peer], int]
        ) -> None:
            self._name = pipe_name(home)
            self._answer = answer
            self._limit = limit
            self._loop = asyncio.get_running_loop()
            self._callers = threading.BoundedSemaphore(MAX_CALLERS)
            self._open: set[int] = set()
            self._waiting = 0
            self._over = threading.Event()

        @property
        def callers(self) -> int:
            """How many are connected."""
            return len(self._open)

        async def listen(self) -> None:
            """Make the pipe; `Misconfigured` when somebody else has its name."""
            try:
                self._waiting = self._made(_FIRST)
            except OSError as error:
                raise Misconfigured(Code.HOME_IN_USE, f"{self._name} cannot be made: {error.strerror}") from error
            threading.Thread(target=self._wait_for_callers, daemon=True).start()

        async def close(self) -> None:
            """Hang up."""
            self._over.set()
            for handle in (self._waiting, *self._open):
                _KERNEL.CancelIoEx(ctypes.c_void_p(handle), None)

        def _made(self, first: int) -> int:
            descriptor = ctypes.c_void_p()
            made = _ADVAPI.ConvertStringSecurityDescriptorToSecurityDescriptorW(
                SECURITY, _SDDL_REVISION, ctypes.byref(descriptor), None
            )
            _check(made)
            attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, 0)
            handle = _KERNEL.CreateNamedPipeW(
                self._name, _DUPLEX | first, _REJECT_REMOTE, MAX_CALLERS + 1, ROOM, ROOM, 0, ctypes.byref(attributes)
            )
            number = ctypes.get_last_error()
            _KERNEL.LocalFree(descriptor)
            if handle == _INVALID:
                raise ctypes.WinError(number)
            return int(handle)

        def _wait_for_callers(self) -> None:
            while not self._over.is_set():
                handle = self._waiting
                came = _KERNEL.ConnectNamedPipe(ctypes.c_void_p(handle), None)
                if not came and ctypes.get_last_error() != _PIPE_CONNECTED:
                    _KERNEL.CloseHandle(ctypes.c_void_p(handle))
                    if self._over.is_set():
                        return
                else:
                    self._callers.acquire()
                    self._open.add(handle)
                    threading.Thread(target=self._serve, args=(handle,), daemon=True).start()
                self._waiting = self._made(0)

        def _serve(self, handle: int) -> None:
            deadline = threading.Timer(REQUEST_SECONDS, _KERNEL.CancelIoEx, (ctypes.c_void_p(handle), None))
            deadline.daemon = True
            deadline.start()
            try:
                answer = self._heard(handle, deadline)
                _write(handle, answer)
                _KERNEL.FlushFileBuffers(ctypes.c_void_p(handle))
            except OSError:
                pass  # who hung up, or said nothing in time, hears nothing
            finally:
                deadline.cancel()
                self._open.discard(handle)
                _KERNEL.DisconnectNamedPipe(ctypes.c_void_p(handle))
                _KERNEL.CloseHandle(ctypes.c_void_p(handle))
                self._callers.release()

        def _heard(self, handle: int, deadline: threading.Timer) -> bytes:
            size = int.from_bytes(_read(handle, LENGTH_BYTES), "big")
            peer = Peer(-1, is_elevated=_administers(handle))
            if size > self._limit(peer):
                return encode_failure(Malformed(Code.MESSAGE_MALFORMED, "larger than a request of this caller may be"))
            body = _read(handle, size)
            deadline.cancel()
            asked = asyncio.run_coroutine_threadsafe(_awaited(self._answer(peer, body)), self._loop)
            try:
                return asked.result(CALL_SECONDS)
            except TimeoutError:
                asked.cancel()
                return encode_failure(Refused(Code.RATE_LIMITED, "the machine is busy with what others asked before"))

    async def _awaited(answer: Awaitable[bytes]) -> bytes:
        return await answer

    def _administers(handle: int) -> bool:
        """Whether the Administrators group is enabled in the token of who wrote to the pipe; False in any doubt."""
        if not _ADVAPI.ImpersonateNamedPipeClient(ctypes.c_void_p(handle)):
            return False
        token, is_member = ctypes.c_void_p(), ctypes.c_int()
        try:
            thread = ctypes.c_void_p(_KERNEL.GetCurrentThread())
            # As the process, not as the caller: an identity to look at may open nothing.
            _check(_ADVAPI.OpenThreadToken(thread, _TOKEN_QUERY, 1, ctypes.byref(token)))
            _check(_ADVAPI.CheckTokenMembership(token, _well_known(_ADMINISTRATORS), ctypes.byref(is_member)))
        except OSError:
            return False
        finally:
            if not _ADVAPI.RevertToSelf():
                # Going on under a stranger's identity would be worse than not going on.
                raise SystemExit(1)
            if token:
                _KERNEL.CloseHandle(token)
        return bool(is_member.value)

    def call_pipe(home: Path, body: bytes) -> bytes | None:
        """As `control_caller.call`; the service of this home, or None."""
        handle = _opened(pipe_name(home))
        if handle is None:
            return None
        deadline = threading.Timer(CALL_SECONDS + REQUEST_SECONDS, _KERNEL.CancelIoEx, (ctypes.c_void_p(handle), None))
        deadline.daemon = True
        deadline.start()
        try:
            if not _is_trustworthy(handle):
                raise Unreachable(
                    Code.SERVICE_NOT_RUNNING, "a program without rights holds the name of the control pipe"
                )
            with suppress(OSError):  # a service that refuses says why before it hangs up
                _write(handle, body)
            size = int.from_bytes(_read(handle, LENGTH_BYTES), "big")
            if size > MAX_ANSWER_BYTES:
                raise Malformed(Code.MESSAGE_MALFORMED, "the licensing service announces a giant answer")
            return _read(handle, size)
        except OSError as error:
            raise Unreachable(Code.SERVICE_NOT_RUNNING, "the licensing service went away without an answer") from error
        finally:
            deadline.cancel()
            _KERNEL.CloseHandle(ctypes.c_void_p(handle))

    def _opened(name: str) -> int | None:
        for _ in range(2):
            handle = _KERNEL.CreateFileW(name, _ACCESS, 0, None, _OPEN_EXISTING, _IDENTIFICATION, None)
            if handle != _INVALID:
                return int(handle)
            number = ctypes.get_last_error()
            if number == _NOT_FOUND:
                return None
            if number != _PIPE_BUSY or not _KERNEL.WaitNamedPipeW(name, _BUSY_MILLISECONDS):
                break
        raise Unreachable(Code.SERVICE_NOT_RUNNING, "the licensing service has no room for another caller")

    def _is_trustworthy(handle: int) -> bool:
        owner, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
        failed = _ADVAPI.GetSecurityInfo(
            ctypes.c_void_p(handle),
            _KERNEL_OBJECT,
            _OWNER,
            ctypes.byref(owner),
            None,
            None,
            None,
            ctypes.byref(descriptor),
        )
        if failed:
            return False
        trusted = any(_ADVAPI.IsWellKnownSid(owner, kind) for kind in (_LOCAL_SYSTEM, _ADMINISTRATORS))
        _KERNEL.LocalFree(descriptor)
        return trusted
