"""The pages name everything that the code has, and nothing in the generated parts is stale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from muster.base.errors import Code
from muster.trust import cose
from muster.trust.keyset import LABEL_VENDOR
from muster.trust.productkey import LABEL_GENERIC, LABEL_REFERENCE, LABEL_SECRET
from tools.pages import pages

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec"
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SPEC.glob("*.md"))
LABELS = [getattr(cose, name) for name in dir(cose) if name.startswith("LABEL_")]


@pytest.mark.parametrize(
    "label", [*LABELS, LABEL_VENDOR, LABEL_GENERIC, LABEL_REFERENCE, LABEL_SECRET], ids=bytes.decode
)
def test_every_label_is_specified(label: bytes) -> None:
    assert f"`{label.decode()}`" in TEXT


def test_the_catalogue_of_errors_is_the_enum() -> None:
    rows = re.findall(r"^\| (\d+) \| `([A-Z_]+)` \|", (SPEC / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: int(number) for number, name in rows} == {str(code): code.number for code in Code}


def test_generated_parts_are_what_the_code_makes() -> None:
    for path, made in pages(ROOT):
        assert path.read_text(encoding="utf-8") == made, path.name


@pytest.mark.parametrize("path", sorted(SPEC.glob("*.md")), ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_every_module_that_cites_a_page_cites_one_that_is_there() -> None:
    for module in (ROOT / "src").rglob("*.py"):
        for page in re.findall(r"spec/([a-z]+\.(?:md|cddl))", module.read_text(encoding="utf-8")):
            assert (SPEC / page).exists(), f"{module.relative_to(ROOT)} cites spec/{page}"
