"""`Carrier` over SSH by asyncssh: one connection, one command, one request on its stdin, one answer from its stdout.

SSH host keys are pinned per machine: the first that is met is learnt (or refused, when learning is off), another one later
is refused before anything is said. A jump host must stand in the `known_hosts` file; nothing else of the user's own SSH
configuration is read. Answers have a size and a time.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncssh

from muster.base.errors import Code, Malformed, Misconfigured, Refused, Unreachable, Untrusted
from muster.base.terminal import clean
from muster.console.core.answer import MAX_ANSWER_BYTES
from muster.console.core.carriage import SshSettings, parse_jump
from muster.console.ports import Machine

MAX_COMPLAINT_BYTES = 2_000
"""Of what a machine says on stderr."""
READ_BYTES = 65_536
_COMMAND_NOT_FOUND = 127
_RSA = "rsa-sha2-512,rsa-sha2-256"


class _Pinning(asyncssh.SSHClient):
    """Believes the pinned key only, or, where none is pinned yet and learning is on, the first one."""

    def __init__(self, pinned: str, *, learn: bool) -> None:
        self._pinned, self._learn = pinned, learn
        self.shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.shown = _text(key)
        return self.shown == self._pinned if self._pinned else self._learn


class SshCarrier:
    """See `Carrier`. Keys are read once, when it is made; `Misconfigured` names a file that cannot be used."""

    def __init__(self, settings: SshSettings) -> None:
        self._settings = settings
        self._keys = [_private_key(Path(name).expanduser(), settings.passphrase) for name in settings.keys]
        self._turns = asyncio.Semaphore(settings.at_once)
        self._known_hosts = str(Path(settings.known_hosts).expanduser())
        self._jumps: dict[str, asyncio.Task[asyncssh.SSHClientConnection]] = {}

    async def close(self) -> None:
        """Let the jump hosts go."""
        for task in self._jumps.values():
            if not task.cancel() and not task.cancelled() and task.exception() is None:
                task.result().close()
        self._jumps.clear()

    async def ask(self, machine: Machine, pinned: str, request: bytes) -> tuple[bytes, str]:
        """See `Carrier`."""
        client = _Pinning(pinned, learn=self._settings.learn)
        async with self._turns:
            try:
                async with asyncio.timeout(self._settings.answer_time.total_seconds()):
                    return await self._ask(machine, client, pinned, request), client.shown
            except TimeoutError as error:
                seconds = round(self._settings.answer_time.total_seconds())
                raise Unreachable(Code.MACHINE_UNREACHABLE, f"no answer within {seconds} seconds") from error
            except asyncssh.HostKeyNotVerifiable as error:
                raise _untrusted(pinned, client.shown) from error
            except (asyncssh.PermissionDenied, asyncssh.ChannelOpenError) as error:
                raise Refused(Code.MACHINE_REFUSED, clean(f"the log-in was refused: {error.reason}")) from error
            except (OSError, asyncssh.Error) as error:
                told = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise Unreachable(Code.MACHINE_UNREACHABLE, clean(str(told).lower())) from error

    async def _ask(self, machine: Machine, client: _Pinning, pinned: str, request: bytes) -> bytes:
        options = self._options(machine.target.user)
        options["client_factory"] = lambda: client
        # An empty list: no key is known beforehand, `client` is asked.
        options["known_hosts"] = ([], [], [])
        if pinned:
            # Preferred, not required: a machine that has another kind only shall show it.
            kind = pinned.partition(" ")[0]
            options["server_host_key_algs"] = f"^{_RSA}" if kind == "ssh-rsa" else f"^{kind}"
        if jump := machine.target.jump or self._settings.jump:
            options["tunnel"] = await self._jump(jump)
        connection = await asyncssh.connect(machine.target.address, machine.target.port, **options)
        try:
            process = await connection.create_process(self._settings.command, encoding=None)
            answer = await _exchange(process, request)
        except BaseException:
            # Not closed politely: the machine may never answer that.
            connection.abort()
            raise
        connection.close()
        return answer

    async def _jump(self, jump: str) -> asyncssh.SSHClientConnection:
        """The one connection to a jump host (``user@host:port``), made when first needed, and again when it was lost."""
        task = self._jumps.get(jump)
        if task is None or (task.done() and (task.cancelled() or task.exception() or task.result().is_closed())):
            try:
                user, host, port = parse_jump(jump)
            except ValueError as error:
                problem, _, remedy = str(error).partition("; ")
                raise Misconfigured(Code.SETTINGS_INVALID, clean(problem), remedy) from error
            options = self._options("") | {"known_hosts": self._known_hosts} | ({"username": user} if user else {})
            task = asyncio.create_task(_connected(host, port, options))
            self._jumps[jump] = task
        return await asyncio.shield(task)

    def _options(self, user: str) -> dict[str, Any]:
        settings = self._settings
        options: dict[str, Any] = {
            "config": None,
            "connect_timeout": settings.connect_time.total_seconds(),
            "login_timeout": settings.connect_time.total_seconds(),
            "client_keys": self._keys or (() if settings.agent else None),
            "agent_path": () if settings.agent else None,
            "agent_forwarding": False,
            "gss_auth": settings.kerberos,
            "gss_kex": False,
            "password_auth": False,
            "kbdint_auth": False,
        }
        if settings.user or user:
            options["username"] = settings.user or user
        return options


async def _connected(host: str, port: int, options: dict[str, Any]) -> asyncssh.SSHClientConnection:
    try:
        return await asyncssh.connect(host, port, **options)
    except asyncssh.HostKeyNotVerifiable as error:
        known = options["known_hosts"]
        raise Untrusted(
            Code.MACHINE_UNTRUSTED,
            f"the key of jump host {clean(host)} does not stand in {known}",
            "compare the key on the jump host, then add it there",
        ) from error


async def _exchange(process: asyncssh.SSHClientProcess[bytes], request: bytes) -> bytes:
    process.stdin.write(request)
    process.stdin.write_eof()
    complaint = asyncio.create_task(_read(process.stderr, MAX_COMPLAINT_BYTES))
    try:
        answer = await _read(process.stdout, MAX_ANSWER_BYTES + 1)
        if len(answer) > MAX_ANSWER_BYTES:
            raise Malformed(Code.ANSWER_MALFORMED, f"the machine's answer has more than {MAX_ANSWER_BYTES} bytes")
        said = clean((await complaint).decode(errors="replace").strip().partition("\n")[0])
    finally:
        complaint.cancel()
    await process.wait_closed()
    ended = process.exit_status
    if not answer.strip():
        if ended == _COMMAND_NOT_FOUND:
            said = said or "the command is not there"
        raise Refused(Code.MACHINE_REFUSED, f"the command gave no answer (exit {ended}): {said}" if said else "")
    return answer


async def _read(stream: asyncssh.SSHReader[bytes], limit: int) -> bytes:
    """Until the end, or `limit` bytes; what comes after them is not waited for."""
    parts, size = [], 0
    while size < limit and (part := await stream.read(min(READ_BYTES, limit - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _private_key(path: Path, passphrase: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(str(path), passphrase or None)
    except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise Misconfigured(
            Code.SETTINGS_INVALID,
            f"SSH key {path} cannot be used: {error}",
            "name a private key file, and its passphrase",
        ) from error


def _text(key: asyncssh.SSHKey) -> str:
    """Kind and value, without a comment."""
    return " ".join(key.export_public_key("openssh").decode().split()[:2])


def _untrusted(pinned: str, shown: str) -> Untrusted:
    if not pinned:
        return Untrusted(
            Code.MACHINE_UNTRUSTED,
            f"its SSH host key is not known yet: {_short(shown)}",
            "compare it on the machine, then allow learning",
        )
    return Untrusted(Code.MACHINE_UNTRUSTED, f"its SSH host key was {_short(pinned)}, and is now {_short(shown)}")


def _short(key: str) -> str:
    """A key as `ssh-keygen -l` names it."""
    return f"{key.partition(' ')[0]} {asyncssh.import_public_key(key).get_fingerprint()}"
