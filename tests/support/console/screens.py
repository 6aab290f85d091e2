"""`python -m tests.support.console.screens`: takes the pictures in docs/screens anew, of a Monday morning's ledger."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page
from sqlalchemy import Engine, select

from gateway.console.people.saved_filters import save_filter
from models.tables import Campaign, Task, Watch
from models.tasks.states import State
from models.transactions.read_write import read
from models.values.enums import Role
from tests.support.console.browser import chromium, log_in, tab
from tests.support.console.monday import CALM, PEOPLE, monday, people, strips
from tests.support.console.recordings import READER, phone_to_record
from tests.support.console.screens_of_phones import shelf_pictures
from tests.support.console.served import Served, served
from tests.support.flow_trials import version_trial
from tests.support.installation import installation
from tests.support.patches import proposed_patch
from tests.support.shelf import AdbServer, Shelf
from tests.support.watches import add, post, watch_with_alert

FOLDER = Path(__file__).parents[3] / "docs" / "screens"
PHONES, SMALL = 200, 24
COLOURS = 255
# What a person clicks to record a flow: an element of the list, what they make of it, and its name.
CLICKS = (
    ("#item_id", "find", "account"), ("", "page", "account"), ("#account_name", "read", "official_account"),
    ("#item_title", "read", "title"), ("#item_title", "", ""),
)  # fmt: skip
# The style sheet names each picture of a tile that is seen. Loads them before the screen is taken.
PICTURED = """async () => {
  const rules = document.adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText);
  const all = rules.map((rule) => rule.match(/url\\("([^"]+)"\\)/)?.[1]).filter(Boolean);
  if (!all.length) return false;
  await Promise.all(all.map((address) => { const one = new Image(); one.src = address; return one.decode(); }));
  return true;
}"""


def main() -> None:
    """Takes them all: the shelf of 200 phones, and each page of a fleet of 24."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for count, take in ((PHONES, _shelf), (SMALL, _pages)):
            with installation(Path(folder) / str(count), patch) as made:
                monday(made.engine, count, CALM)
                save_filter(made.engine, PEOPLE[Role.ADMIN], "周一：上周的失败", {"outcome": "failed"})
                shelf_pictures(made.engine)
                strips(made.engine)
                watched(made.engine)
                proposed_patch(made.engine)
                version_trial(made.engine)
                with served(made.engine) as console:
                    take(console)
        recorder(Path(folder), patch)


def _shelf(console: Served) -> None:
    with chromium() as browser:
        with tab(browser, "zh", width=1440, height=900) as (page, _):
            log_in(page, console.url, "operator")
            _keep(page, "shelf")
        with tab(browser, "en", width=1440, height=900, dark=True) as (page, _):
            log_in(page, console.url, "operator")
            page.goto(f"{console.url}/shelf?group=state")
            _keep(page, "shelf-dark")
        with tab(browser, "zh", width=390, height=800) as (page, _):
            log_in(page, console.url, "operator")
            _keep(page, "shelf-phone")


def _pages(console: Served) -> None:
    planted = select(Campaign.id).order_by(Campaign.created_at)  # the day before the looks of watches
    campaign = read(console.engine, lambda session: session.scalars(planted).first())
    lost = select(Task.id).where(Task.state == State.FAILED, Task.failure_code == "list_not_loaded")
    failed = read(console.engine, lambda session: session.scalars(lost).first())
    watch = read(
        console.engine, lambda session: session.scalars(select(Watch.id).where(Watch.alerted_at.is_not(None))).first()
    )
    addresses = {
        "phone": "/phones/P0008",
        "campaigns": "/campaigns",
        "campaign": f"/campaigns/{campaign}",
        "campaign-new": "/campaigns/new",
        "task": f"/tasks/{failed}",
        "attempt": f"/tasks/{failed}/attempts/1",
        "failures": "/failures",
        "overview": "/overview",
        "sheet": "/overview/sheet",
        "review": "/review",
        "records": "/records?outcome=failed",
        "overview-week": "/overview?hours=168",
        "watches": "/watches",
        "watch": f"/watches/{watch}",
        "drift": "/drift",
        "patch": "/drift/1",
        "flows": "/flows",
        "accounts": "/accounts",
        "authors": "/authors",
        "callbacks": "/callbacks",
        "keys": "/keys",
        "users": "/users",
        "changes": "/changes",
    }
    with chromium() as browser:
        with tab(browser, "zh", width=1280, height=800) as (page, _):
            page.goto(f"{console.url}/login")
            _keep(page, "login")
        with tab(browser, "zh", width=1280, height=960) as (page, _):
            log_in(page, console.url, "admin")
            for name, address in addresses.items():
                page.goto(console.url + address)
                if name == "task":
                    page.locator("details").first.click()
                page.set_viewport_size(
                    {"width": 1280, "height": 1500 if name in ("campaign", "attempt", "patch") else 960}
                )
                _keep(page, name)
        with tab(browser, "en", width=1280, height=960) as (page, _):
            log_in(page, console.url, "operator")
            page.goto(f"{console.url}/campaigns/{campaign}")
            _keep(page, "campaign-en")
        with tab(browser, "zh", width=1280, height=960) as (page, _):
            log_in(page, console.url, "operator")
            _many(page, console.url)


