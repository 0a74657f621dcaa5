"""``muster client remote``: one request on standard input, one answer on standard output."""

from __future__ import annotations

import sys

import typer

from muster.client.app.answering import answer
from muster.client.cli.options import Home, home_of
from muster.client.core.control import MAX_REQUEST_BYTES


def remote(context: typer.Context, home: Home = None) -> None:
    """Answer one JSON request from standard input; made to be the forced command of an SSH key."""
    body = sys.stdin.buffer.read(MAX_REQUEST_BYTES + 1)
    sys.stdout.buffer.write(answer(lambda: home_of(context, home), body))
    sys.stdout.buffer.flush()
