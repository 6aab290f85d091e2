"""How pages are laid out: nothing is cut off, squeezed or torn apart, on the screen of a phone too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import gateway.console
from models.tasks.states import State
from models.values.enums import Role
from tests.support.console.browser import log_in, tab
from tests.support.console.monday import tasks_in
from tests.support.console.pages import NEVER_SEEN, pages
from tests.support.console.served import Served

TEMPLATES = Path(gateway.console.__file__).parent / "templates"
PHONE = 390  # the width of a phone's screen


@pytest.fixture(scope="module")
def narrow(browser: Browser, furnished: Served) -> Iterator[Page]:
    """A tab of an admin as narrow as a phone's screen."""
    with tab(browser, "en", width=PHONE) as (page, wrong):
        log_in(page, furnished.url, Role.ADMIN)
        yield page
        assert wrong == []


def test_every_table_scrolls_in_its_card() -> None:
    """A wide one would make the whole page scroll sideways on a phone; those of answers to forms too."""
    bare = re.compile(r"""(?<!role="region" aria-label="NAME">)<table""")
    for path in sorted(TEMPLATES.glob("*.html")):
        named = re.sub(r'aria-label="\{\{.*?\}\}"', 'aria-label="NAME"', path.read_text(encoding="utf-8"))
        assert bare.findall(re.sub(r">\s+<table", "><table", named)) == [], path.name


def test_the_sign_of_a_state_is_whole_beside_a_long_serial(narrow: Page, furnished: Served) -> None:
    narrow.goto(f"{furnished.url}/shelf")
    mark = narrow.locator(f".tile[data-text^='{NEVER_SEEN} '] .mark")
    assert mark.evaluate("one => one.scrollWidth <= one.clientWidth && one.clientWidth > 0")


def test_the_lines_of_a_story_are_as_wide_as_their_card(narrow: Page, furnished: Served) -> None:
    narrow.goto(f"{furnished.url}/tasks/{tasks_in(furnished.engine, State.FAILED)[0]}/log")
    widths = narrow.locator(".story td.lines").evaluate_all("all => all.map(one => one.clientWidth)")
    assert min(widths) > PHONE * 0.75


@pytest.mark.parametrize("path", ["/changes", "/users", "/texts"])
def test_rows_off_the_screen_are_not_squeezed(narrow: Page, furnished: Served, path: str) -> None:
    """Cells are as wide as their text, up to a width that is easy to read; buttons do not stand upon each other."""
    narrow.goto(furnished.url + path)
    for letters, width in ((10, 80), (50, 200)):
        of = f"all => all.filter(one => one.innerText.length > {letters}).map(one => one.clientWidth)"
        assert min(narrow.locator(".scroll td:not(.cut)").evaluate_all(of), default=PHONE) > width
    lines = "all => all.map(one => new Set([...one.querySelectorAll(':scope > button')].map(it => it.offsetTop)).size)"
    assert max(narrow.locator(".scroll td > .row").evaluate_all(lines), default=1) == 1


@pytest.mark.parametrize("path", ["/changes", "/records", "/callbacks", "/accounts"])
def test_the_lists_that_people_read_on_a_phone_are_read_without_scrolling_sideways(
    narrow: Page, furnished: Served, path: str
) -> None:
    narrow.goto(furnished.url + path)
    cards = narrow.locator(".scroll:has(> .stacked)")
    assert cards.count() == 1
    assert cards.evaluate("one => one.scrollWidth <= one.clientWidth && one.innerText.length > 100")
    labels = cards.locator("td[data-label]").first.evaluate("one => getComputedStyle(one, '::before').content")
    assert len(labels) > 5  # "…: " with its quotes


@pytest.mark.parametrize("path", ["/overview", "/overview?hours=168", "/overview/sheet?hours=8"])
def test_the_hours_of_a_shift_are_read_beside_their_scale(narrow: Page, furnished: Served, path: str) -> None:
    narrow.goto(furnished.url + path)
    texts = narrow.locator(".hours-chart text").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert min(texts) > 10
    scale, bars = narrow.locator("svg.scale").bounding_box(), narrow.locator("svg.hours").bounding_box()
    assert scale is not None
    assert bars is not None
    assert scale["x"] > 0
    assert abs(scale["height"] - bars["height"]) < 1  # a value stands at its line


def test_what_a_legend_tells_apart_does_not_look_the_same(narrow: Page, furnished: Served) -> None:
    paint = "(one) => [getComputedStyle(one).fill, getComputedStyle(one).stroke].join(' ')"
    (campaign,) = [path for path in pages(furnished) if path.startswith("/campaigns/")]
    for scheme in ("light", "dark"):
        narrow.emulate_media(color_scheme=scheme)
        for path in (campaign, "/overview"):
            narrow.goto(furnished.url + path)
            legends = narrow.locator(".legend").all()
            assert legends
            for legend in legends:
                looks = legend.locator("rect").evaluate_all(f"all => all.map({paint})")
                assert len(looks) == len(set(looks)), path
        narrow.goto(furnished.url + campaign)
        failed, lost = (narrow.locator(f".legend .{one}").last.evaluate(paint) for one in ("failed", "lost"))
        assert lost.endswith(failed.removesuffix(" none")), "the outline of what was lost is as plain as what failed"


def test_the_last_row_of_a_table_has_no_line_below(narrow: Page, furnished: Served) -> None:
    narrow.goto(f"{furnished.url}/tasks/{tasks_in(furnished.engine, State.FAILED)[0]}/attempts/1")
    below = "all => all.map(one => getComputedStyle(one).borderBottomWidth)"
    assert set(narrow.locator("tbody tr:last-child > *").evaluate_all(below)) == {"0px"}


@pytest.mark.parametrize("serial", ["P0001", NEVER_SEEN])
def test_a_fact_that_is_missing_is_told_as_missing(narrow: Page, furnished: Served, serial: str) -> None:
    narrow.goto(f"{furnished.url}/phones/{serial}")
    told = narrow.locator(".facts dd").all_inner_texts()
    assert len(told) > 5
    assert [one for one in told if not one.strip()] == []
