"""The pages name everything that the code has, what they name is there, and nothing generated is stale."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest

from muster import trust, wire
from muster.base.errors import Code
from tools.pages import pages

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec"
VECTORS = SPEC / "vectors"
PROSE = "\n".join(path.read_text(encoding="utf-8") for path in SPEC.glob("*.md"))
CDDL = "\n".join(path.read_text(encoding="utf-8") for path in SPEC.glob("*.cddl"))
MODULES = [import_module(f"{room.__name__}.{m.name}") for room in (wire, trust) for m in iter_modules(room.__path__)]
# A sum of other limits, or the largest value of a width.
DERIVED = {"MAX_FILE_BYTES", "MAX_DAY", "MAX_SECONDS", "MAX_CLAIMS_BYTES"}


def constants(prefix: str, of: type) -> list[tuple[str, object]]:
    """Constants that a module of wire or trust defines itself, by name."""

    def is_ours(module: ModuleType, name: str) -> bool:
        return bool(re.search(rf"^{name}\b.* = ", Path(str(module.__file__)).read_text(encoding="utf-8"), re.MULTILINE))

    found = [(n, getattr(m, n)) for m in MODULES for n in dir(m) if n.startswith(prefix) and is_ours(m, n)]
    return [(name, value) for name, value in found if isinstance(value, of)]


@pytest.mark.parametrize("label", [value for _, value in constants("LABEL_", bytes)], ids=bytes.decode)
def test_every_label_is_specified(label: bytes) -> None:
    assert re.search(rf"[`\"]{label.decode()}[`\"]", PROSE)


LIMITS = [(name, value) for name, value in constants("MAX_", int) if name not in DERIVED]


@pytest.mark.parametrize(("name", "value"), LIMITS, ids=[name for name, _ in LIMITS])
def test_every_limit_is_specified(name: str, value: int) -> None:
    in_prose = re.search(rf"(?<![\d,.]){value:,}(?![\d.]|,\d)", PROSE)
    in_cddl = re.search(rf"(?<!\d){value}(?!\d)", CDDL)
    in_units = value % (1 << 20) == 0 and re.search(rf"\b{value >> 20} MiB", PROSE)
    assert in_prose or in_cddl or in_units, f"{name} = {value} is on no page"


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


def test_the_first_page_lists_every_page() -> None:
    listed = set(re.findall(r"\]\(([^)#:]+)\)", (SPEC / "README.md").read_text(encoding="utf-8")))
    assert listed == {path.name for path in SPEC.iterdir() if path.is_file()} - {"README.md"}


def test_every_folder_of_vectors_has_its_page() -> None:
    assert {path.name for path in VECTORS.iterdir()} <= {path.stem for path in SPEC.glob("*.md")}


def citations() -> set[tuple[str, str, str]]:
    """(module, page, section or nothing) of everything that the code cites."""
    found = set()
    for module in (ROOT / "src").rglob("*.py"):
        cited = re.findall(r"spec/([a-z0-9]+\.(?:md|cddl))(?: §([A-Z][\w ]+))?", module.read_text(encoding="utf-8"))
        found |= {(str(module.relative_to(ROOT)), page, section.strip()) for page, section in cited}
    return found


@pytest.mark.parametrize(("module", "page", "section"), sorted(citations()))
def test_what_the_code_cites_is_there(module: str, page: str, section: str) -> None:
    assert (SPEC / page).exists(), module
    if section:
        text = (SPEC / page).read_text(encoding="utf-8")
        assert re.search(rf"^#+ {section}$|\*\*{section}\*\*", text, re.MULTILINE), module


def shown_by() -> list[str]:
    """What the table of attacks says it is shown by."""
    rows = [row for row in (SPEC / "attacks.md").read_text(encoding="utf-8").splitlines() if row.startswith("| ")]
    return [token for row in rows[1:] for token in re.findall(r"`([^`]+)`", row.split("|")[3])]


@pytest.mark.parametrize("token", shown_by())
def test_what_the_attacks_are_shown_by_exists(token: str) -> None:
    if token.startswith("tests/"):
        path, _, function = token.partition("::")
        assert (ROOT / path).exists()
        assert f"def {function}" in (ROOT / path).read_text(encoding="utf-8") if function else True
    else:
        assert list(VECTORS.glob(f"{token}.json")), "no such vector"


def test_every_attack_is_shown_by_something() -> None:
    for row in (SPEC / "attacks.md").read_text(encoding="utf-8").splitlines():
        if row.startswith("| ") and not row.startswith("| attack"):
            assert "`" in row.split("|")[3], row
