"""Every function of every page by keyboard alone: Tab comes to each, Enter opens its form, Escape leaves it."""

from __future__ import annotations

import re
from typing import Literal

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from models.tables import ApiKey, Hold, SavedFilter
from models.transactions.read_write import read
from models.values.enums import Role
from tests.support.console.browser import faults, log_in, tab
from tests.support.console.pages import furnish, furnished_above, pages
from tests.support.console.served import Served

THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
MOST_PRESSES = 1500  # a field for a moment takes several of them
# Marks everything that a mouse can use inside an element, and notes what gets the focus. Of a group of radio buttons,
# Tab comes to the chosen one, and arrows to the others.
MARK = """(root) => {
  if (!window.reached) {
    document.addEventListener('focusin', (event) => window.reached.add(event.target.dataset.tabPlace));
  }
  window.reached = new Set();
  document.querySelectorAll('[data-tab-place]').forEach((one) => one.removeAttribute('data-tab-place'));
  const usable = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=region]';
  const all = [...document.querySelector(root).querySelectorAll(usable)].filter((one) =>
    !one.disabled && one.checkVisibility() && (root !== 'body' || !one.closest('[popover].ask'))
    && !(one.type === 'radio' && !one.checked && document.querySelector(`input[name="${one.name}"]:checked`)));
  all.forEach((one, place) => { one.dataset.tabPlace = place; });
  return all.length;
}"""
LEFT = """() => [...document.querySelectorAll('[data-tab-place]')]
  .filter((one) => !window.reached.has(one.dataset.tabPlace))
  .map((one) => one.outerHTML.slice(0, 150))"""


def unreachable(page: Page, root: str = "body") -> list[str]:
    """What Tab never comes to."""
    count, left = page.evaluate(MARK, root), ["?"]
    for _ in range(0, MOST_PRESSES, 10):
        for _ in range(10):
            page.keyboard.press("Tab")
        left = page.evaluate(LEFT)
        if not left:
            break
    assert count
    return left


def test_tab_comes_to_everything_that_a_mouse_can_use(browser: Browser, furnished: Served) -> None:
    with tab(browser) as (page, wrong):
        log_in(page, furnished.url, Role.ADMIN)
        for path in [*pages(furnished), *furnished_above(Role.ADMIN)]:
            page.goto(furnished.url + path)
            assert (path, unreachable(page)) == (path, [])
        assert wrong == []


def forms(page: Page) -> list[str]:
    """The forms that buttons of the page open, one of each kind: their ids."""
    found = page.locator("button[popovertarget]:not([popovertargetaction])").evaluate_all(
        "all => all.filter((one) => one.checkVisibility()).map((one) => one.getAttribute('popovertarget'))"
    )
    kinds = {re.sub(r"\d+$", "", one): one for one in reversed(found)}
    return list(kinds.values())


def test_enter_opens_each_form_and_escape_leaves_it(browser: Browser, furnished: Served) -> None:
    opened = 0
    with tab(browser) as (page, wrong):
        log_in(page, furnished.url, Role.ADMIN)
        for path in [*pages(furnished), *furnished_above(Role.ADMIN)]:
            page.goto(furnished.url + path)
            for form in forms(page):
                button = page.locator(f"button[popovertarget='{form}']:not([popovertargetaction])").first
                button.focus()
                page.keyboard.press("Enter")
                expect(page.locator(f"#{form}")).to_be_visible()
                assert (path, form, unreachable(page, f"#{form}")) == (path, form, [])
                for theme in THEMES:
                    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                    assert (path, form, theme, faults(page, f"#{form}")) == (path, form, theme, [])
                page.keyboard.press("Escape")
                expect(page.locator(f"#{form}")).to_be_hidden()
                opened += 1
        assert wrong == []
    assert opened > 15


def by_keyboard(page: Page, button: str, fields: dict[str, str]) -> None:
    """Open a form, fill it, and send it, without a mouse."""
    page.get_by_role("button", name=button, exact=True).first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    for name, value in fields.items():
        dialog.locator(f"[name={name}]").focus()
        page.keyboard.press("Control+A")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect(page.locator("p.done")).to_be_visible()


def test_filters_limits_and_holds_are_changed_by_keyboard_alone(browser: Browser, console: Served) -> None:
    furnish(console)
    with tab(browser) as (page, wrong):
        log_in(page, console.url, Role.ADMIN)
        page.goto(f"{console.url}/records?flow=nurture")
        page.locator(".saved-filters input[name=name]:not([type=hidden])").focus()
        page.keyboard.type("养号")
        page.keyboard.press("Enter")
        expect(page.locator("ul.saved li", has_text="养号")).to_have_count(1)
        page.locator("ul.saved li", has_text="周一").get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(page.locator("ul.saved li")).to_have_count(1)
        page.goto(f"{console.url}/keys")
        by_keyboard(page, "限额", {"weight": "7", "reason": "合同 7"})
        by_keyboard(page, "启用", {"reason": "付清"})
        page.goto(f"{console.url}/authors")
        by_keyboard(page, "解除暂挂", {"reason": "改名了"})
        assert wrong == []
    key = read(console.engine, lambda session: session.scalars(select(ApiKey)).one())
    assert (key.weight, key.disabled_at) == (7, None)
    released = select(Hold.id).where(Hold.released_at.is_not(None))
    assert len(read(console.engine, lambda session: session.scalars(released).all())) == 1
    saved = read(console.engine, lambda session: session.execute(select(SavedFilter.name, SavedFilter.filter)).all())
    assert {"flow": "nurture"} in [given for _, given in saved]
