"""The console in a real browser: every page by every role in both languages, by keyboard, with axe, live and not."""

from __future__ import annotations

import hashlib
import re
from itertools import product
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, Response, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.console.live.shelf import tile_id
from models.tables import ActionRow, Phone
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.enums import Role
from tests.support.console.browser import AXE, faults, log_in, tab
from tests.support.console.monday import tasks_in
from tests.support.console.pages import TAGS, all_in_their_language, furnished_above, pages
from tests.support.console.served import Served
from workers.control.phone_pause import pause_phone

AXE_4_14_1 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
MOST_BYTES = 300_000  # of a page with all that it loads
# What can be used and lies beyond the screen's edge, where nobody can scroll to it.
CUT_OFF = """() => [...document.querySelectorAll('main :is(a[href], button, input, select, textarea)')]
  .filter((one) => one.checkVisibility() && !one.closest('[popover], .scroll, svg'))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 150))"""
# The names of the page's tables, and of those in which something stands.
TABLES = "() => [...document.querySelectorAll('.scroll:has(> table)')].map((one) => one.ariaLabel)"
FILLED = TABLES.replace("> table)", "> table tbody tr):not(:has(td[colspan], td.soft:only-child))")


def test_axe_is_the_one_that_npm_has() -> None:
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == AXE_4_14_1


# Each role and each language, and all that there is: an admin gets everything that the others get. The tests of the
# weight and of a narrow dark screen open the admin's pages in Chinese, the latter with axe.
OPENED = ((Role.VIEWER, "zh"), (Role.OPERATOR, "en"), (Role.ADMIN, "en"))


@pytest.mark.parametrize(("role", "language"), OPENED)
def test_every_page_opens_without_a_fault(browser: Browser, furnished: Served, role: Role, language: str) -> None:
    with tab(browser, language) as (page, wrong):
        log_in(page, furnished.url, role)
        for path in [*pages(furnished), *furnished_above(role)]:
            answer = page.goto(furnished.url + path)
            assert answer is not None
            assert answer.status == 200, path
            assert page.locator("html").get_attribute("lang") == TAGS[language]
            assert page.locator("h1").count() == 1
            if role == Role.ADMIN:
                assert (path, faults(page)) == (path, [])
        assert wrong == []


@pytest.mark.parametrize(("role", "language"), [one for one in product(Role, TAGS) if one not in OPENED])
def test_everybody_gets_their_pages_in_their_language(furnished: Served, role: Role, language: str) -> None:
    person = furnished.as_role(role)
    all_in_their_language(person, [*pages(furnished), *furnished_above(role)], language)
    for path in furnished_above(Role.ADMIN)[len(furnished_above(role)) :]:
        assert person.get(path).status_code == 403, path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nobody_sees_the_login_whatever_they_ask_for(browser: Browser, furnished: Served, language: str) -> None:
    nobody = furnished.nobody()
    with tab(browser, language) as (page, wrong):
        for path in [*pages(furnished), *furnished_above(Role.ADMIN)]:
            answer = nobody.get(path, **{"accept-language": language})
            assert (path, answer.status_code) == (path, 303)
            assert answer.headers["location"].startswith("/login?next="), path
        page.goto(furnished.url + path)
        assert page.url.startswith(f"{furnished.url}/login?next=")
        assert faults(page) == []
        assert wrong == []


@pytest.mark.parametrize(("language", "width"), [("zh", 390), ("en", 390)])
def test_pages_fit_a_phones_screen_and_the_dark(browser: Browser, furnished: Served, language: str, width: int) -> None:
    """With axe in Chinese, as the other languages' pages are the same but for their width."""
    tables, with_rows = set[str](), set[str]()
    with tab(browser, language, width=width, dark=True) as (page, wrong):
        log_in(page, furnished.url, Role.ADMIN)
        for path in [*pages(furnished), *furnished_above(Role.ADMIN)]:
            page.emulate_media(color_scheme="dark")
            page.goto(furnished.url + path)
            fits(page, path, width)
            assert language != "zh" or (path, faults(page)) == (path, [])
            page.emulate_media(color_scheme="light")
            fits(page, path, width)
            tables.update(page.evaluate(TABLES))
            with_rows.update(page.evaluate(FILLED))
        assert wrong == []
    assert tables - with_rows == set(), "an empty table fits any screen: furnish() must give it rows"


