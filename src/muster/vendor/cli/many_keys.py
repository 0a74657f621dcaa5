"""``muster vendor key issue --count N --csv FILE``: many keys in one go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from muster.base import terminal
from muster.base.errors import Code, Misconfigured, StoreFailed
from muster.platform.durable_file import replace_file
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from muster.vendor.core.key_list import key_list


def issue_many(seller: vendor.Vendor, order: vendor.Order, count: int, path: Path) -> None:
    """Issue `count` keys into a table that only its owner may read.

    The table is whole and on disk, under another name, before the first key is issued: no key is lost with a process.
    """
    if path.exists():
        raise Misconfigured(Code.USAGE, f"{path} is there already", "Name a new file, so that no keys are overwritten.")
    beside = path.with_name(f"{path.name}.part")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("issuing", total=count)

        def keep(made: Sequence[ProductKey]) -> None:
            replace_file(beside, key_list(made, order.scope, order.organisation).encode())

        try:
            vendor.issue_keys(seller, order, count, keep=keep, progress=lambda done: bar.update(task, completed=done))
        except StoreFailed as error:
            hint = f"Whether the keys in {beside} hold is told by: muster vendor key show KEY, for any one of them."
            raise StoreFailed(error.code, error.message, hint) from error
        beside.rename(path)
    terminal.result(f"{count} keys are in {path}")
