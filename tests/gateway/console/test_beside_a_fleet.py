"""The console as its own process beside a running fleet with faults: what an operator does on one day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import adbutils
import pytest
import requests
from celery import group
from playwright.sync_api import Page, expect
from sqlalchemy import select

from gateway.client.client import Client
from gateway.console.live.shelf import tile_id
from gateway.keys.api_keys import KeySpec, make_key
from models.responsible_use.authors import register_author
from models.tables import Campaign, Delivery, Phone, PhoneShow, Task
from models.tasks.states import State
from models.transactions.read_write import read
from models.values.enums import Role
from scripts.local.embedded import free_port
from scripts.local.processes import DELIVERY, console, gateway
from tests.support.console.browser import chromium, log_in, tab
from tests.support.console.monday import people
from tests.support.console.pages import TAGS, above, all_in_their_language, navigated
from tests.support.console.served import Served
from tests.support.fleet import Fleet
from tests.support.gateway.receiver import Receiver
from tests.support.workbooks import calamine_cells, cells
from workers.execution.number_picture import shows_number
from workers.planting.submit import submit
from workers.tasks import collect_titles, directed

pytestmark = pytest.mark.fleet

FASTER = 4  # than a real phone: a task is met in the middle, and ends soon
SECONDS = 120.0
PATIENCE = 180.0  # for several attempts, one after the other
OTHERS = ("chenzhen", "dongchedi", "laoyuechetan")
TEXT = "说得很实在"


@dataclass(slots=True)
class Day:
    """The fleet, the console beside it, and one operator's tab."""

    fleet: Fleet
    url: str
    page: Page
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the console."""
        self.page.goto(self.url + path)

    def act(self, button: str, reason: str, **choose: str) -> None:
        """Press a button of the page, and fill the form that it opens."""
        self.page.get_by_role("button", name=button, exact=True).first.click()
        dialog = self.page.get_by_role("dialog")
        for name, value in choose.items():
            dialog.locator(f"[name={name}]").select_option(value)
        dialog.locator("[name=reason]").fill(reason)
        dialog.get_by_role("button", name=button, exact=True).click()
        expect(self.page.locator("p.done")).to_be_visible()

    def one(self, wanted: Any) -> Any:
        """The one row, or the first one."""
        return read(self.fleet.engine, lambda session: session.scalars(wanted).first())

    def kind(self, serial: str) -> Any:
        """What the tile of a phone says."""
        return expect(self.page.locator(f"#{tile_id(serial)}"))


@contextmanager
def day(folder: Path, database: str, redis: str) -> Iterator[Day]:
    """Run it until the block ends."""
    with Fleet(folder, database, redis, 3, speed=FASTER, PHONEFLEET_LEASE="30", PHONEFLEET_HEALTH="2") as fleet:
        people(fleet.engine)
        port = free_port()
        fleet.processes.start(console("127.0.0.1", port))
        url = f"http://127.0.0.1:{port}"
        fleet.wait(lambda: _answers(url), SECONDS, "the console to answer")
        with chromium() as browser, tab(browser) as (page, wrong):
            log_in(page, url, Role.OPERATOR)
            yield Day(fleet, url, page, wrong)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.RequestException:
        return False


def test_a_day_of_an_operator(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str, master_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_CALLBACK_NETWORKS", "127.0.0.0/8")
    with day(tmp_path, sqlite_database, empty_redis_url) as one, Receiver() as receiver:
        client = _customer(one, receiver)
        asked = {"author_id": "chenzhen", "count": 1}
        called = client.submit("collect_titles", asked, reference="r", callback_url=f"{receiver.origin}/callbacks")
        one.fleet.wait(lambda: receiver.requests, SECONDS, "the callback")  # a success would end a quarantine
        _a_phone_that_is_unplugged_is_seen(one)
        _a_phone_that_fails_is_quarantined_and_released(one)
        campaign = _the_standard_day_is_planted_and_moves(one)
        _a_task_is_stopped(one, campaign)
        _a_review_is_settled_and_done(one)
        one.fleet.wait(lambda: _outcome(one, campaign), SECONDS, "the campaign to end")
        _a_group_of_failures_is_retried(one)
        _records_are_filtered_and_exported(one, campaign, tmp_path)
        _a_callback_is_sent_again(one, receiver, called.id)
        _a_phone_is_found_on_the_shelf(one)
        everybody_over_all_pages(one, campaign)
        assert one.wrong == []
        assert one.fleet.differences() == []


def _customer(one: Day, receiver: Receiver) -> Client:
    """A customer's system, with the gateway and the sender of callbacks that it needs."""
    port = free_port()
    key_id, secret = make_key(one.fleet.engine, KeySpec("k", "acme", allowlist=[receiver.origin]), who="test")
    one.fleet.processes.start(gateway(port))
    one.fleet.processes.start(DELIVERY)
    one.fleet.wait(lambda: _answers(f"http://127.0.0.1:{port}"), SECONDS, "the gateway to answer")
    return Client(f"http://127.0.0.1:{port}", key_id, secret)


