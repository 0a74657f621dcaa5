"""Every vector of spec/vectors comes out as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from muster.base.errors import Code, MusterError
from tests.spec.readers import READERS

VECTORS = Path(__file__).parents[2] / "spec" / "vectors"
CASES = sorted(VECTORS.glob("*/*.json"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_vector(path: Path) -> None:
    case: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    expect = case["expect"]
    reader = READERS[case["kind"]]
    if "error" not in expect:
        assert reader(case["given"]) == expect
        return
    with pytest.raises((MusterError, ValueError)) as caught:
        reader(case["given"])
    code = caught.value.code if isinstance(caught.value, MusterError) else Code.MESSAGE_MALFORMED
    if expect["error"] != "*":
        assert code == expect["error"]
    if "group" in expect:
        assert re.search(rf"group {expect['group']}\b", str(caught.value))


def test_there_are_vectors_for_every_kind_of_reader() -> None:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in CASES]
    kinds = {case["kind"] for case in found} | {case["given"]["kind"] for case in found if case["kind"] == "flips"}
    assert kinds == set(READERS)


def test_every_error_that_a_vector_names_is_in_the_catalogue() -> None:
    named = {json.loads(path.read_text(encoding="utf-8"))["expect"].get("error") for path in CASES}
    assert named - {None, "*"} <= {str(code) for code in Code}
