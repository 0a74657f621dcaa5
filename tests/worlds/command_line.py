"""`muster` with its words, environment and streams, in this process: for tests that are about what a command does.

What only a process of its own shows (signals, descriptors, being started from nothing) is tested with one.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from subprocess import CompletedProcess

from muster.cli import run

Done = CompletedProcess[str]


def muster(*words: str, environment: Mapping[str, str] | None = None, typed: str | bytes = b"") -> Done:
    """One command to its end. Of this process's own environment Muster's variables and proxies are not there."""
    streams = [_stream(typed.encode() if isinstance(typed, str) else typed), _stream(), _stream()]
    around = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MUSTER_") and not name.lower().endswith("_proxy")
    }
    with _environment({**around, **(environment or {})}), _streams(streams):
        code = run(words)
    out, errors = (stream.buffer.getvalue().decode() for stream in streams[1:])  # type: ignore[attr-defined]
    return Done(["muster", *words], code, out, errors)


def _stream(said: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(said), encoding="utf-8", write_through=True)


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _streams(three: list[io.TextIOWrapper]) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = three
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
