"""Asks the host that serves on this machine, as any machine would: one frame each way over TCP (spec/activation.md §Frame)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from ipaddress import ip_address

from muster.base.errors import Code, Unreachable
from muster.host.core.settings import Endpoint, format_endpoint
from muster.wire.frame import MAX_FRAME, FrameReader, frame

ANSWER_SECONDS = 10.0


async def ask_host(endpoint: Endpoint, body: bytes) -> bytes:
    """The body of the answer; `Unreachable` with HOST_UNREACHABLE when none comes."""
    host, port = endpoint
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(frame(body))
                frames = FrameReader()
                while data := await reader.read(MAX_FRAME + 1):
                    if (answer := frames.feed(data)) is not None:
                        return answer
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except OSError as error:  # TimeoutError is one of them
        raise _silent(endpoint, "does not answer") from error
    raise _silent(endpoint, "closed the connection without an answer")


def _silent(endpoint: Endpoint, problem: str) -> Unreachable:
    hint = "Look into muster host log, or stop the host: muster host answer works without it."
    return Unreachable(Code.HOST_UNREACHABLE, f"the host on {format_endpoint(endpoint)} {problem}", hint)
