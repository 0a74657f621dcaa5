"""The pages as the builder wants them: `docs/` at the top, `spec/` beside it, links told anew for where a page lies now.

What pages link to outside both (an example, a unit) comes along as a file. A link that leads nowhere is an error here.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAVIGATION = Path("docs/navigation.toml")
DECISIONS = "decisions"
FILES = "files"
_LINK = re.compile(r"(?P<before>\]\()(?P<target>[^)#\s]+)(?P<anchor>#[^)]*)?(?=\))")
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_COMMANDS = re.compile(r"(?<=^```\n)(?:[a-z./].*\n)+(?=```$)", re.MULTILINE)
_MERMAID = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)
_DRAWN = "docs/pictures/states.svg"
_SAID = re.compile(r"^(\S.*?) {3,}(\S.*)$")
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def place(source: str) -> str:
    """Where a file of the repository lies in the site: ``docs/operate/host.md`` is ``operate/host.md``.

    What is no page comes along as it stands, as text: its ending is changed where the builder would take it for a page.
    """
    if is_page(source):
        return source.removeprefix("docs/")
    is_shown = source.endswith((".md", ".toml", ".yml", ".py")) or not posixpath.splitext(source)[1]
    return f"{FILES}/{source}.txt" if is_shown else f"{FILES}/{source}"


def is_page(source: str) -> bool:
    """Whether a file is of the site itself: a page, a picture, a grammar."""
    return source.startswith(("docs/", "spec/")) and not source.startswith("spec/vectors/")


def sources(root: Path) -> Iterator[Path]:
    """Every page, and every picture beside them."""
    for path in sorted([*(root / "docs").rglob("*"), *(root / "spec").glob("*.*")]):
        if path.is_file() and path.suffix in {".md", ".cddl", ".svg", ".png"}:
            yield path


def told_anew(text: str, source: str, root: Path) -> tuple[str, set[str]]:
    """The page with its links as the site has them, and the files outside that it links to; ValueError for a dead link."""
    outside: set[str] = set()

    def link(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        named = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if (root / named / "README.md").is_file():
            named += "/README.md"
        if not (root / named).exists():
            raise ValueError(f"{source}: the link to {target} leads nowhere")
        if not is_page(named):
            outside.add(named)
        here = posixpath.dirname(place(source))
        return f"{match['before']}{posixpath.relpath(place(named), here or '.')}{anchor}"

    # A page that runs no script from elsewhere shows the same as a drawing.
    here = posixpath.dirname(source)
    text = _MERMAID.sub(
        f"![The states, and what leads from one to another]({posixpath.relpath(_DRAWN, here or '.')})", text
    )
    parts = _CODE.split(text)
    told = "".join(part if number % 2 else _LINK.sub(link, part) for number, part in enumerate(parts))
    return _COMMANDS.sub(lambda block: closed_up(block[0]), told), outside


def closed_up(commands: str) -> str:
    """Commands with what they do behind them, as near as the longest of these lets them: a page is narrower than an editor."""
    lines = [(_SAID.match(line), line) for line in commands.splitlines()]
    width = max((len(said[1]) for said, _ in lines if said), default=0)
    return "".join(f"{said[1]:<{width}}   {said[2]}\n" if said else f"{line}\n" for said, line in lines)


def navigation(root: Path) -> list[dict[str, Any]]:
    """The sections in the order of ``docs/navigation.toml``, decisions last; each an object as MkDocs' configuration has it."""
    told = tomllib.loads((root / NAVIGATION).read_text(encoding="utf-8"))
    sections: list[dict[str, Any]] = []
    for section in told["section"]:
        rows: list[dict[str, Any]] = [{title: place(page)} for page, title in section["pages"].items()]
        sections.append({section["title"]: rows} if len(rows) > 1 else rows[0])
    decisions = [
        {title_of(page): f"{DECISIONS}/{page.name}"} for page in sorted((root / "docs" / DECISIONS).glob("*.md"))
    ]
    return [*sections, {"Decisions": decisions}]


def contents(folder: Path) -> str:
    """The files of a folder in one text, for a link to a folder."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    return "\n".join(
        f"===== {path.name} =====\n\n{path.read_text(encoding='utf-8', errors='replace')}" for path in files
    )


def title_of(page: Path) -> str:
    """The first heading."""
    found = _TITLE.search(page.read_text(encoding="utf-8"))
    return found[1] if found else page.stem


def stage(root: Path, folder: Path) -> Path:
    """Everything that the builder reads, in the new folder; the path of its configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    outside: set[str] = set()
    for path in sources(root):
        source = path.relative_to(root).as_posix()
        target = pages / place(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text, linked = told_anew(path.read_text(encoding="utf-8"), source, root)
            target.write_text(text, encoding="utf-8")
            outside |= linked
        else:
            shutil.copyfile(path, target)
    for name in sorted(outside):
        target = pages / place(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_dir():
            target.write_text(contents(root / name), encoding="utf-8")
        else:
            shutil.copyfile(root / name, target)
    settings = tomllib.loads((root / NAVIGATION).read_text(encoding="utf-8"))["site"]
    configuration = folder / "mkdocs.yml"
    # JSON is YAML, too: both Zensical and MkDocs read it.
    told = {**settings, "docs_dir": "pages", "site_dir": "site", "nav": navigation(root)}
    configuration.write_text(json.dumps(told, indent=1), encoding="utf-8")
    shutil.copytree(root / "docs" / "assets", pages / "assets", dirs_exist_ok=True)
    return configuration
