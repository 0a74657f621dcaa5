"""The limit that the activation host is measured against: a uvloop server that reads the frame, signs, answers, closes.

No state, no disk, no decoding: what is left is TCP, the event loop and one Ed25519 signature. Prints its port.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

REPLY_BYTES = 218
SIGNED_BYTES = 120
SIGNATURE_BYTES = 64
BACKLOG = 4096


class BareSigner(asyncio.Protocol):
    """One connection."""

    private = Ed25519PrivateKey.generate()
    head = bytes((REPLY_BYTES,)) + bytes(REPLY_BYTES - SIGNATURE_BYTES)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer as soon as the frame is whole."""
        self.received += data
        if len(self.received) == self.received[0] + 1:
            signature = self.private.sign(self.received.ljust(SIGNED_BYTES, b"\0")[:SIGNED_BYTES])
            self.transport.write(self.head + signature)
            self.transport.close()


async def main() -> None:
    """Listen on a free port of loopback until stopped."""
    server = await asyncio.get_running_loop().create_server(BareSigner, "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        uvloop.run(main())
    except KeyboardInterrupt:
        sys.exit(0)
