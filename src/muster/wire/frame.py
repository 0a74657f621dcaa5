"""One frame: a length byte, then that many bytes (spec/activation.md §Frame). Sans-IO."""

from __future__ import annotations

from muster.wire.cbor import wrong

PORT = 1688
MAX_FRAME = 250
MAX_BODY = MAX_FRAME - 1


def frame(body: bytes) -> bytes:
    """The body with its length in front; `ValueError` when it is empty or longer than 249 bytes."""
    if not 1 <= len(body) <= MAX_BODY:
        message = f"a body of {len(body)} bytes does not fit into a frame"
        raise ValueError(message)
    return bytes((len(body),)) + body


class FrameReader:
    """Collects one frame from pieces as they arrive. One connection carries one frame each way."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> bytes | None:
        """The body once it is complete, else None. `Malformed` for an impossible length or bytes after the frame."""
        if not self._buffer and len(data) > 1 and data[0] == len(data) - 1 <= MAX_BODY:
            return data[1:]
        self._buffer += data
        if not self._buffer:
            return None
        size = self._buffer[0]
        if not 1 <= size <= MAX_BODY:
            raise wrong(f"a frame of {size} bytes")
        if len(self._buffer) > size + 1:
            raise wrong("bytes after the frame")
        if len(self._buffer) <= size:
            return None
        return self._buffer[1:]