def _a_phone_that_is_unplugged_is_seen(one: Day) -> None:
    one.fleet.fault("unplug", "SIM0003")
    one.kind("SIM0003").to_have_attribute("data-kind", "trouble")
    one.fleet.heal("SIM0003")
    one.kind("SIM0003").not_to_have_attribute("data-kind", "trouble")


def _a_phone_that_fails_is_quarantined_and_released(one: Day) -> None:
    """No list loads on it: it fails three tasks in a row. Their stop leaves no task that could release it by itself."""
    one.fleet.fault("loading_fails", "SIM0002", times=1000)
    titles = [collect_titles.s(author_id=author, count=1).set(queue="phone.SIM0002") for author in OTHERS]
    handle = submit(group(titles), name="on a bad phone", seed=1, engine=one.fleet.engine)
    ends = select(Phone.quarantined_until).where(Phone.serial == "SIM0002")
    one.fleet.wait(lambda: one.one(ends), PATIENCE, "the quarantine")
    one.go(f"/campaigns/{handle.id}")
    one.act("停止", "这台手机加载不出来")
    one.fleet.wait(lambda: _outcome(one, handle.id), SECONDS, "its tasks to end")
    one.fleet.heal("SIM0002")
    one.go("/phones/SIM0002")
    one.act("解除", "看过了，换了线")
    assert one.one(ends) is None
    one.go("/shelf")


def _the_standard_day_is_planted_and_moves(one: Day) -> str:
    """One phone is paused, and one author is not on the app."""
    register_author(one.fleet.engine, "nobody", "查无此人")
    one.go("/phones/SIM0003")
    one.act("暂停", "换电池", lasting="4h")
    one.go("/campaigns/new")
    form = one.page.locator("#form")
    form.locator("[name=accounts]").fill("acc0001, acc0003")
    form.locator("[name=nurture_texts]").fill("讲得很清楚\n支持一下")
    numbers = {"comments": 1, "replies": 0, "video_likes": 1, "video_loop": 20, "comment_loop": 20}
    for name, value in numbers.items():
        form.locator(f"[name=nurture_{name}]").fill(str(value))
    for name, value in {"videos": 1, "comments": 5, "least": 5}.items():
        form.locator(f"[name=collect_{name}]").fill(str(value))
    form.locator("[name=part][value=directed]").uncheck()
    for author in ("xiaopeng", "nobody"):
        form.locator(f"[name=author][value={author}]").check()
    form.locator("[name=without_basis]").check()
    form.get_by_text("试算").click()
    expect(one.page.locator("#forecast")).to_contain_text("个任务")
    one.page.locator("#form").locator("button[formaction]").click()
    one.page.wait_for_url("**/campaigns/*?done=planted")
    campaign = one.page.url.split("/")[-1].partition("?")[0]
    expect(one.page.locator("svg.picture")).to_be_visible()
    one.go("/shelf")
    one.kind("SIM0001").to_have_attribute("data-kind", "working")
    return campaign


