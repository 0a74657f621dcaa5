"""A service that ends does not wait for what cannot be stopped."""

from __future__ import annotations

import asyncio
import threading

from muster.client.app.running import Lookups


def test_a_lookup_that_hangs_keeps_nobody() -> None:
    begun, answered, heard = threading.Event(), threading.Event(), threading.Event()

    def look_up() -> None:
        begun.set()
        answered.wait()
        heard.set()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Lookups())
        loop.run_in_executor(None, look_up)
        begun.wait()

    asyncio.run(serve())
    assert not heard.is_set()
    answered.set()
    assert heard.wait(10)
