"""Reports as tables, and as files that are handed on: CSV for a spreadsheet, HTML that stands alone and prints."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from muster.console.core.lines import cell, instant

_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans','DejaVu Sans',sans-serif;margin:2rem;color:#17242b;background:#fff}"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.5rem 0;color:#52636c}"
    "th,td{text-align:left;padding:.4rem .7rem;border-bottom:1px solid #d3dce0;vertical-align:top;overflow-wrap:anywhere}"
    "th{color:#52636c}td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}thead{display:table-header-group}"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report. `key` names it for scripts."""

    key: str
    heading: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A table with a title, and a sentence on what stands in it. Values are text, numbers or None.

    `total`: how many rows there are where only the first ones were asked for; None: these.
    """

    name: str
    title: str
    told: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    made_at: datetime
    total: int | None = None

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows) if self.total is None else self.total


def as_csv(report: Report) -> str:
    """With a line of keys; no value is a formula to a spreadsheet."""
    out = io.StringIO()
    keys = [column.key for column in report.columns]
    writer = csv.DictWriter(out, keys)
    writer.writeheader()
    writer.writerows({key: cell(row[key]) for key in keys} for row in report.rows)
    return out.getvalue()


def as_html(report: Report) -> str:
    """One document without script, picture or address; what machines said is escaped."""
    esc = html.escape
    number = {True: ' class="number"', False: ""}
    head = "".join(f'<th scope="col"{number[c.is_number]}>{esc(c.heading)}</th>' for c in report.columns)
    lines = "".join(
        "<tr>" + "".join(f"<td{number[c.is_number]}>{esc(word(row[c.key]))}</td>" for c in report.columns) + "</tr>\n"
        for row in report.rows
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{esc(report.title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{esc(report.title)}</h1><p>{esc(report.told)}</p>"
        f"<table><caption>{report.count:,} lines, {instant(report.made_at)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table></body></html>\n"
    )


def word(value: Any) -> str:
    """A value for people."""
    if value is None or value == "":
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
