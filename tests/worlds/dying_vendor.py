"""A vendor's service that dies where it is told to, by SIGKILL; a process of its own for each death.

``python -m tests.worlds.dying_vendor HOME`` unlocks the keys and prints its port. For each line on standard input, a point and
a number, it makes a process that serves until the number-th activation comes to that point. The socket is the parent's, so that
who asks meanwhile waits for the next process.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from muster.base.clock import SystemClock
from muster.base.errors import Code
from muster.platform.accounts.memory import MemoryAccounts
from muster.vendor import app as vendor
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.ports import Books, Store
from muster.vendor.service.access import vendor_accounts
from muster.vendor.service.sealing import seal_due
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.serving import create_app
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import PASSPHRASE

INTENT, COMMITTED, SIGNED, SEALING, NEVER = "intent", "committed", "signed", "sealing", "never"
POINTS = (INTENT, COMMITTED, SIGNED, SEALING)
SECONDS = 120.0

Result = TypeVar("Result")


class Death:
    """Counts what comes to the point that was chosen; the last one counted does not pass it."""

    def __init__(self) -> None:
        self.point, self.left = NEVER, 0

    def at(self, point: str) -> None:
        """Die here, if here and now was meant."""
        if point == self.point:
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


class DyingStore:
    """`Store`: dies when work that holds is done but not committed, or committed but not told."""

    def __init__(self, inner: Store, death: Death) -> None:
        self._inner, self._death = inner, death

    def run(self, work: Callable[[Books], Result], *, holding: bool = False) -> Result:
        """See `Store`."""

        def dying(books: Books) -> Result:
            result = work(books)
            if holding:
                self._death.at(INTENT)
            return result

        result = self._inner.run(dying, holding=holding)
        if holding:
            self._death.at(COMMITTED)
        return result


def dying_app(inner: ASGIApp, death: Death, seal: Callable[[], object]) -> ASGIApp:
    """The service: dies when the answer is made and not sent; seals before it answers, as the sealer may just then."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def dying(message: Message) -> None:
            if message["type"] == "http.response.start":
                death.at(SIGNED)
                if death.point == SEALING:
                    death.left -= 1
                    if not death.left:
                        death.point, death.left = INTENT, 1  # in the transaction of the seal
                    seal()
            await send(message)

        await inner(scope, receive, dying if scope["type"] == "http" else send)

    return app


def main(home: Path) -> None:
    """Make processes until the input ends."""
    death = Death()
    opened = vendor.open_vendor(home, lambda: PASSPHRASE)
    keys = opened.keys
    assert isinstance(opened.store, SqlStore)
    opened.store.close()  # no connection may be shared with a child
    owner = Vendor(DyingStore(opened.store, death), lambda: keys, SystemClock(), opened.entropy, "service")
    app = dying_app(create_app(owner, vendor_accounts(owner, MemoryAccounts(), LIGHT)), death, lambda: seal_due(owner))
    own = socket.create_server(("127.0.0.1", 0))
    _tell(own.getsockname()[1])
    for line in sys.stdin:
        point, number = line.split()
        child = os.fork()
        if not child:
            death.point, death.left = point, int(number)
            config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False)
            uvicorn.Server(config).run(sockets=[own])
            os._exit(0)
        _tell(child)
        _, status = os.waitpid(child, 0)
        _tell(os.waitstatus_to_exitcode(status))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


class AskedTooOften(Exception):
    """More from one address than the service answers."""


@dataclass
class DyingVendor:
    """The parent of the processes; `port` is where they serve."""

    process: subprocess.Popen[str]
    port: int

    def start(self, point: str, number: int) -> int:
        """Make a process that dies at its `number`-th passing of a point; its id."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{point} {number}\n")
        self.process.stdin.flush()
        return self._line()

    def ended(self) -> int:
        """Wait until it is dead; how it died."""
        return self._line()

    def _line(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def ask(self, path: str, body: dict[str, object]) -> dict[str, object] | None:
        """What the service answers; None when it dies before that. `AskedTooOften` for what its limits refuse."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
            response = connection.getresponse()
            answer: dict[str, object] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        if answer.get("code") == Code.RATE_LIMITED:
            raise AskedTooOften
        assert response.status == 200, answer
        return answer


@contextmanager
def dying_vendor(home: Path) -> Iterator[DyingVendor]:
    """The processes of a home, killed in the end."""
    command = [sys.executable, "-m", "tests.worlds.dying_vendor", str(home)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            yield DyingVendor(process, int(process.stdout.readline()))
        finally:
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
