"""Every example of every page is run by a test, or named.py says why not; and nothing is named that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.named import LINES, NAMED
from tests.docs.page import ROOT, Block, blocks
from tests.docs.reader import Reader, unnamed

GENERATED = "docs/reference"
"""Made of the programs themselves; whoever types these words finds them in `--help`."""

PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "interop").rglob("*.md"))
    if "build" not in page.parts
)
TESTS = "".join(
    path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py")) if path.name != "named.py"
)


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(GENERATED) and blocks(page)])
def test_every_block_of_a_page_is_followed_or_named(page: str) -> None:
    left = [block.first for block in unnamed(page)]
    assert left == [] or f'"{page}"' in TESTS, f"{page}: nobody runs {left}; follow the page, or name them in named.py"


@pytest.mark.parametrize("page", sorted({*NAMED, *LINES}))
def test_what_is_named_stands_on_its_page_and_tests_that_are_named_know_the_page(page: str) -> None:
    found = blocks(page)
    gone = [start for start in NAMED.get(page, {}) if not any(block.first.startswith(start) for block in found)]
    lines = [line for block in found for line in block.commands]
    gone += [start for start in LINES.get(page, {}) if start not in lines]
    assert gone == []
    for reason in set(NAMED.get(page, {}).values()):
        if reason.startswith("tests/"):
            test = (ROOT / reason).read_text(encoding="utf-8")
            assert Path(page).name in test or "rglob" in test or Path(page).stem in Path(reason).stem, (
                f"{reason} does not name {page}"
            )


def test_a_reader_who_leaves_a_block_out_is_told(tmp_path: Path) -> None:
    reader = Reader("docs/operate/backup.md", tmp_path, tmp_path)
    with pytest.raises(AssertionError, match="nobody runs"):
        reader.done()
    with pytest.raises(AssertionError, match="comes before 'muster host backup'"):
        reader.take("muster host backup")


def test_a_command_that_fails_fails_its_page(tmp_path: Path) -> None:
    reader = Reader("docs/operate/backup.md", tmp_path, tmp_path)
    assert reader.run("export WORD=here\nmkdir sub\ncd sub") == ""
    assert reader.run('echo "$WORD"; basename "$PWD"') == "here\nsub\n"
    with pytest.raises(AssertionError, match="ended with 1"):
        reader.run("false\ntrue")


def test_what_is_said_behind_a_command_is_no_part_of_it() -> None:
    block = Block("", "muster client status     # what\nmuster vendor \\\n    --home x\n")
    assert block.commands == ["muster client status", "muster vendor --home x"]
