"""The short form of every row of the reliability table; `make reliability` runs the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from reliability.rows import ROWS


@pytest.mark.parametrize("name", ROWS)
def test_a_host_survives(tmp_path: Path, name: str) -> None:
    row = ROWS[name]
    found = row.run(tmp_path, *row.short)
    assert [str(figure) for figure in found if not figure.holds] == []
