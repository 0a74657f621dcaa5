"""A program that does every kind of thing `muster` must handle; `app` as the real ones have it."""

from __future__ import annotations

from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured, Refused, StoreFailed, Unreachable, Untrusted

app = typer.Typer(add_completion=False, no_args_is_help=True)

ERRORS = {
    "misconfigured": Misconfigured(Code.SETTINGS_INVALID),
    "refused": Refused(Code.COUNT_BELOW_THRESHOLD, "4 of 5 machines have asked"),
    "store": StoreFailed(Code.STORE_FAILED),
    "unreachable": Unreachable(Code.HOST_UNREACHABLE),
    "untrusted": Untrusted(Code.HOST_UNTRUSTED),
}


@app.command()
def work(number: Annotated[int, typer.Option()] = 1) -> None:
    """Does its work."""
    terminal.result(f"done {number}")


@app.command()
def answer() -> int:
    """Ends with a number by typer's own way."""
    raise typer.Exit(3)


@app.command()
def fail(kind: str, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Fails as its argument says."""
    raise ERRORS[kind]


@app.command()
def crash(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Meets what nobody expected."""
    raise RuntimeError("the secret is 42")


@app.command()
def question() -> None:
    """Gives up at a question."""
    raise typer.Abort


@app.command()
def interrupted() -> None:
    """Is stopped by the user."""
    raise KeyboardInterrupt


@app.command()
def unequipped() -> None:
    """Needs a part that is not installed."""
    import a_part_that_nobody_installed  # type: ignore[import-not-found]  # noqa: F401
