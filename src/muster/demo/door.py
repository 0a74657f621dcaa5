"""The machines' SSH server: who logs in as ``pc-07`` reaches that machine, and nothing but ``muster client remote`` on it.

One server stands for the servers of all machines. It listens on loopback and believes one key, made for the demonstration.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muster.client.app import LookingOn
from muster.client.app.answering import answer
from muster.client.core.control import MAX_REQUEST_BYTES, make_request
from muster.client.service.operations import Desk, perform
from muster.demo.nameserver import LOOPBACK

if TYPE_CHECKING:
    import asyncssh

    from muster.demo.world import DemoMachine

KIND = "ssh-ed25519"
NOT_FOUND = 127


class Door:
    """`start` makes the key that is believed; `machines` are those that can be reached."""

    def __init__(self) -> None:
        self.machines: dict[str, DemoMachine] = {}
        self._server: asyncssh.SSHAcceptor | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0 before the start."""
        return self._server.get_port() if self._server else 0

    async def start(self, key_file: Path) -> None:
        """Listen on a free port; the private key that opens is written to `key_file`."""
        import asyncssh

        key = asyncssh.generate_private_key(KIND)
        key.write_private_key(str(key_file))
        self._server = await asyncssh.listen(
            LOOPBACK,
            0,
            server_host_keys=[asyncssh.generate_private_key(KIND)],
            authorized_client_keys=asyncssh.import_authorized_keys(key.export_public_key().decode()),
            process_factory=self._answer,
            encoding=None,
            allow_scp=False,
        )

    async def _answer(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        machine = self.machines.get(str(process.get_extra_info("username")))
        if machine is None:
            process.exit(NOT_FOUND)
            return
        body = await process.stdin.read(MAX_REQUEST_BYTES + 1)
        # In a thread, as on a machine of its own: some of what may be asked waits for the network.
        process.stdout.write(await asyncio.to_thread(_answered, machine, body))
        process.exit(0)

    async def close(self) -> None:
        """Let nobody in any more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None


def _answered(machine: DemoMachine, body: bytes) -> bytes:
    def ask(home: Path, name: str, **parameters: Any) -> dict[str, Any]:
        request = make_request(name, parameters)
        return asyncio.run(perform(Desk(machine.machine, LookingOn(home)), request))

    return answer(lambda: machine.home, body, ask)
