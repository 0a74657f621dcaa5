"""What must hold of the built site: nothing is fetched from elsewhere, every link arrives, search has every page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SHIM_ASKED = "https://unpkg.com/iframe-worker/shim"
SHIM = "assets/iframe-worker.js"
_FETCHED = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("video", "src"),
}
_LINKED = frozenset({"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "manifest", "modulepreload"})
_CSS_URL = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])\s*((?:https?:)?//[^'\")\s]+)")
_ELSEWHERE = re.compile(r"^(?:https?:)?//")


class _Reader(HTMLParser):
    """What a page fetches by itself, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if name := given.get("id"):
            self.anchors.add(name)
        self.fetched += [given[name] for kind, name in _FETCHED if kind == tag and name in given]
        self.fetched += _CSS_URL.findall(given.get("style", ""))
        if tag == "link" and _LINKED & set(given.get("rel", "").split()):
            self.fetched.append(given.get("href", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


def mistakes(site: Path) -> Iterator[str]:
    """What is wrong with the site, a line each."""
    read: dict[Path, _Reader] = {}
    for path in sorted(site.rglob("*.html")):
        read[path] = _Reader()
        read[path].feed(path.read_text(encoding="utf-8"))
    for path, page in read.items():
        name = path.relative_to(site)
        yield from (f"{name}: fetches {url}" for url in page.fetched if _ELSEWHERE.match(url))
        if path.name != "404.html":
            yield from (
                f"{name}: the link to {link} leads nowhere" for link in page.links if not _arrives(path, link, read)
            )
    for path in sorted(site.rglob("*.css")):
        found = _CSS_URL.findall(path.read_text(encoding="utf-8"))
        yield from (f"{path.relative_to(site)}: fetches {url}" for url in found)
    yield from _not_found_by_search(site, read)


def _arrives(page: Path, link: str, read: dict[Path, _Reader]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    return not parts.fragment or target not in read or unquote(parts.fragment) in read[target].anchors


def _not_found_by_search(site: Path, read: dict[Path, _Reader]) -> Iterator[str]:
    index = site / "search.json"
    if not index.is_file():
        yield "search.json is missing: search would find nothing"
        return
    held = json.loads(index.read_text(encoding="utf-8"))
    found = {row["location"].partition("#")[0] for row in held["items"]}
    pages = {path.relative_to(site).as_posix() for path in read} - {"404.html"}
    yield from (f"{page}: search does not know it" for page in sorted(pages - found - {""}) if page != "index.html")


def bring_home(site: Path, shim: Path) -> None:
    """Let pages take the one script that the builder leaves on the Internet from here (search needs it where no server is)."""
    (site / SHIM).parent.mkdir(parents=True, exist_ok=True)
    (site / SHIM).write_bytes(shim.read_bytes())
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        up = "../" * (len(path.relative_to(site).parts) - 1)
        path.write_text(text.replace(SHIM_ASKED, f"{up}{SHIM}"), encoding="utf-8")
