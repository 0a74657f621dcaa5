"""``muster demo``: one command, no root, nothing installed beyond pip."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, MusterError
from muster.demo.app import run
from muster.demo.story import Disappointed, Ending
from muster.demo.view import LiveStage, PlainStage, QuietStage, save_picture
from muster.demo.world import Pages

MAX_MACHINES = 200
app = typer.Typer(add_completion=False, help="The whole world on loopback, within a minute.")


@app.command()
def demo(
    *,
    machines: Annotated[int, typer.Option("--machines", min=1, max=MAX_MACHINES, help="How many machines ask.")] = 30,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Leave the pauses out.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a picture.")] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="No pictures and no pauses: one JSON object in the end.")
    ] = False,
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay/--no-stay",
            help="Go on and tell which pages can be opened, until Enter or Ctrl-C. On a terminal it does by itself.",
            show_default=False,
        ),
    ] = None,
    picture: Annotated[Path | None, typer.Option("--picture", help="Save a picture of it as SVG.")] = None,
) -> None:
    """A vendor, a name server, an activation host and machines on loopback; see the count rise."""
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    stays = stay if stay is not None else on_terminal and not headless and picture is None
    live = None if headless else _live(picture, plain=plain, pause=0.0 if no_wait else 1.0)
    stage = live or (QuietStage() if headless else PlainStage())

    async def play(ending: Ending, pages: Pages) -> None:
        if on_terminal:
            _forget_what_was_typed()
        _tell(ending, pages, as_json=headless)
        if not headless:
            terminal.result(f"{'Enter' if on_terminal else 'Ctrl-C'} ends it and leaves nothing behind.")
        sys.stdout.flush()
        await _told_to_end(at_enter=on_terminal)

    try:
        ending = asyncio.run(run(machines, stage, play=play if stays else None))
    except Disappointed as error:
        raise MusterError(Code.INTERNAL, f"the demonstration failed: {error}") from error
    if picture is not None and live is not None:
        save_picture(live, picture)
    if not stays:
        _tell(ending, None, as_json=headless)


def _live(picture: Path | None, *, plain: bool, pause: float) -> LiveStage | None:
    """The picture that changes; None where lines are wanted."""
    if picture is None and (plain or not sys.stdout.isatty()):
        return None
    from rich.console import Console

    return LiveStage(Console(), pause)


def _tell(ending: Ending, pages: Pages | None, *, as_json: bool) -> None:
    if as_json:
        terminal.result_json(ending.facts | ({"pages": asdict(pages)} if pages else {}))
        return
    terminal.result("")
    for line in ending.lines:
        terminal.result(line)
    if pages is None:
        terminal.result("see its pages, too: muster demo --stay")
        return
    terminal.result(
        "\nEverything goes on, and the host is back.\n"
        f"Open in a browser, and log in as {pages.name} with {pages.password}:\n"
        f"  the vendor's portal          {pages.portal}\n"
        f"  the vendor's pages           {pages.vendor}\n"
        f"  the administrator's console  {pages.console}\n"
        f"An installation id to try at the portal:\n{pages.installation_id}"
    )


async def _told_to_end(*, at_enter: bool) -> None:
    """Until Ctrl-C; with `at_enter` also until a line, or its end, comes from the terminal."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if at_enter:
        loop.add_reader(sys.stdin.fileno(), told.set)
    await told.wait()
    if at_enter:
        loop.remove_reader(sys.stdin.fileno())
        _forget_what_was_typed()


def _forget_what_was_typed() -> None:
    """What was typed during the story does not end it, and what ends it is not meant for the shell."""
    import termios

    termios.tcflush(sys.stdin, termios.TCIFLUSH)