def _a_task_is_stopped(one: Day, campaign: str) -> None:
    pinned = (Task.campaign_id == campaign, Task.pinned_account == "acc0003")
    one.go(f"/tasks/{one.one(select(Task.id).where(*pinned))}")
    one.act("停止", "今天不用")
    assert one.fleet.wait(lambda: one.one(select(Task).where(*pinned, Task.state == State.STOPPED)), SECONDS, "a stop")


def _a_review_is_settled_and_done(one: Day) -> None:
    """Its phone goes in the middle of a reply, and the comment is deleted: nobody can tell whether it was sent.

    A person looked: it was not. The comment is there again, and the reply is written, once.
    """
    video = next(author for author in one.fleet.shelf.authors() if author["id"] == "xiaopeng")["videos"][0]
    said = {"author_id": "xiaopeng", "title": video["title"], "commenter": "山月", "text": "后备箱能放下婴儿车吗"}
    one.fleet.world("say", **said)
    target = {"target_commenter": said["commenter"], "target_comment": said["text"]}
    reply = directed.s(kind="reply", author_id="xiaopeng", title=video["title"], text=TEXT, comment_loop=20, **target)
    submit(reply.set(queue="account.acc0003"), name="in doubt", seed=1, engine=one.fleet.engine)
    for fault in (
        "kill_ui_server",
        "unplug",
    ):  # the tap never takes effect, and no look follows before it is plugged in
        one.fleet.fault(fault, "SIM0003", at="next_tap", on="reply_send")
    one.go("/phones/SIM0003")
    one.act("恢复", "")
    its = (Task.flow == "directed",)
    one.fleet.wait(lambda: one.one(select(Task.verifying).where(*its)), PATIENCE, "the doubt")
    one.fleet.world("delete_comment", **said)
    one.fleet.heal("SIM0003")
    review = select(Task.id).where(*its, Task.state == State.NEEDS_REVIEW)
    one.fleet.wait(lambda: one.one(review), PATIENCE, "the look that tells nothing")
    assert not [deed for deed in one.fleet.truth() if deed.text == TEXT]
    one.fleet.world("say", **said)
    one.go("/review")
    form = one.page.locator("form[action='/acts/review/settle']").first
    form.locator("[name=reason]").fill("没有看到")
    form.locator("button[value=not]").click()
    expect(one.page.locator("p.done")).to_be_visible()
    one.fleet.wait(lambda: [deed for deed in one.fleet.truth() if deed.text == TEXT], PATIENCE, "the reply")


def _outcome(one: Day, campaign: str) -> str | None:
    outcome: str | None = one.one(select(Campaign.outcome).where(Campaign.id == campaign))
    return outcome


def _a_group_of_failures_is_retried(one: Day) -> None:
    one.go("/failures")
    group = one.page.locator("section.group-of", has_text="找不到作者")
    group.get_by_role("button", name="重试 1 个任务").click()
    one.page.get_by_role("dialog").locator("[name=reason]").fill("也许改名了")
    one.page.get_by_role("dialog").get_by_role("button", name="重试 1 个任务").click()
    one.page.wait_for_url("**/campaigns/*?done=planted")
    again = one.page.url.split("/")[-1].partition("?")[0]
    assert one.fleet.wait(lambda: _outcome(one, again), SECONDS, "the retry to end") == "failed"


