"""Three plots, one above the other: machines by state, counts of hosts, requests a minute. As HTML that works offline, or PNG.

Time is thinned to so many points as a screen shows: of states and counts the sample at that moment, of requests the busiest
minute in between, so that no peak is lost.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt

from muster.base.errors import Code, StoreFailed
from muster.simulate.report import Line, moment_of
from muster.simulate.series import HOUR, MINUTE, Series
from muster.wire.activation import State

POINTS = 700
WIDTH, HEIGHT = 900, 170
PNG_SCALE = 1.0
COLOURS = {
    State.LICENSED: "#2a7f62",
    State.INITIAL_GRACE: "#5b8fd9",
    State.RENEWAL_GRACE: "#e0a030",
    State.NOTIFICATION: "#c8453b",
    State.UNLICENSED: "#b9bec7",
}
"""Distinct also for people who see red and green alike, and in grey."""


def draw(series: Series, lines: list[Line], path: Path) -> None:
    """Write the plots; the file's name says how. `StoreFailed` when it cannot be written."""
    chart = alt.vconcat(_states(series), _counts(series), _requests(series), title=_title(series, lines))
    with warnings.catch_warnings():
        # That it becomes one selection for all three is what is wanted.
        warnings.filterwarnings("ignore", "Automatically deduplicated selection", UserWarning)
        chart = chart.add_params(alt.selection_interval(bind="scales", encodings=["x"]))
    chart = chart.resolve_scale(color="independent", x="shared").configure_view(stroke=None)
    chart = chart.configure_axis(grid=True, gridColor="#eceef1", domainColor="#8a9099", tickColor="#8a9099")
    try:
        with alt.data_transformers.enable("default", max_rows=None):
            if path.suffix == ".png":
                chart.save(path, format="png", scale_factor=PNG_SCALE)
            else:
                chart.save(path, format="html", inline=True, embed_options={"actions": False})
    except OSError as error:
        raise StoreFailed(Code.STORE_FAILED, f"{path} cannot be written: {error.strerror}") from error


def _title(series: Series, lines: list[Line]) -> Any:
    told = [f"{line.name}: {line.value}" for line in lines if line.name in {"machines", "lost", "unnoticed", "all"}]
    return alt.TitleParams(series.scenario.name, subtitle=told, anchor="start", fontSize=18, subtitleColor="#4a505a")


def _states(series: Series) -> Any:
    rows = list(_sampled(series, {str(state): series.states[state] for state in State}))
    names = [str(state) for state in COLOURS]
    colour = alt.Color("what:N", title="state", scale=alt.Scale(domain=names, range=list(COLOURS.values())), sort=names)
    chart = _chart(rows, "machines by state").mark_area()
    return chart.encode(_when(), alt.Y("number:Q", stack="zero", title="machines"), colour, tooltip=_tip("machines"))


def _counts(series: Series) -> Any:
    rows = list(_sampled(series, series.counts))
    chart = _chart(rows, "count of each host (25 activate clients, 5 servers)").mark_line()
    rule = alt.Chart(_data([{"number": 25}, {"number": 5}])).mark_rule(strokeDash=[4, 4], color="#8a9099")
    lines = chart.encode(
        _when(), alt.Y("number:Q", title="count"), alt.Color("what:N", title="host"), tooltip=_tip("count")
    )
    return lines + rule.encode(y="number:Q")


def _requests(series: Series) -> Any:
    step = max(1, series.scenario.days * 24 * 60 // POINTS)
    rows = [
        {"at": _stamp(series, first * MINUTE), "what": host, "number": max(minutes[first : first + step])}
        for host, minutes in series.requests.items()
        for first in range(0, len(minutes), step)
    ]
    chart = _chart(rows, "requests a minute, the busiest minute of each interval").mark_line(interpolate="step-after")
    return chart.encode(
        _when(), alt.Y("number:Q", title="requests"), alt.Color("what:N", title="host"), tooltip=_tip("a minute")
    )


def _chart(rows: list[dict[str, Any]], title: str) -> Any:
    about = alt.TitleParams(title, anchor="start", fontWeight="normal")
    return alt.Chart(_data(rows), title=about, width=WIDTH, height=HEIGHT)


def _data(rows: list[dict[str, Any]]) -> Any:
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _when() -> Any:
    return alt.X("at:T", title=None)


def _tip(what: str) -> list[Any]:
    when = alt.Tooltip("at:T", title="time", format="%Y-%m-%d %H:%M")
    return [when, alt.Tooltip("what:N", title="of"), alt.Tooltip("number:Q", title=what)]


def _sampled(series: Series, named: Any) -> Iterator[dict[str, Any]]:
    for name, samples in named.items():
        step = max(1, len(samples) // POINTS)
        for hour in range(0, len(samples), step):
            yield {"at": _stamp(series, (hour + 1) * HOUR), "what": name, "number": samples[hour]}


def _stamp(series: Series, at: int) -> str:
    # Without a zone: midnight of the simulation stays midnight wherever it is looked at.
    return f"{moment_of(series, at):%Y-%m-%dT%H:%M:%S}"
