"""Watches on the console: tried before they are saved, paused and removed, with their alerts and what these tell of."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from models.responsible_use.authors import register_author
from models.tables import Watch
from models.transactions.read_write import read
from tests.support.console.browser import chromium, log_in, tab
from tests.support.console.monday import HOSTILE
from tests.support.console.served import Served
from tests.support.watches import add, post, watch_row, watch_with_alert
from workers.campaigns.watches.manage import OPERATOR, Owner, list_watches

GIVEN = {
    "name": "刹车", "flow": "monitor_post", "author_id": "xiaopeng", "title": "发布会 <全程>", "most": "200",
    "every": "30", "any": "刹车\n 失灵 \n\n刹车", "none": "广告", "threshold": "2", "window": "60",
    "min_interval": "30", "quiet": "22:00-08:00",
}  # fmt: skip


def watches(console: Served) -> list[Watch]:
    return list(read(console.engine, lambda session: list_watches(session, OPERATOR)))


def test_a_watch_is_tried_then_saved_paused_resumed_and_removed(console: Served) -> None:
    lena = console.as_role("operator")
    assert 'formaction="/acts/watches/save"' not in lena.get("/watches").text
    tried = lena.post("/acts/watches/try", **GIVEN)
    assert "查看 336 次" in tried.text
    assert 'formaction="/acts/watches/save"' in tried.text
    assert "发布会 &lt;全程&gt;" in tried.text
    assert watches(console) == []
    saved = lena.post("/acts/watches/save", **GIVEN)
    (watch,) = watches(console)
    assert (saved.status_code, saved.headers["location"]) == (303, f"/watches/{watch.id}?done=saved")
    assert (watch.words, watch.every, watch.threshold) == (
        {"all": [], "any": ["刹车", "失灵"], "none": ["广告"]},
        30,
        2,
    )
    assert (watch.params["most"], watch.quiet_from, watch.created_by) == (200, "22:00", "李娜")
    assert "刹车" in lena.get("/watches").text
    for act, paused in (("pause", True), ("resume", False)):
        assert lena.post(f"/acts/watches/{act}", id=watch.id).status_code == 303
        assert watch_row(console.engine, watch.id).paused is paused
    assert lena.post("/acts/watches/remove", id=watch.id).headers["location"] == "/watches?done=deleted"
    assert watches(console) == []
    assert lena.get(f"/watches/{watch.id}").status_code == 422


@pytest.mark.parametrize(
    "given",
    [
        {"flow": "monitor_account", "most": "5"},
        {"flow": "monitor_keyword", "keyword": "冬季续航", "most": "5", "every": "", "cron": "0 8 * * *"},
    ],
)
def test_accounts_and_words_are_watched_too(console: Served, given: dict[str, str]) -> None:
    assert console.as_role("operator").post("/acts/watches/save", **{**GIVEN, **given}).status_code == 303
    (watch,) = watches(console)
    assert watch.params == {
        "monitor_account": {"author_id": "xiaopeng", "most": 5}, "monitor_keyword": {"keyword": "冬季续航", "most": 5},
    }[given["flow"]]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": "0"}, {"every": "x"}, {"cron": "<b>"}, {"flow": "nurture"}, {"most": "0"}, {"title": ""},
        {"threshold": "-1"}, {"quiet": "late"}, {"mood": "angry"}, {"name": ""}, {"none": "刹车"},
        {"author_id": "nobody"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_watch_is_refused_and_the_form_keeps_what_was_typed(shown: Served, wrong: dict[str, str]) -> None:
    answer = shown.as_role("operator").post("/acts/watches/save", **{**GIVEN, **wrong})
    assert "会被拒绝" in answer.text
    assert "失灵" in answer.text
    assert watches(shown) == []


def test_its_page_shows_alerts_with_what_they_tell_of_and_looks(console: Served) -> None:
    watch = watch_with_alert(console.engine, "刹车", f"刹车 {HOSTILE}")
    page = console.as_role("viewer").get(f"/watches/{watch.id}").text
    for words in ("监控命中", "已判定", "失败", "不见了", "每 10 分钟"):
        assert words in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert len(re.findall(r'href="/tasks/', page)) == 4  # of one item, and of three looks
    for button in ("/acts/watches/pause", "/acts/watches/remove"):
        assert button not in page
    assert "/acts/watches/pause" in console.as_role("operator").get(f"/watches/{watch.id}").text


def test_a_customers_watch_is_not_on_the_operators_pages(console: Served) -> None:
    register_author(console.engine, "xiaopeng", "小鹏汽车")
    theirs = add(console.engine, post("客户的"), Owner("key_7f3a"))
    viewer = console.as_role("viewer")
    assert "客户的" not in viewer.get("/watches").text
    assert viewer.get(f"/watches/{theirs.id}").status_code == 422
    console.as_role("operator").post("/acts/watches/pause", id=theirs.id)
    assert watch_row(console.engine, theirs.id).paused is False


def test_a_watch_is_tried_and_saved_by_keyboard_alone(console: Served) -> None:
    with chromium() as browser, tab(browser) as (page, wrong):
        log_in(page, console.url, "operator")
        page.goto(f"{console.url}/watches")
        page.get_by_label("监控名称").focus()
        page.keyboard.type("续航")
        page.get_by_label("种类").focus()
        page.keyboard.press("Home")
        page.get_by_label("视频号（账号监控、帖子监控）").focus()
        page.keyboard.press("End")
        page.get_by_role("button", name="用最近 7 天试算").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#trial")).to_contain_text("最近 7 天")
        page.get_by_role("button", name="保存").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/watches/*?done=saved")
        expect(page.get_by_role("status").first).to_be_visible()
        (watch,) = watches(console)
        assert (watch.name, watch.flow, watch.every) == ("续航", "monitor_account", 60)
        assert wrong == []
