"""Campaigns: the list, the form with its dry run, the file, and what is done to a campaign or a task."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.console.pages.campaign_form import NUMBERS, TEXTS, given_by
from gateway.console.view import Form
from models.database.clock import database_now
from models.tables import AuditEntry, Campaign, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.support.console.browser import log_in, tab
from tests.support.console.monday import AUTHORS, DAY, HOSTILE, tasks_in
from tests.support.console.served import Served
from workers.campaigns.complete import family_of, missing_of

ROW = re.compile(r'<td class="long" dir="auto">([^<]*)</td>')
ASKED: dict[str, Any] = {
    "kind": "form",
    "campaign": "周一 <b>",
    "accounts": "acc0001, acc0002，acc0003",
    "part": ["nurture", "collect", "directed"],
    **{name: str(usual) for name, (_, usual) in NUMBERS.items()},
    "nurture_texts": "讲得很清楚\n\n 支持 \n",
    "comment_texts": "内容很用心\n这个话题有意思\n支持一下",
    "reply_texts": "同意\n有道理\n谢谢",
    "author": list(AUTHORS)[:3],
}


def only(console: Served) -> str:
    return read(console.engine, lambda session: session.scalars(select(Campaign.id)).one())


def count(console: Served) -> int:
    return read(console.engine, lambda session: session.scalar(select(func.count()).select_from(Campaign))) or 0


def test_the_forms_fields_become_the_file_that_the_standard_day_is() -> None:
    asked: dict[str, Any] = yaml.safe_load(DAY.read_text(encoding="utf-8"))
    sent = {
        "campaign": ["标准日"],
        "part": ["nurture", "collect", "directed"],
        **{name: [str(usual)] for name, (_, usual) in NUMBERS.items()},
        **{name: ["\n".join(asked[place[0]][place[1]])] for name, place in TEXTS.items()},
        "author": asked["collect"]["authors"],
        "without_basis": ["refuse"],
    }
    assert given_by(Form(sent)) == asked


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"nurture_comments": "five"}, "nurture.comments"),
        ({"campaign": "", "part": []}, "campaign"),
        ({"author": ["nobody"]}, "collect.authors"),
        ({"accounts": "acc9999"}, "accounts"),
        ({"nurture_texts": ""}, "nurture"),
        ({"kind": "file", "file": "campaign: [\n"}, "the file"),
        ({"kind": "file", "file": "campaign: x\nnurtur: {}\n"}, "nurtur"),
        ({"kind": "file", "file": ""}, "the file"),
    ],
)
def test_what_would_be_refused_is_told_with_its_field_and_nothing_is_planted(
    shown: Served, fields: dict[str, Any], problem: str
) -> None:
    person, before = shown.as_role("operator"), count(shown)
    for path in ("/acts/campaigns/try", "/acts/campaigns/plant"):
        page = person.post(path, **{**ASKED, **fields}).text
        assert "会被拒绝，什么也不种下" in page
        assert problem in page
        assert "formaction" not in page
    assert count(shown) == before


def test_the_standard_day_is_planted_from_the_form_after_a_dry_run(console: Served) -> None:
    person, before = console.as_role("operator"), count(console)
    page = person.post("/acts/campaigns/try", **ASKED).text
    assert "会拒绝" not in page
    assert 'formaction="/acts/campaigns/plant"' in page
    assert "account.acc0001" in page
    assert "周一 &lt;b&gt;" in page
    assert count(console) == before
    to = person.post("/acts/campaigns/plant", **ASKED).headers["location"]
    assert re.fullmatch(r"/campaigns/[0-9a-f-]{36}\?done=planted", to)
    row = read(console.engine, lambda session: session.get_one(Campaign, to[11:47]))
    assert (row.name, row.asked_by) == ("周一 <b>", "李娜")
    assert "周一 &lt;b&gt;" in person.get(to).text


def test_a_file_is_planted_as_well(console: Served) -> None:
    person = console.as_role("operator")
    text = "campaign: 一个\naccounts: [acc0001]\ncollect: {authors: [xiaopeng], videos: 1, comments: 5}\n"
    page = person.post("/acts/campaigns/try", kind="file", file=text).text
    assert 'formaction="/acts/campaigns/plant"' in page
    assert person.post("/acts/campaigns/plant", kind="file", file=text).status_code == 303


def test_a_file_with_a_schedule_is_kept_listed_and_stopped(console: Served) -> None:
    person, before = console.as_role("operator"), count(console)
    text = "campaign: 每天\naccounts: [acc0001]\ncollect: {authors: [xiaopeng], videos: 1, comments: 5}\n"
    text += "schedule: {cron: 0 8 * * *}\n"
    assert person.post("/acts/campaigns/plant", kind="file", file=text).headers["location"] == "/campaigns?done=saved"
    assert count(console) == before
    again = person.post("/acts/campaigns/plant", kind="file", file=text).text
    assert "正在生效" in again
    page = person.get("/campaigns").text
    assert "定时重复落账" in page
    assert "0 8 * * *" in page
    assert "/acts/schedules/stop" not in console.as_role("viewer").get("/campaigns").text
    found = re.search(r'action="/acts/schedules/stop">.*?name="id" value="([0-9a-f-]{36})"', page, re.DOTALL)
    assert found is not None
    assert person.post("/acts/schedules/stop", id=found[1]).status_code == 303
    assert "定时重复落账" not in person.get("/campaigns").text
    assert person.post("/acts/schedules/stop", id=found[1]).status_code == 422


def test_a_campaigns_page_shows_picture_chart_and_hostile_reasons_as_text(shown: Served) -> None:
    page = shown.as_role("viewer").get(f"/campaigns/{only(shown)}").text
    assert 'class="picture"' in page
    assert page.count('class="running"') > 3
    assert HOSTILE[:20] not in page
    assert "&lt;script&gt;" in page
    assert "popover=" not in page.partition('id="content"')[2]  # a viewer gets no buttons
    assert "/campaigns/" in shown.as_role("viewer").get("/campaigns").text


def test_a_campaign_is_paused_resumed_reprioritised_and_stopped_with_its_reasons(console: Served) -> None:
    person, one = console.as_role("operator"), only(console)
    assert person.post("/acts/campaigns/pause", id=one).status_code == 422
    assert person.post("/acts/campaigns/pause", id=one, reason="午休").status_code == 303
    assert "被 李娜 暂停：午休" in person.get(f"/campaigns/{one}").text or tasks_in(console.engine, State.RUNNING)
    assert person.post("/acts/campaigns/resume", id=one).status_code == 303
    assert person.post("/acts/campaigns/priority", id=one, priority="9", reason="不急").status_code == 303
    assert person.post("/acts/campaigns/priority", id=one, priority="-1").status_code == 422
    assert person.post("/acts/campaigns/stop", id=one, reason="换计划").status_code == 303
    assert person.post("/acts/campaigns/stop", id="unknown", reason="x").status_code == 422
    assert tasks_in(console.engine, State.READY) == []
    rows = read(console.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    told = [(one.who, one.reason) for one in rows if one.subject == f"campaign:{only(console)}"]
    assert told == [("李娜", "午休"), ("李娜", None), ("李娜", "不急"), ("李娜", "换计划")]


def test_one_task_is_stopped_and_its_page_says_by_whom(console: Served) -> None:
    person, one = console.as_role("operator"), tasks_in(console.engine, State.RUNNING)[0]
    assert "执行中" in person.get(f"/tasks/{one}").text
    assert person.post("/acts/tasks/stop", id=one, reason="看错了").status_code == 303
    assert "看错了" in person.get(f"/tasks/{one}").text
    assert read(console.engine, lambda session: session.get_one(Task, one)).stop_requested
    assert person.post("/acts/phones/stop", serial="nobody", reason="x").status_code == 422
    assert person.post("/acts/nothing/stop", id=one, reason="x").status_code == 422


def test_what_is_unknown_is_told_so(shown: Served) -> None:
    person = shown.as_role("viewer")
    for path in ("/campaigns/unknown", "/tasks/unknown"):
        assert person.get(path).status_code == 422
    for path in ("/tasks/x/attempts/1/screenshot.jpg", "/tasks/x/attempts/1/..", "/tasks/x/attempts/x/ui.xml"):
        assert person.get(path).status_code == 404


def test_what_an_ended_campaign_is_missing_is_planted_by_one_button(console: Served) -> None:
    person, one = console.as_role("operator"), only(console)
    assert person.post("/acts/campaigns/missing", id=one).status_code == 422  # it has not ended
    assert "/acts/campaigns/missing" not in person.get(f"/campaigns/{one}").text

    def end(session: Session) -> None:
        now = database_now(session)
        mine = Task.campaign_id == one
        session.execute(update(Task).where(mine, Task.ended_at.is_(None)).values(ended_at=now))
        session.execute(update(Task).where(mine, Task.state != State.SUCCEEDED).values(state=State.FAILED))
        session.execute(update(Campaign).where(Campaign.id == one).values(outcome="failed", ended_at=now))

    write(console.engine, end)
    page = person.get(f"/campaigns/{one}").text
    assert "/acts/campaigns/missing" in page
    lacking = page[page.index('id="lacking"') :]
    lacking = lacking[: lacking.index("</section>")]
    missing = read(console.engine, lambda session: missing_of(session, family_of(session, one)))
    assert f"还缺什么 · {sum(piece.count for piece in missing.pieces)}" in lacking
    assert {piece.what for piece in missing.pieces if piece.flow == "nurture"} <= set(ROW.findall(lacking))
    assert f"{AUTHORS['chenzhen']}" in ROW.findall(lacking)  # an author whose titles are missing, by name
    assert "/acts/campaigns/missing" not in console.as_role("viewer").get(f"/campaigns/{one}").text
    answer = person.post("/acts/campaigns/missing", id=one, reason="补齐")
    assert answer.status_code == 303, answer.text
    new = answer.headers["location"][11:47]
    assert read(console.engine, lambda session: session.get_one(Campaign, new)).completes == one
    page = person.get(f"/campaigns/{one}").text
    assert f'<a href="/campaigns/{new}"' in page[page.index('id="lacking"') :]
    assert "/acts/campaigns/missing" not in page  # the round that does it has not ended


def test_the_page_of_a_campaign_shows_what_ends_without_being_loaded_again(browser: Browser, console: Served) -> None:
    with tab(browser) as (page, wrong):
        log_in(page, console.url, "viewer")
        page.clock.install()
        page.goto(f"{console.url}/campaigns/{only(console)}")
        for run in tasks_in(console.engine, State.RUNNING)[:2]:
            before = page.locator("#now > p").first.inner_text()
            gone = update(Task).where(Task.id == run).values(state=State.STOPPED, incarnation=None)
            write(console.engine, partial(Session.execute, statement=gone))
            page.clock.run_for(6_000)
            expect(page.locator("#now > p").first).not_to_have_text(before)
        assert wrong == []
