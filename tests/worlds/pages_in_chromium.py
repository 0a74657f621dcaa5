"""Debian's Chromium in front of a page that is served on loopback, and axe-core to judge what a screen reader would meet."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
DESKTOP, PHONE = (1280, 900), (360, 740)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a free port of loopback; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="error", lifespan="off"))
    started = threading.Event()
    begin = server.startup

    async def startup(*arguments: Any, **options: Any) -> None:
        await begin(*arguments, **options)
        started.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(20), "the server did not come up"
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def page_of(
    browser: Browser, *, dark: bool = False, size: tuple[int, int] = DESKTOP, script: bool = True, **options: Any
) -> Iterator[Page]:
    """A page in a browser context of its own: no cookies, a colour scheme, a size; `script` False turns JavaScript off."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        **options,
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def judged(page: Page) -> list[str]:
    """What axe-core objects to on the page, one line per rule; and whether the page scrolls sideways."""
    found = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("the page is wider than the window")
    return found