def fits(page: Page, path: str, width: int) -> None:
    """Nothing of it lies beyond the screen's edge."""
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width, path
    assert (path, page.evaluate(CUT_OFF)) == (path, [])


def test_a_pause_is_seen_in_another_tab_without_loading_it_again(browser: Browser, console: Served) -> None:
    with tab(browser) as (page, wrong):
        log_in(page, console.url, Role.VIEWER)
        expect(page.locator("#live")).to_have_attribute("data-state", "on")
        tile = page.locator(f"#{tile_id('P0001')}")
        expect(tile).to_have_attribute("data-kind", re.compile("working|idle"))
        tile.locator("a").focus()
        pause_phone(console.engine, "P0001", who="x", why="y", ring_now=False)
        expect(tile).to_have_attribute("data-kind", "paused")
        assert page.evaluate("document.activeElement.closest('.tile')?.id") == tile_id("P0001")  # it keeps the focus
        assert wrong == []


@pytest.mark.parametrize("refusal", [None, 503])
def test_a_tab_without_a_stream_asks_from_time_to_time_until_it_has_one(
    browser: Browser, console: Served, refusal: int | None
) -> None:
    with tab(browser) as (page, _):
        page.route(
            "**/shelf/stream*", lambda route: route.abort() if refusal is None else route.fulfill(status=refusal)
        )
        log_in(page, console.url, Role.VIEWER)
        expect(page.locator("#live")).to_have_attribute("data-state", "poll")
        pause_phone(console.engine, "P0001", who="x", why="y", ring_now=False)
        expect(page.locator(f"#{tile_id('P0001')}")).to_have_attribute("data-kind", "paused")
        page.unroute("**/shelf/stream*")
        expect(page.locator("#live")).to_have_attribute("data-state", "on")
        pause_phone(console.engine, "P0002", who="x", why="y", ring_now=False)
        expect(page.locator(f"#{tile_id('P0002')}")).to_have_attribute("data-kind", "paused")
        expect(page.locator("#live")).to_have_attribute("data-state", "on")


def test_tiles_are_filtered_by_state_and_by_what_one_types(browser: Browser, shown: Served) -> None:
    with tab(browser) as (page, wrong):
        log_in(page, shown.url, Role.VIEWER)
        page.locator("label.chip", has_text="需处理").click()
        assert set(page.locator(".tile:visible").evaluate_all("all => all.map(one => one.dataset.kind)")) == {"trouble"}
        page.locator("label.chip", has_text="全部").click()
        page.fill("#find", "acc0003")
        expect(page.locator(".tile:visible")).to_have_count(1)
        assert wrong == []


def test_a_phone_is_paused_by_keyboard_alone(browser: Browser, console: Served) -> None:
    with tab(browser) as (page, wrong):
        log_in(page, console.url, Role.OPERATOR)
        page.locator(f"#{tile_id('P0002')} a").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/phones/P0002")
        page.get_by_role("button", name="暂停").first.focus()
        page.keyboard.press("Enter")
        reason = page.get_by_role("dialog").get_by_role("textbox", name="原因")
        reason.focus()
        page.keyboard.type("换电池")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_have_text("已暂停。")
        assert read(console.engine, lambda session: session.get_one(Phone, "P0002")).paused
        assert wrong == []


def test_the_standard_day_is_tried_and_planted_from_the_form(browser: Browser, console: Served) -> None:
    with tab(browser, "en") as (page, wrong):
        log_in(page, console.url, Role.OPERATOR)
        page.goto(f"{console.url}/campaigns/new")
        form = page.locator("#form")
        form.get_by_text("Try it").click()
        expect(page.locator("#forecast")).to_contain_text("It would be refused")
        form = page.locator("#form")
        form.locator("[name=accounts]").fill("acc0001, acc0002")
        form.locator("[name=nurture_texts]").fill("讲得很清楚\n支持一下")
        form.locator("[name=author]").first.check()
        form.locator("[name=part][value=directed]").uncheck()
        form.get_by_text("Try it").click()
        expect(page.locator("#forecast")).to_contain_text("tasks would be planted now")
        page.locator("#form").get_by_text("Plant it").click()
        page.wait_for_url("**/campaigns/*?done=planted")
        expect(page.locator("svg.picture")).to_be_visible()
        assert wrong == []


