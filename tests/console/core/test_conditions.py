"""Selections are read as they are written, and mistakes are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from muster.base.errors import Code, Misconfigured
from muster.console.core.conditions import FIELDS, Condition, parse_condition, parse_conditions


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("state=NOTIFICATION, RENEWAL_GRACE", Condition("state", "=", ("NOTIFICATION", "RENEWAL_GRACE"))),
        ("method=", Condition("method", "=", ("",))),
        ("name~pc-*", Condition("name", "~", ("pc-*",))),
        ("name != x", Condition("name", "!=", ("x",))),
        ("expires<30d", Condition("expires", "<", (timedelta(days=30),))),
        ("contact > 4w", Condition("contact", ">", (timedelta(weeks=4),))),
        ("count>=5", Condition("count", ">=", (5,))),
    ],
)
def test_conditions(text: str, condition: Condition) -> None:
    assert parse_condition(text) == condition


@pytest.mark.parametrize(
    "text",
    [
        *("", "state", "=LICENSED", "colour=red", "state<LICENSED", "count~5", "count=many", "count=-1", "expires=30d"),
        *(
            "expires<soon",
            "expires<30",
            "expires<999999999d",
            "contact<=1d",
            "name=" + "x," * 2_000,
            "count=" + "9" * 5_000,
        ),
    ],
)
def test_a_mistake_is_told_with_its_remedy(text: str) -> None:
    with pytest.raises(Misconfigured) as told:
        parse_conditions([text])
    assert told.value.code is Code.USAGE
    assert len(str(told.value)) < 600
    assert told.value.hint


def test_every_field_has_a_column() -> None:
    from muster.console.adapters.conditions_sql import COLUMNS

    assert COLUMNS.keys() == FIELDS.keys()
