"""The vendor's service, asked by a child process: a licensing service needs it once in years and would carry it for ever."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from datetime import date
from typing import Any

from muster.base.errors import Code, Unreachable
from muster.client.core.control import read_error
from muster.platform.vendor_api import Activated
from muster.platform.vendor_api.https import DEADLINE_SECONDS

GRACE_SECONDS = 10.0
"""For an interpreter that starts on a busy machine; the child keeps the deadline of the question itself."""

_MODULE = "muster.client.adapters.vendor_worker"


class VendorProcess:
    """`VendorService` by one child process for each question; nothing of it stays."""

    def __init__(self, patience: float = DEADLINE_SECONDS + GRACE_SECONDS) -> None:
        self._patience = patience

    async def activate(self, address: str, installation: bytes) -> Activated:
        """See `VendorService`."""
        found = await self._ask({"do": "activate", "address": address, "installation": installation.hex()})
        day = found["expires_at"]
        return Activated(
            bytes.fromhex(found["confirmation"]), None if day is None else date.fromisoformat(day), found["remaining"]
        )

    async def keyset(self, address: str, vendor_id: bytes, number: int) -> bytes:
        """See `VendorService`."""
        found = await self._ask({"do": "keyset", "address": address, "vendor": vendor_id.hex(), "number": number})
        return bytes.fromhex(found["keyset"])

    async def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", _MODULE, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
        try:
            async with asyncio.timeout(self._patience):
                answer, _ = await process.communicate(json.dumps(question).encode())
        except TimeoutError as error:
            raise _lost(f"no answer within {self._patience:g} seconds") from error
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode:
            raise _lost("the process that asks it broke down")
        found: dict[str, Any] = json.loads(answer)
        if "error" in found:
            raise read_error(found["error"])
        return found


def _lost(problem: str) -> Unreachable:
    return Unreachable(Code.SERVICE_UNREACHABLE, f"the vendor's service was not reached: {problem}")