def test_a_review_is_settled_in_the_browser(browser: Browser, console: Served) -> None:
    waiting = tasks_in(console.engine, State.NEEDS_REVIEW)
    with tab(browser) as (page, wrong):
        log_in(page, console.url, Role.OPERATOR)
        page.goto(f"{console.url}/review")
        form = page.locator("form[action='/acts/review/settle']").first
        form.locator("[name=reason]").fill("看到了")
        form.get_by_text("已发生").click()
        expect(page.get_by_role("status").first).to_have_text("已记录。")
        assert len(tasks_in(console.engine, State.NEEDS_REVIEW)) == len(waiting) - 1
        assert wrong == []


def test_all_phones_that_match_are_paused_in_the_browser(browser: Browser, console: Served) -> None:
    with tab(browser, "en") as (page, wrong):
        log_in(page, console.url, Role.OPERATOR)
        page.fill("#find", "acc0003")
        page.get_by_role("button", name="All that match").click()
        page.wait_for_url("**/many/*")
        assert faults(page) == []
        page.get_by_role("button", name="Drain").click()
        dialog = page.get_by_role("dialog")
        dialog.locator("[name=lasting]").select_option("1h")
        dialog.locator("[name=reason]").fill("new cables")
        dialog.get_by_role("button", name="Drain").click()
        expect(page.locator("main")).to_contain_text("1 / 1 done")
        assert faults(page) == []
        page.goto(f"{console.url}/many")
        expect(page.locator("main")).to_contain_text("new cables")
        assert wrong == []
    assert read(console.engine, lambda session: session.get_one(Phone, "P0003")).draining


ODD = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><a href=javascript:alert(1)>x</a>"
    '=HYPERLINK("http://evil.example","x") {{ 7*7 }} "\' \u202eevil\u202c zero\u200bwidth\u200d 😀👨‍👩‍👧🇨🇳 长文本 '
)
LONG = ODD * (65_536 // len(ODD.encode()) + 1)  # more than 64 KB


def test_a_hostile_comment_of_64_kb_is_shown_and_filtered_as_text(browser: Browser, console: Served) -> None:
    """As the text of an action in doubt, as a person's reason, and in the fields of filters."""
    (task, *_) = tasks_in(console.engine, State.NEEDS_REVIEW)

    def work(session: Session) -> None:
        action = session.scalars(select(ActionRow).where(ActionRow.task_id == task)).one()
        action.text, action.target_comment = LONG, LONG
        session.get_one(Phone, "P0003").paused, session.get_one(Phone, "P0003").paused_why = True, LONG

    write(console.engine, work)
    with tab(browser, width=390) as (page, wrong):
        log_in(page, console.url, Role.ADMIN)
        for path in (f"/tasks/{task}", "/review", "/phones/P0003", "/shelf"):
            page.goto(console.url + path)
            if path != "/shelf":
                assert LONG.strip() in page.evaluate("document.querySelector('main').textContent"), path
            as_text(page, path)
        for path, name in (("/records", "author"), ("/changes", "who"), ("/shelf", "find")):
            page.goto(f"{console.url}{path}?{urlencode({name: ODD})}")
            assert page.locator(f"[name={name}]").first.input_value().strip() == ODD[:191].strip(), path
            as_text(page, path)
        assert wrong == []


def as_text(page: Page, path: str) -> None:
    """Nothing of it became an element, and the page is as wide as its screen."""
    inside = "document.querySelectorAll('main script, main img[src=x], main a[href^=javascript], [onerror]').length"
    assert page.evaluate(inside) == 0, path
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_a_page_and_all_that_it_loads_is_small(browser: Browser, furnished: Served) -> None:
    with tab(browser) as (page, wrong):
        log_in(page, furnished.url, Role.ADMIN)
        for path in pages(furnished):
            assert weight(page, furnished.url + path) < MOST_BYTES, path
        assert wrong == []


def weight(page: Page, url: str) -> int:
    """The bytes of a page, of its scripts and of its styles, without the stream."""
    sizes: list[int] = []

    def weigh(one: Response) -> None:
        if "stream" not in one.url and one.ok:
            sizes.append(len(one.body()))

    page.on("response", weigh)
    page.goto(url)
    page.wait_for_load_state("load")
    page.remove_listener("response", weigh)
    return sum(sizes)
