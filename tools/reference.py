"""The reference that is made from the code: every command, every setting, every request of the vendor's API.

Pages lie in ``docs/reference``; their generated blocks are filled by `tools.pages`. Nothing here is written by hand, so nothing
of it can be out of date.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import typer

from muster.base.config import described
from muster.cli import PROGRAMS, run
from muster.platform.settings_file import SettingsFile
from tools.settings_files import FILES

_RULE = "|---|---|"
_REFUSED = 300


def commands(program: str) -> str:
    """Every command of a program, with its arguments and options."""
    root = typer.main.get_command(importlib.import_module(PROGRAMS[program].module).app)
    return "\n".join(_told(root, ["muster", program])).strip()


def overview() -> str:
    """What ``muster --help`` prints."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        run(["--help"])
    return f"```text\n{said.getvalue().rstrip()}\n```"


def _told(command: Any, path: list[str]) -> Iterator[str]:
    below = getattr(command, "commands", {})
    shown = [p for p in command.params if not getattr(p, "hidden", False)]
    if shown or not below:
        yield from (f"## {' '.join(path[1:])}", "")
        yield from (_sentence(command.help), "", f"`{_usage(path, shown)}`", "")
        if shown:
            yield from ("| option | what |", _RULE, *map(_row, shown), "")
    elif len(path) > 2:  # noqa: PLR2004 - a group inside a program, as `key` of `muster vendor`
        yield from (f"## {' '.join(path[1:])}", "", _sentence(command.help), "")
    for name, child in sorted(below.items()):
        if not getattr(child, "hidden", False):
            yield from _told(child, [*path, name])


def _sentence(text: str | None) -> str:
    """A help text as Markdown: in one paragraph, with one kind of code."""
    return _escaped(" ".join((text or "").split())).replace("``", "`")


def _ended(text: str) -> str:
    return text if not text or text[-1] in ".…?" else f"{text}."


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _usage(path: list[str], params: list[Any]) -> str:
    words = [_name(p) for p in params if p.param_type_name == "argument"]
    words += [
        f"{max(p.opts, key=len)} {_name(p)}".strip() for p in params if p.param_type_name != "argument" and p.required
    ]
    return " ".join([*path, *words])


def _name(param: Any) -> str:
    """The placeholder of a value; empty for a flag."""
    if param.param_type_name == "argument":
        name = str(param.metavar or param.name.upper().replace("_", "-")).removesuffix("...")
        name = f"{name}…" if param.nargs == -1 else name
        return name if param.required else f"[{name}]"
    return "" if param.is_flag else str(param.metavar or param.name.strip("_").upper().replace("_", "-"))


def _row(param: Any) -> str:
    if param.param_type_name == "argument":
        meaning = _ended(_sentence(param.help)) if getattr(param, "help", "") else ""
        if not meaning:
            raise SystemExit(f"reference: the argument {_name(param)} has no help")
        return f"| `{_escaped(_name(param))}` | {meaning} |"
    name = _name(param)
    words = ", ".join(f"`{option} {name}`".replace(" `", "`") for option in (*param.opts, *param.secondary_opts))
    told = [_ended(_sentence(param.help))]
    if param.required:
        told.append("Must be given.")
    elif (
        not param.is_flag and param.show_default and param.default not in {None, "", ()} and not callable(param.default)
    ):
        told.append(f"Default: `{param.default}`.")
    if param.envvar:
        told.append(f"Environment: `{param.envvar}`.")
    if param.multiple:
        told.append("May be given several times.")
    return f"| {words} | {' '.join(filter(None, told))} |"


