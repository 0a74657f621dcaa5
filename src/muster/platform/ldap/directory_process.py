"""`Directories` over the network: each connection is a child process that can be ended at any instant.

libldap and libkrb5 block where nobody can interrupt them (a Kerberos server that is silent, a name that does not resolve),
and a licensing service should not carry them for a look once a week. So deadlines are kept here, by ending the child.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from typing import Any

from muster.base.errors import Code, Misconfigured, Unreachable
from muster.platform.ldap.lines import (
    MAX_LINE_BYTES,
    attributes_to_plain,
    connection_to_plain,
    entry_from_plain,
    error_from_plain,
    line,
)
from muster.platform.ldap.port import MAX_ENTRIES, Attributes, Entry, Kerberos, Login, Scope, Server
from muster.platform.missing_parts import remedy

# Beyond the library's own deadline: the child says why it failed, where it can.
GRACE_SECONDS = 0.5
_MODULE = "muster.platform.ldap.worker"


class DirectoryProcess:
    """`Directories` by child processes."""

    @asynccontextmanager
    async def connect(self, server: Server, login: Login, patience: float) -> AsyncIterator[ProcessSession]:
        """See `Directories`."""
        if find_spec("bonsai") is None:
            raise Misconfigured(
                Code.DIRECTORY_UNREACHABLE,
                "the LDAP library is not installed here",
                remedy("directory"),
            )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            _MODULE,
            stdin=PIPE,
            stdout=PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(login),
            limit=MAX_LINE_BYTES,
        )
        try:
            session = ProcessSession(process, server, patience)
            await session.ask(connection_to_plain(server, login, patience))
            yield session
        finally:
            await _end(process)


class ProcessSession:
    """`Directory` in a child process."""

    def __init__(self, process: Process, server: Server, patience: float) -> None:
        self._process = process
        self._server = server
        self._patience = patience

    async def read(
        self,
        base: str,
        scope: Scope = Scope.BASE,
        filter_: str = "(objectClass=*)",
        attributes: tuple[str, ...] = (),
        limit: int = MAX_ENTRIES,
    ) -> tuple[Entry, ...]:
        """See `Directory`."""
        asked = {"base": base, "scope": str(scope), "filter": filter_, "attributes": list(attributes), "limit": limit}
        answer = await self.ask({"do": "read", **asked})
        return tuple(entry_from_plain(entry) for entry in answer["entries"])

    async def add(self, dn: str, attributes: Attributes) -> None:
        """See `Directory`."""
        await self.ask({"do": "add", "dn": dn, "attributes": attributes_to_plain(attributes)})

    async def replace(self, dn: str, attributes: Attributes) -> None:
        """See `Directory`."""
        await self.ask({"do": "replace", "dn": dn, "attributes": attributes_to_plain(attributes)})

    async def remove(self, dn: str) -> None:
        """See `Directory`."""
        await self.ask({"do": "remove", "dn": dn})

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """One answer to one message; the child does not outlive a deadline that passed."""
        reader, writer = self._process.stdout, self._process.stdin
        if reader is None or writer is None:
            raise Unreachable(Code.DIRECTORY_UNREACHABLE, f"nobody asks {self._server.url}")
        try:
            async with asyncio.timeout(self._patience + GRACE_SECONDS):
                writer.write(line(message))
                await writer.drain()
                answered = await reader.readline()
        except (TimeoutError, ConnectionError, ValueError) as error:
            with suppress(ProcessLookupError):
                self._process.kill()
            reason = "no answer in time" if isinstance(error, TimeoutError) else "it answered far too much"
            raise Unreachable(Code.DIRECTORY_UNREACHABLE, f"{self._server.url} did not answer: {reason}") from error
        if not answered.endswith(b"\n"):
            raise Unreachable(
                Code.DIRECTORY_UNREACHABLE, f"{self._server.url} did not answer: the connection broke down"
            )
        answer: dict[str, Any] = json.loads(answered)
        if "error" in answer:
            raise error_from_plain(answer["error"])
        return answer


def _environment(login: Login) -> dict[str, str]:
    """The child's environment: names of servers as they were given, tickets from a keytab nowhere but in memory."""
    environment = {**os.environ, "LDAPSASL_NOCANON": "on"}
    if isinstance(login, Kerberos) and login.keytab:
        environment["KRB5CCNAME"] = "MEMORY:muster"
    return environment


async def _end(process: Process) -> None:
    """End the child, and leave nothing of it behind."""
    if process.stdin is not None:
        process.stdin.close()
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
