"""The child process of `vendor_process`: one question on standard input, one answer on standard output, then it ends.

What the HTTP library holds in memory goes with it. Only these two speak this, in one release: it is not part of any interface.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from muster.base.errors import Code, MusterError, Refused
from muster.client.adapters.vendor_http import VendorHttp
from muster.client.core.control import plain_error

MAX_QUESTION_BYTES = 65_536


async def answer(plain: dict[str, Any], service: VendorHttp) -> dict[str, Any]:
    """What the service says to ``{"do": "activate" | "keyset", "address": …, …}``; what goes wrong is ``{"error": …}``."""
    try:
        if plain["do"] == "activate":
            found = await service.activate(plain["address"], bytes.fromhex(plain["installation"]))
            day = None if found.expires_at is None else found.expires_at.isoformat()
            return {"confirmation": found.confirmation.hex(), "expires_at": day, "remaining": found.remaining}
        data = await service.keyset(plain["address"], bytes.fromhex(plain["vendor"]), plain["number"])
        return {"keyset": data.hex()}
    except MusterError as error:
        return {"error": plain_error(error)}
    except Exception as error:  # noqa: BLE001 - the border: a bug here must not look like a service that is gone
        return {"error": plain_error(Refused(Code.INTERNAL, f"the HTTP library failed: {type(error).__name__}"))}


def main() -> None:
    """Run as ``python -m muster.client.adapters.vendor_worker``."""
    plain = json.loads(sys.stdin.buffer.read(MAX_QUESTION_BYTES))
    sys.stdout.buffer.write(json.dumps(asyncio.run(answer(plain, VendorHttp()))).encode())


if __name__ == "__main__":
    main()
