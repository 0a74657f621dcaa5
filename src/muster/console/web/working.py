"""Actions in the background of the pages: one loop in a thread of its own carries tasks out while pages are looked at."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

from muster.base.errors import MusterError
from muster.base.log import event
from muster.console.ports import Carrier
from muster.console.service.acting import Console, Resolve, carry_out

Carrying = Callable[[], AbstractAsyncContextManager[Carrier]]
STOP_SECONDS = 10.0


class Workers:
    """Carries out tasks that were written down. A task that is stopped keeps its verdicts and can be gone on with."""

    def __init__(self, carrying: Carrying) -> None:
        self._carrying = carrying
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="console-tasks", daemon=True)
        self._begun: set[int] = set()
        self._running: dict[int, asyncio.Future[Any]] = {}
        self._failures: dict[int, str] = {}
        self._thread.start()

    def start(self, console: Console, task: int, resolve: Resolve = lambda _, parameters: parameters) -> None:
        """Carry a task out; one that is at work already goes on as it is. Returns at once."""
        # A page that is asked for at once shall see it at work.
        self._begun.add(task)
        self._loop.call_soon_threadsafe(self._begin, task, self._carry(console, task, resolve))

    def is_running(self, task: int) -> bool:
        """Whether this process is at it."""
        return task in self._begun or task in self._running

    def failure(self, task: int) -> str:
        """Why it ended before its end, an empty text otherwise."""
        return self._failures.get(task, "")

    def stop(self, task: int) -> None:
        """Ask no further machines; verdicts that are kept stay."""

        def cancel() -> None:
            if found := self._running.get(task):
                found.cancel()

        self._loop.call_soon_threadsafe(cancel)

    def wait(self, task: int, seconds: float) -> bool:
        """Wait until a task ends; whether it did."""

        async def ended() -> bool:
            found = self._running.get(task)
            return not found or bool((await asyncio.wait([found], timeout=seconds))[0])

        return asyncio.run_coroutine_threadsafe(ended(), self._loop).result()

    def close(self) -> None:
        """Stop every task and end."""

        async def cancel() -> None:
            running = list(self._running.values())
            for each in running:
                each.cancel()
            if running:
                await asyncio.wait(running, timeout=STOP_SECONDS)

        asyncio.run_coroutine_threadsafe(cancel(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _begin(self, task: int, work: Coroutine[Any, Any, None]) -> None:
        if task in self._running:
            work.close()
        else:
            self._failures.pop(task, None)
            self._running[task] = asyncio.ensure_future(work, loop=self._loop)
        self._begun.discard(task)

    async def _carry(self, console: Console, task: int, resolve: Resolve) -> None:
        try:
            async with self._carrying() as carrier:
                await carry_out(console, carrier, task, resolve=resolve)
        except MusterError as error:
            self._failures[task] = f"{error.message} ({error.code})"
            event("console", "task.failed", task=task, problem=error.message)
        except asyncio.CancelledError:
            self._failures[task] = "stopped"
        except Exception as error:  # noqa: BLE001 - told on the task's page; the others go on
            self._failures[task] = "something unexpected happened"
            event("console", "task.failed", task=task, problem=repr(error))
        finally:
            self._running.pop(task, None)
