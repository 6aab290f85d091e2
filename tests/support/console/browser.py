"""Debian's Chromium, driven by Playwright, and axe-core, which looks for what shuts people out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from models.values.enums import Role
from tests.support.console.monday import PASSWORD, PEOPLE

AXE = Path(__file__).parent / "vendored" / "axe.min.js"
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
GRAVE = ("serious", "critical")
PATIENCE = 60_000.0  # milliseconds: Playwright's own 5 s are too few beside whole fleets on a busy machine


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Raises AssertionError when Debian's package is not installed."""
    path = shutil.which("chromium")
    assert path is not None, "chromium is missing: make provide, or apt-get install chromium"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # a container has no user namespaces for its sandbox; it opens pages of this test alone
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def tab(
    browser: Browser, language: str = "zh", *, width: int = 1280, height: int = 800, dark: bool = False
) -> Iterator[tuple[Page, list[str]]]:
    """A page in a window of its own, and what went wrong in it: errors of scripts, and what its policy forbade."""
    context = browser.new_context(
        locale=LOCALES[language],
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        timezone_id="Asia/Shanghai",
    )
    page, wrong = context.new_page(), list[str]()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("dialog", lambda dialog: wrong.append(f"a dialog opened: {dialog.message}"))
    try:
        yield page, wrong
    finally:
        context.close()


def log_in(page: Page, url: str, role: Role | str) -> None:
    """Log in by the form, with the keyboard alone."""
    page.goto(f"{url}/login")
    # the browser gives the first field the focus when it first draws the page, which may be after it has loaded
    page.locator("[name=name]:focus").wait_for()
    page.keyboard.type(PEOPLE[Role(role)])
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/shelf")


def faults(page: Page, part: str = "html") -> list[str]:
    """The grave faults that axe finds in the page or a part of it, each with the first place of it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("(part) => axe.run(part, {resultTypes: ['violations']})", part)
    return [
        f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]
