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


def muster(*words: str, environment: Mapping[str, str] | None = None, typed: str = "") -> Done:
    """One command to its end. Of the environment of this process everything is there but what begins with MUSTER."""
    streams = [_stream(typed), _stream(), _stream()]
    around = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    with _environment({**around, **(environment or {})}), _streams(streams):
        code = run(words)
    _, out, errors = (stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
    return Done(["muster", *words], code, out, errors)


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


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
