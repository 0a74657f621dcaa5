"""``config example`` and ``config check``, the same for every program. Only words in and out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.config import Examined
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured
from muster.platform.command_line import HOME, Json
from muster.platform.settings_file import SettingsFile

MAX_LINE = 1000

Home = Annotated[Path | None, typer.Option("--home", envvar=HOME, help="The state folder.", show_default=False)]


def config_commands(file: SettingsFile[Any], home_of: Callable[[typer.Context, Path | None], Path]) -> typer.Typer:
    """The group ``config`` of a program."""
    app = typer.Typer(
        add_completion=False, no_args_is_help=True, help=f"The settings: {file.name} and what it may say."
    )

    @app.command("example")
    def show_example() -> None:
        """Print a settings file with every setting, its default and its meaning."""
        terminal.result(file.example().rstrip("\n"))

    @app.command()
    def check(
        context: typer.Context,
        path: Annotated[
            Path | None, typer.Argument(metavar="[FILE]", help="The settings file; without it that of the home.")
        ] = None,
        as_json: Json = False,
        home: Home = None,
    ) -> None:
        """Tell every mistake of the settings, and of what they name, at once; without one: what is in effect, and from where."""
        if path is not None and not _is_there(path):
            raise Misconfigured(Code.NOT_FOUND, f"there is no file {path}", "name a settings file that exists")
        path = path or home_of(context, home) / file.name
        found = file.examine(path, os.environ)
        if as_json:
            terminal.result_json(_plain(path, found))
            raise typer.Exit(_failure(path, found).exit_code if found.mistakes else 0)
        for mistake in found.mistakes:
            terminal.result(terminal.clean(str(mistake), MAX_LINE))
        if found.mistakes:
            raise _failure(path, found)
        _show(path, found)

    return app


def _is_there(path: Path) -> bool:
    """Whether there is such a file; one in a folder that this user may not enter is told as unreadable, not as absent."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _failure(path: Path, found: Examined[Any]) -> Misconfigured:
    number = len(found.mistakes)
    message = f"{counted(number, 'mistake')} in the settings of {path}"
    return Misconfigured(Code.SETTINGS_INVALID, message, "correct what is told, and check again")


def _plain(path: Path, found: Examined[Any]) -> dict[str, Any]:
    failed = {"error": terminal.error_json(_failure(path, found))} if found.mistakes else {}
    return failed | {
        "file": str(path),
        "exists": _is_there(path),
        "mistakes": [asdict(mistake) for mistake in found.mistakes],
        # With a mistake nothing is in effect: the program would not start.
        "settings": [] if found.mistakes else [asdict(setting) for setting in found.in_effect],
    }


def _show(path: Path, found: Examined[Any]) -> None:
    if not _is_there(path):
        terminal.result(f"no mistakes; {path} is not there")
    elif path.stat().st_size == 0:
        terminal.result(f"no mistakes; {path} is empty")
    else:
        terminal.result(f"no mistakes in {path}")
    rows = [(s.key, s.value, s.source.removeprefix(f"{path.parent}/")) for s in found.in_effect]
    keys, values = (max(len(row[i]) for row in rows) for i in (0, 1))
    for key, value, source in rows:
        terminal.result(terminal.clean(f"  {key:<{keys}}  {value:<{min(values, 44)}}  {source}".rstrip(), MAX_LINE))