def _records_are_filtered_and_exported(one: Day, campaign: str, folder: Path) -> None:
    """Filtered by the form, and again by the filter that was saved of it."""
    one.fleet.wait(lambda: _shown(one, campaign) >= 3, SECONDS, "the records")
    count = _shown(one, campaign)
    one.go("/records")
    form = one.page.locator("form[role=search]")
    form.locator("[name=campaign]").fill(campaign)
    form.locator("[name=outcome]").select_option("succeeded")
    form.get_by_role("button", name="显示").click()
    expect(one.page.locator("tbody").first.locator("a.mono")).to_have_count(count)
    one.page.get_by_role("textbox", name="筛选名称").fill("这一天")
    one.page.get_by_role("button", name="保存这个筛选").click()
    expect(one.page.locator("p.done")).to_be_visible()
    one.go("/records")
    one.page.get_by_role("link", name="这一天").click()
    expect(one.page.locator("tbody").first.locator("a.mono")).to_have_count(count)
    one.page.get_by_role("button", name="导出 Excel").click()
    expect(one.page.locator("p.done")).to_be_visible()

    def made() -> bool:
        one.page.reload()
        return one.page.get_by_role("link", name="下载").count() > 0

    one.fleet.wait(made, SECONDS, "the workbook")
    with one.page.expect_download() as download:
        one.page.get_by_role("link", name="下载").first.click()
    path = folder / "records.xlsx"
    download.value.save_as(path)
    sheets = cells(path)
    name = next(name for name in sheets if "记录" in name)
    assert len(sheets[name]) == count + 1
    assert [row[0] for row in calamine_cells(path, name)] == [row[0] for row in sheets[name]]


def _shown(one: Day, campaign: str) -> int:
    one.go(f"/records?campaign={campaign}&outcome=succeeded")
    return one.page.locator("tbody").first.locator("a.mono").count()


def _a_callback_is_sent_again(one: Day, receiver: Receiver, task_id: str) -> None:
    delivery = one.fleet.wait(lambda: one.one(select(Delivery.id).where(Delivery.task_id == task_id)), SECONDS, "it")
    one.fleet.wait(
        lambda: one.one(select(Delivery.state).where(Delivery.id == delivery)) == "delivered", SECONDS, "its note"
    )
    one.go(f"/callbacks/{delivery}")
    one.act("重发", "客户没收到")
    one.fleet.wait(lambda: receiver.ids() == [delivery] * 2, SECONDS, "the repetition")


def _a_phone_is_found_on_the_shelf(one: Day) -> None:
    """Its screen is looked at through adb, beside the worker that holds it."""
    one.go("/phones/SIM0002")
    one.act("找到我", "")
    shown = select(PhoneShow).where(PhoneShow.serial == "SIM0002", PhoneShow.shown_at.is_not(None))
    show: PhoneShow = one.fleet.wait(lambda: one.one(shown), SECONDS, "the phone to show its number")
    assert show.why_not is None
    device = adbutils.AdbClient("127.0.0.1", one.fleet.adb_port).device(one.fleet.shelf.addresses[1])
    assert shows_number(device.shell("screencap -p", encoding=None))


def everybody_over_all_pages(one: Day, campaign: str) -> None:
    """As the three roles in both languages, and as nobody; in the browser as an admin, who gets what all get."""
    failed = one.one(select(Task.id).where(Task.state == State.FAILED))
    found = ["/phones/SIM0001", f"/campaigns/{campaign}", f"/tasks/{failed}", f"/tasks/{failed}/attempts/1"]
    every = [*navigated(), "/me", "/many", "/overview/sheet", "/overview?hours=168", *found]
    served, browser = Served(one.url, one.fleet.engine), one.page.context.browser
    assert browser is not None
    with tab(browser, "en") as (page, wrong):
        log_in(page, one.url, Role.ADMIN)
        for path in [*every, *above(Role.ADMIN)]:
            answer = page.goto(one.url + path, wait_until="domcontentloaded")
            assert answer is not None
            assert answer.status == 200, path
            expect(page.locator("h1")).to_have_count(1)
        assert wrong == []
    for role in Role:
        person = served.as_role(role)
        for language in TAGS:
            all_in_their_language(person, [*every, *above(role)], language)
        _what_is_above_is_refused(served, role)
    nobody = served.nobody()
    for path in [*every, *above(Role.ADMIN)]:
        assert nobody.get(path).headers["location"].startswith("/login?next=")


def _what_is_above_is_refused(served: Served, role: Role) -> None:
    person = served.as_role(role)
    for path in above(Role.ADMIN):
        assert (person.get(path).status_code == 403) is (path not in above(role)), (role, path)
    for path in ("/acts/phones/pause", "/acts/tasks/stop", "/acts/failures/retry", "/acts/callbacks/replay"):
        assert (person.post(path).status_code == 403) is (role == Role.VIEWER), path