def settings(file: SettingsFile[Any]) -> str:
    """Every setting of a program, table by table: key, meaning, default; and an example where the default shows nothing."""
    lines: list[str] = []
    table = None
    for told in described(file.settings):
        if told.table != table:
            table = told.table
            title = f"`[{table}]`" if table else "At the top"
            lines += ["", f"### {title} of {file.name}", "", "| key | what | default |", "|---|---|---|"]
        inside = "; ".join(f"`{part.name}`: {part.meaning}" for part in told.inside)
        text = f"{told.meaning}{f'; of each: {inside}' if inside else ''} ({told.kind})"
        like = f". Like `{told.example}`" if told.example else ""
        lines.append(f"| `{told.name}` | {_escaped(text + like)} | `{told.default}` |")
    return "\n".join(lines).strip()


def vendor_requests() -> str:
    """Every request of the vendor's service."""
    from muster.base.clock import SystemClock
    from muster.platform.accounts import Accounts
    from muster.vendor.service.vendor import Vendor
    from muster.vendor.web.serving import create_app

    # Nothing is asked of it: an application tells what it answers before anybody uses it.
    books = SimpleNamespace(run=lambda _: None)
    nobody = SimpleNamespace(clock=SystemClock(), store=books)
    return _requests(create_app(cast("Vendor", nobody), cast("Accounts", SimpleNamespace())).openapi())


def console_requests() -> str:
    """Every request of the console's service."""
    from muster.console.web.serving import create_app

    nobody: Any = SimpleNamespace()
    return _requests(create_app(nobody, nobody, nobody, nobody, nobody).openapi())


def _requests(document: Mapping[str, Any]) -> str:
    """What each request takes and answers, which scope it needs; then the objects."""
    from muster.vendor.web.described import operations

    lines: list[str] = []
    for told in operations(document):
        lines += [f"## {told['method']} {told['path']}", "", _sentence(told["text"]), ""]
        scopes = _scopes(document["paths"][told["path"]][told["method"].lower()])
        if scopes:
            lines += [f"Needs a token with the scope {scopes}.", ""]
        rows = [
            f"| `{p['name']}`{'' if p['required'] else ' (optional)'} | in the {p['where']}: {_escaped(p['type'])} |"
            for p in told["parameters"]
        ]
        rows += [f"| body, `{media}` | {_escaped(kind)} |" for media, kind in told["asks"]]
        good = [row for row in told["answers"] if int(row[0]) < _REFUSED]
        rows += [f"| {status} | {_contents(content) or 'nothing'} |" for status, _, content in good]
        refused = [row[0] for row in told["answers"] if row not in good]
        rows.append(f"| {', '.join(refused)} | a refusal: `application/problem+json`, Problem |")
        lines += ["| what | holds |", _RULE, *rows, ""]
    lines += ["## Objects", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += [f"### {name}", "", *_members(schema), ""]
    return "\n".join(lines).strip()


def _contents(content: list[tuple[str, str]]) -> str:
    return "; ".join(f"`{media}`: {_escaped(kind)}" for media, kind in content)


def _scopes(operation: Any) -> str:
    named = {scope for row in operation.get("security", ()) for scopes in row.values() for scope in scopes}
    return ", ".join(f"`{scope}`" for scope in sorted(named))


def _members(schema: Any) -> list[str]:
    from muster.vendor.web.described import fields, words

    rows = fields(schema)
    if not rows:
        return [_escaped(words(schema))]
    return [
        "| member | holds |",
        _RULE,
        *(
            f"| `{row['name']}`{'' if row['required'] else ' (optional)'} | {_escaped(str(row['type']))}"
            f"{'. ' + _escaped(str(row['text'])) if row['text'] else ''} |"
            for row in rows
        ),
    ]


def blocks() -> dict[str, Callable[[], str]]:
    """Generated blocks by name, as pages call them."""
    made: dict[str, Callable[[], str]] = {f"commands of {name}": partial(commands, name) for name in PROGRAMS}
    made |= {f"settings of {file.program}": partial(settings, cast("SettingsFile[Any]", file)) for file in FILES}
    return {
        **made,
        "overview": overview,
        "requests of vendor": vendor_requests,
        "requests of console": console_requests,
    }