def recorder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The recorder's pages: an empty ledger, and a simulated phone behind an adb server."""
    with installation(folder / "recorder", patch) as made, served(made.engine) as console, AdbServer() as adb:
        people(made.engine)
        with Shelf(adb, folder / "truth.jsonl") as shelf:
            _recorder(console, shelf)


def _recorder(console: Served, shelf: Shelf) -> None:
    """A flow is recorded on a simulated phone: two pages of its second app, at a laptop, in the dark and on a phone."""
    with (
        phone_to_record(console.engine, shelf) as serial,
        chromium() as browser,
        tab(browser, "zh", width=1280, height=1250) as (page, _),
    ):
        log_in(page, console.url, "operator")
        page.goto(f"{console.url}/recorder")
        form = page.locator("form[action='/acts/recorder/begin']")
        form.locator("[name=phone]").select_option(serial)
        form.locator("[name=kind]").select_option("flow")
        _send(page, "begin", package=READER, heading="读公众号文章")
        _send(page, "page", name="accounts")
        for words, act, name in CLICKS:
            if words:
                page.locator(f".recorder ol a:has-text('{words}')").nth(int(words == "#item_id")).click()
                page.locator("rect.chosen").wait_for()
            if act:
                _send(page, act, name=name)
        address = page.url.partition("#")[0]
        page.goto(address)
        _keep(page, "recording")
        page.goto(f"{console.url}/recorder")
        page.set_viewport_size({"width": 1280, "height": 640})
        _keep(page, "recorder")
        for language, name, width in (("en", "recording-dark", 1280), ("zh", "recording-phone", 390)):
            with tab(browser, language, width=width, height=1250, dark=language == "en") as (other, _):
                log_in(other, console.url, "operator")
                other.goto(address)
                _keep(other, name)


def _send(page: Page, act: str, **fields: str) -> None:
    """Sends a form of the recorder, and waits for the phone."""
    form = page.locator(f"form[action='/acts/recorder/{act}']")
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    with page.expect_navigation():
        form.get_by_role("button").last.click()
    page.locator(".recorder").wait_for()


def watched(engine: Engine) -> None:
    """A watch that told people of something, and one that did not yet."""
    watch_with_alert(engine, "刹车", "刹车踩下去软绵绵的，心里没底")
    add(engine, post("续航", flow="monitor_keyword", params={"keyword": "冬季续航"}, every=60))


def _many(page: Page, url: str) -> None:
    """All phones of one host are drained: one refuses, because it is paused already."""
    page.goto(f"{url}/shelf?find=shelf1")
    page.get_by_role("button", name="全部符合的").click()
    page.get_by_role("button", name="收尾停用").click()
    _keep(page, "many-asked")
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=lasting]").select_option("4h")
    dialog.locator("[name=reason]").fill("换一批数据线")
    dialog.get_by_role("button", name="收尾停用").click()
    page.locator(".state.done").first.wait_for()
    _keep(page, "many")


def _keep(page: Page, name: str) -> None:
    page.wait_for_load_state("load")
    if page.locator("#live").count():
        page.locator("#live[data-state=on]").wait_for()
    if page.locator(".pictured").count():
        page.wait_for_function(PICTURED)
    image = Image.open(BytesIO(page.screenshot()))
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
