"""What `make docs` stages, and holds the built site to; test_site_built.py builds it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.site.checking import SHIM_ASKED, bring_home, mistakes
from tools.site.staging import navigation, place, stage, told_anew

ROOT = Path(__file__).resolve().parents[2]


def test_every_page_stands_in_the_navigation_once() -> None:
    shown: list[str] = []
    for section in navigation(ROOT):
        ((_, rows),) = section.items()
        shown += [path for row in rows for path in row.values()] if isinstance(rows, list) else [rows]
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "spec").glob("*.md")]
    assert sorted(shown) == sorted(place(page.relative_to(ROOT).as_posix()) for page in pages)


def test_everything_that_pages_link_to_is_staged_and_the_configuration_names_it(tmp_path: Path) -> None:
    configuration = stage(ROOT, tmp_path / "site")
    told = json.loads(configuration.read_text(encoding="utf-8"))
    pages = configuration.parent / told["docs_dir"]
    assert (pages / "operate" / "host.md").is_file()
    assert (pages / "spec" / "activation.cddl").is_file()
    assert (pages / "pictures" / "demo.svg").is_file()
    assert (pages / "files" / "examples" / "acme_cad.py.txt").is_file()
    assert "](../spec/errors.md" in (pages / "operate" / "diagnose.md").read_text(encoding="utf-8")
    assert told["theme"]["font"] is False


def test_links_are_told_anew_in_prose_and_left_alone_in_code() -> None:
    text = "[a](../../spec/errors.md#x) `[b](c.md)` [c](https://example.com) [d](../../packaging/systemd/muster-host.service)"
    folder, listed = told_anew("[etc](../../packaging/etc/)", "docs/operate/host.md", ROOT)
    assert (folder, listed) == ("[etc](../files/packaging/etc.txt)", {"packaging/etc"})
    told, outside = told_anew(text, "docs/operate/host.md", ROOT)
    assert told == (
        "[a](../spec/errors.md#x) `[b](c.md)` [c](https://example.com) [d](../files/packaging/systemd/muster-host.service)"
    )
    assert outside == {"packaging/systemd/muster-host.service"}
    with pytest.raises(ValueError, match="leads nowhere"):
        told_anew("[a](nowhere.md)", "docs/operate/host.md", ROOT)


def test_what_a_command_does_stands_near_it_and_drawings_stay_as_they_are() -> None:
    text = "```\nmuster one          does this\nmuster longer       does that\n```\n```\n  a     b\n```\n"
    told, _ = told_anew(text, "docs/operate/host.md", ROOT)
    assert told == "```\nmuster one      does this\nmuster longer   does that\n```\n```\n  a     b\n```\n"


GOOD = '<html id="top"><a href="other.html#there">x</a><a href="https://example.com">y</a><img src="a.png"></html>'


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text(GOOD)
    (tmp_path / "other.html").write_text('<h1 id="there">z</h1>')
    (tmp_path / "look.css").write_text("p { background: url(a.png) }")
    (tmp_path / "search.json").write_text(json.dumps({"items": [{"location": "other.html#there"}]}))
    return tmp_path


def test_a_site_that_fetches_nothing_and_whose_links_arrive_has_no_mistake(built: Path) -> None:
    assert list(mistakes(built)) == []


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("index.html", '<script src="https://cdn.example/x.js"></script>', "fetches https://cdn.example/x.js"),
        ("index.html", '<link rel="stylesheet" href="//cdn.example/x.css">', "fetches //cdn.example/x.css"),
        ("index.html", '<p style="background: url(http://cdn.example/x.png)">', "fetches http://cdn.example/x.png"),
        ("look.css", "@import 'https://fonts.example/x.css'; ", "fetches https://fonts.example/x.css"),
        ("index.html", '<a href="gone.html">x</a>', "gone.html leads nowhere"),
        ("index.html", '<a href="other.html#gone">x</a>', "other.html#gone leads nowhere"),
        ("new.html", "<p>x</p>", "search does not know it"),
    ],
)
def test_what_would_be_wrong_with_a_site_is_told(built: Path, file: str, text: str, told: str) -> None:
    (built / file).write_text(text)
    (mistake,) = mistakes(built)
    assert mistake.startswith(file)
    assert mistake.endswith(told)


def test_the_one_script_that_the_builder_leaves_outside_is_brought_home(built: Path) -> None:
    (built / "deep").mkdir()
    page = built / "deep" / "page.html"
    page.write_text(f'<script src="{SHIM_ASKED}"></script>')
    bring_home(built, ROOT / "tools" / "site" / "iframe-worker.js")
    assert page.read_text() == '<script src="../assets/iframe-worker.js"></script>'
    assert (built / "assets" / "iframe-worker.js").is_file()
