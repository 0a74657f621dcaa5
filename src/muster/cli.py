"""One command, `muster`: the first word names a program, which is imported only then.

A program is a module with ``app``, a ``typer.Typer`` (made with ``add_completion=False``). Here
every failure becomes two lines on stderr (or one JSON object where ``--json`` was given) and an
exit code: 0 done, 1 refused or failed, 2 usage or configuration, 3 unreachable, 4 untrusted. What
nobody expected is INTERNAL: an incident id, no details. Never decides anything about licences.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from muster import __version__
from muster.base import terminal
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured, MusterError
from muster.platform.missing_parts import remedy

INCIDENT_BYTES = 4
DONE, FAILED, USAGE = 0, 1, 2
COMPLETION = "completion"


class Program(NamedTuple):
    """Where a program's ``app`` is, what it is for in one line, the extra with its parts."""

    module: str
    summary: str
    extra: str


PROGRAMS: Mapping[str, Program] = {
    "client": Program("muster.client.cli", "a machine: activate, renew, tell its state", "client"),
    "host": Program("muster.host.cli", "the activation host of an organisation", "host"),
    "vendor": Program("muster.vendor.cli", "the vendor: keys, certificates, product files", "vendor"),
    "console": Program("muster.console.cli", "the administrator's tool: finds machines, acts on many", "console"),
    "directory": Program(
        "muster.console.directory.cli", "activation objects in an organisation's directory", "directory"
    ),
    "demo": Program("muster.demo.cli", "the whole world on loopback, within a minute", "all"),
    "simulate": Program("muster.simulate.cli", "planning: what would happen to machines and hosts", "simulate"),
}


def main() -> int:
    """Entry point of the `muster` command; returns the process exit code."""
    return run(sys.argv[1:])


def run(arguments: Sequence[str], programs: Mapping[str, Program] = PROGRAMS) -> int:
    """Do what `arguments` say; everything that goes wrong is told here and nowhere else."""
    words = list(arguments)
    options = words[: words.index("--")] if "--" in words else words
    try:
        return _dispatch(words, programs)
    except MusterError as error:
        return terminal.report(error, as_json="--json" in options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader went away; without this, Python complains once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the border: what is unknown leaves as INTERNAL
        return terminal.report(_incident(error), as_json="--json" in options)


def _dispatch(words: list[str], programs: Mapping[str, Program]) -> int:
    if not words or words[0] in {"--help", "-h", "help"}:
        terminal.result(_overview(programs))
        return DONE if words else USAGE
    if words[0] in {"--version", "-V"}:
        terminal.result(f"muster {__version__}")
        return DONE
    name, rest = words[0], words[1:]
    if name == COMPLETION:
        return _complete(rest, programs)
    if name not in programs:
        near = difflib.get_close_matches(name, programs, 1)
        hint = f"did you mean 'muster {near[0]}'?" if near else f"choose one of {', '.join(programs)}"
        raise Misconfigured(Code.USAGE, f"there is no program {terminal.clean(name)!r}", hint)
    try:
        return _call(name, programs[name], rest)
    except ModuleNotFoundError as error:
        if not error.name or error.name.split(".")[0] == "muster":
            raise
        raise Misconfigured(
            Code.USAGE,
            f"'muster {name}' needs {error.name}, which is not installed here",
            remedy(programs[name].extra),
        ) from error


def _call(name: str, program: Program, arguments: list[str]) -> int:
    import typer
    from typer.exceptions import TyperException

    command = _command(program)
    try:
        code = command.main(args=arguments, prog_name=f"muster {name}", standalone_mode=False)
    except typer.Abort:
        raise Misconfigured(Code.USAGE, "stopped at a question", "answer it, or give the option") from None
    except TyperException as error:
        raise _usage(error, f"muster {name}") from error
    # typer.Exit arrives as a number; a command that just ends has done its work.
    return code if type(code) is int else DONE


def _complete(arguments: Sequence[str], programs: Mapping[str, Program]) -> int:
    """Print the script for a shell, or, as that script asks, what may follow words that are being typed."""
    from muster.platform.completion import HELP, SCRIPTS, beginning, rows_for, written

    match arguments:
        case [shell] if shell in SCRIPTS:
            sys.stdout.write(SCRIPTS[shell])
        case [shell, "--words", *words] if shell in SCRIPTS and words:
            first = [(name, program.summary) for name, program in programs.items()]
            first += [(COMPLETION, "a script for a shell"), HELP, ("--version", "the release")]
            if len(words) == 1:
                rows = beginning([row for row in first if words[0] or row[0][0] != "-"], words[0])
            elif words[0] in programs:
                rows = rows_for(_command(programs[words[0]]), words[1:])
            else:
                rows = beginning([(name, "") for name in SCRIPTS if words[:-1] == [COMPLETION]], words[-1])
            sys.stdout.write(written(shell, rows))
        case _:
            shells = ", ".join(SCRIPTS)
            raise Misconfigured(Code.USAGE, f"completion is for {shells}", "source <(muster completion bash)")
    return DONE


def _command(program: Program) -> Any:
    import typer

    return typer.main.get_command(importlib.import_module(program.module).app)


def _usage(error: Exception, path: str) -> Misconfigured:
    """What typer says about bad usage, in our own words."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        return Misconfigured(Code.USAGE, "a command is missing", f"see '{path} --help'")
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    message = " ".join(text.split()).rstrip(".")
    return Misconfigured(
        Code.USAGE,
        terminal.clean(message[:1].lower() + message[1:]),
        f"see '{context.command_path if context else path} --help'",
    )


def _incident(error: Exception) -> MusterError:
    """A failure that nobody expected; details go to the log, or to stderr when asked for."""
    incident = SystemEntropy().token(INCIDENT_BYTES).hex()
    logger = logging.getLogger("muster.cli")
    if logger.hasHandlers():
        logger.error("internal", exc_info=error, extra={"fields": {"incident": incident}})
    if os.environ.get("MUSTER_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stderr)
    return MusterError(
        Code.INTERNAL,
        f"something unexpected happened, incident {incident}",
        "run it again with MUSTER_DEBUG=1 for the details, and report them to the maintainers",
    )


def _overview(programs: Mapping[str, Program]) -> str:
    width = max(map(len, programs))
    rows = [f"  {name:<{width}}  {program.summary}" for name, program in programs.items()]
    return "\n".join(
        [
            "usage: muster PROGRAM COMMAND [OPTIONS]",
            "",
            *rows,
            "",
            "muster PROGRAM --help lists its commands; muster --version tells the release.",
            "muster completion bash|zsh|fish prints what completes commands in that shell.",
            "Every program takes --home DIR (or MUSTER_HOME); commands that read take --json.",
        ]
    )
