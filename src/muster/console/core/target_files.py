"""Files that name machines, whatever wrote them: a table, an inventory of Ansible or of an activation host, a list. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from muster.base.errors import Code, Misconfigured
from muster.console.core.targets import Target, collected, from_ansible, from_csv, from_list

CSV, ANSIBLE, HOST, LIST = "csv", "ansible", "host", "list"
_SECTION = re.compile(r"\[[^\[\]]+\]")


def from_file(text: str) -> tuple[str, tuple[Target, ...]]:
    """What kind of file it is, seen by its content, and its machines; `Misconfigured` as the readers of `targets` raise it.

    ``csv``: a first line with a column name or address; ``ansible``: INI with sections or variables, or JSON of
    ansible-inventory; ``host``: JSON of muster host machines; ``list``: everything else.
    """
    text = text.lstrip("\ufeff")
    if text.lstrip().startswith("{"):
        return (HOST, from_host(text)) if _has_machines(text) else (ANSIBLE, from_ansible(text))
    lines = [line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#;"]
    if lines and {"name", "address"} & set(re.split(r"[,;\t]", lines[0])):
        return CSV, from_csv(text)
    if any(_SECTION.fullmatch(line) or "ansible_" in line for line in lines):
        return ANSIBLE, from_ansible(text)
    return LIST, from_list(text)


def from_host(text: str) -> tuple[Target, ...]:
    """What ``muster host machines --names --json`` printed: each machine once, by its name, or by its address without one."""
    try:
        rows = json.loads(text)["machines"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Misconfigured(Code.SETTINGS_INVALID, "the host's inventory is not understood", _HOST) from error
    return collected(_of_rows(rows if isinstance(rows, list) else []))


def _of_rows(rows: list[Any]) -> Iterator[Target]:
    for number, row in enumerate(rows, 1):
        told = row if isinstance(row, dict) else {}
        address = str(told.get("address") or "")
        name = str(told.get("name") or address)
        try:
            yield Target(name, address or name)
        except ValueError as error:
            raise Misconfigured(Code.SETTINGS_INVALID, f"machine {number}: {error}", _HOST) from error


def _has_machines(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and isinstance(document.get("machines"), list)


_HOST = "give the output of: muster host machines --names --json"
