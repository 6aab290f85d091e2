"""Failures by fingerprint: grouping, retry, hold and release; and the review."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.console.live.failures import BINS, Failure, failures_since, grouped, sparkline
from gateway.console.pages import failures
from models.tables import Attempt, AuditEntry, Campaign, Hold, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.support.console.monday import tasks_in
from tests.support.console.served import Served
from tests.support.ledger.drive import AUTHOR, known_account, owned_author, plant, tasks
from workers.app import app
from workers.control.approvals import awaiting, given_approvals
from workers.control.review import in_review

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
ONE = Failure("t1", 1, "directed", "video_not_found", "video", "feed", "8.0.50", "P1", NOON, "why", True, True, True)


def test_failures_that_differ_in_one_part_of_the_fingerprint_are_apart() -> None:
    others = [
        replace(ONE, flow="nurture"),
        replace(ONE, code="page_drift"),
        replace(ONE, step="act"),
        replace(ONE, page="me"),
        replace(ONE, version="8.0.51"),
    ]
    same = [replace(ONE, task_id="t2", phone="P2", evidence=False, reason="newer", at=NOON + timedelta(minutes=1)), ONE]
    found = grouped([*same, *others], NOON - timedelta(hours=24), NOON + timedelta(hours=1))
    assert len(found) == 6
    first = found[0]
    assert (first.count, sorted(first.phones), list(first.tasks)) == (2, ["P1", "P2"], ["t2", "t1"])
    assert (first.first, first.last) == (NOON, NOON + timedelta(minutes=1))
    assert first.newest is not None
    assert first.newest.evidence  # the newest of those that have some
    assert sum(first.trend) == 2
    assert len({one.print.mark for one in found}) == 6


def test_a_failure_at_either_end_of_the_window_is_in_the_trend() -> None:
    (found,) = grouped(
        [replace(ONE, at=NOON), replace(ONE, at=NOON - timedelta(hours=24))], NOON - timedelta(hours=24), NOON
    )
    assert (found.trend[0], found.trend[-1]) == (1, 1)
    assert len(sparkline(found.trend).split()) == BINS
    assert sparkline([0, 0]) == "0.0,19.0 100.0,19.0"


def test_evidence_that_is_not_stored_yet_is_not_asked_for(console: Served) -> None:
    (task, *_) = tasks_in(console.engine, State.FAILED)

    def work(session: Session) -> None:
        for one in session.scalars(select(Attempt).where(Attempt.evidence.is_not(None))):
            one.evidence = {**(one.evidence or {}), "stored": False}

    person = console.as_role("viewer")
    assert "screenshot.jpg" in person.get("/failures").text
    write(console.engine, work)
    for path in ("/failures", f"/tasks/{task}"):
        assert "screenshot.jpg" not in person.get(path).text
    assert "证据还没有存好" in person.get(f"/tasks/{task}").text


def test_a_group_is_retried_as_a_campaign_of_its_own(console: Served) -> None:
    person = console.as_role("operator")
    page = person.get("/failures").text
    marks = re.findall(r'name="mark" value="(\w+)"', page)
    codes = re.findall(r'name="code" value="(\w+)"', page)
    assert marks
    failed = tasks_in(console.engine, State.FAILED)
    answer = person.post("/acts/failures/retry", mark=marks[0], code=codes[0], hours="24", reason="网好了")
    assert answer.status_code == 303, answer.text
    new = answer.headers["location"][11:47]
    again = read(console.engine, lambda session: session.scalars(select(Task).where(Task.campaign_id == new)).all())
    old = read(console.engine, lambda session: session.scalars(select(Task).where(Task.id.in_(failed))).all())
    assert again
    assert all(one.kwargs in [two.kwargs for two in old] for one in again)
    assert {one.pinned_account for one in again} <= {one.pinned_account for one in old}
    assert read(console.engine, lambda session: session.get_one(Campaign, new)).asked_by == "李娜"
    assert person.post("/acts/failures/retry", mark="0" * 32, code="x", hours="24").status_code == 422


def test_a_flow_is_held_and_released_with_its_reasons(console: Served) -> None:
    person = console.as_role("operator")
    ready = len(tasks_in(console.engine, State.READY))
    assert ready
    asked = {"flow": "collect_titles", "code": "list_not_loaded"}
    assert person.post("/acts/failures/hold", **asked).status_code == 422
    assert person.post("/acts/failures/hold", **asked, reason="等网络").status_code == 303
    assert person.post("/acts/failures/hold", **asked, reason="again").status_code == 422
    assert person.post("/acts/failures/hold", flow="nobody", code="x", reason="x").status_code == 422
    assert "流程 标题采集 被 李娜 暂挂：等网络" in person.get("/failures").text
    held = tasks_in(console.engine, State.HELD)
    hold = read(console.engine, lambda session: session.scalars(select(Hold)).one())
    assert person.post("/acts/failures/release", hold=str(hold.id), reason="网好了").status_code == 303
    assert person.post("/acts/failures/release", hold="x").status_code == 422
    assert held
    assert len(tasks_in(console.engine, State.READY)) == ready
    rows = read(console.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    assert [(one.who, one.reason) for one in rows if one.subject == f"hold:{hold.id}"] == [
        ("李娜", "等网络"),
        ("李娜", "网好了"),
    ]


def test_a_review_is_settled_by_an_operator_and_not_by_a_viewer(console: Served) -> None:
    waiting = tasks_in(console.engine, State.NEEDS_REVIEW)
    assert len(waiting) > 1
    viewer, person = console.as_role("viewer"), console.as_role("operator")
    page = viewer.get("/review").text
    assert "新车到店" in page
    assert re.search(r'<li><span class="clamp">评论 <span', page)
    assert "verdict" not in page
    assert 'value="happened"' in person.get("/review").text
    refused = person.post("/acts/review/settle", id=waiting[0], verdict="perhaps")
    assert (refused.status_code, '<b dir="auto">结论</b>' in refused.text) == (422, True)
    assert person.post("/acts/review/settle", id=waiting[0], verdict="give-up", reason="看不到").status_code == 303
    assert person.post("/acts/review/settle", id=waiting[0], verdict="give-up", reason="again").status_code == 422
    assert person.post("/acts/review/settle", id=waiting[1], verdict="happened", reason="看到了").status_code == 303
    assert waiting[0] in tasks_in(console.engine, State.FAILED)
    assert waiting[1] in tasks_in(console.engine, State.READY)
    rows = read(console.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    assert [one.reason for one in rows if one.subject in [f"task:{one}" for one in waiting]] == ["看不到", "看到了"]


def test_the_review_counts_all_that_wait_and_not_those_alone_that_it_shows(
    console: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = len(tasks_in(console.engine, State.NEEDS_REVIEW))
    for comment in ("一", "二", "三"):
        ask_to_report(console.engine, comment)
    person = console.as_role("viewer")
    assert "最早的" not in person.get("/review").text
    monkeypatch.setattr(failures, "in_review", partial(in_review, most=1))
    monkeypatch.setattr(failures, "awaiting", partial(awaiting, most=2))
    page = person.get("/review").text
    assert f"<small>{waiting}</small>" in page
    assert f"共 {waiting} 条，这里是最早的 1 条" in page
    assert "<small>3</small>" in page
    assert "共 3 条，这里是最早的 2 条" in page


def test_the_failures_page_shows_hostile_reasons_as_text(shown: Served) -> None:
    page = shown.as_role("viewer").get("/failures?hours=168").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "找不到视频" in page
    assert read(shown.engine, lambda session: failures_since(session, datetime.now(UTC) - timedelta(hours=24)))


@pytest.mark.parametrize("changed", [{"missing": {"screenshot": "the phone is gone"}}, {"stored": None}])
def test_where_there_is_no_picture_none_is_asked_for(console: Served, changed: dict[str, Any]) -> None:
    def work(session: Session) -> list[str]:
        found = session.scalars(select(Attempt).where(Attempt.evidence.is_not(None))).all()
        for one in found:
            one.evidence = {**(one.evidence or {}), **changed}
        return [f"/tasks/{one.task_id}/attempts/{one.number}" for one in found]

    person, addresses = console.as_role("viewer"), write(console.engine, work)
    assert addresses
    for path in ("/failures?hours=168", *addresses):
        page = person.get(path)
        assert page.status_code == 200
        assert re.search(r'(?:src|image href)="[^"]*screenshot', page.text) is None, path


def test_an_operator_approves_one_act_or_decides_against_it_and_a_viewer_does_not(console: Served) -> None:
    comments = ["<b>骗人</b>的", "没有的事", "再看看"]
    asked = [ask_to_report(console.engine, comment) for comment in comments]
    viewer, person = console.as_role("viewer"), console.as_role("operator")
    page = viewer.get("/review").text
    assert all(escape(one) in page for one in comments)
    assert "<b>骗人" not in page
    to_review = 'href="/review#approvals"'
    assert to_review in viewer.get(f"/tasks/{asked[0]}").text
    assert "/acts/approvals/decide" not in page
    assert viewer.post("/acts/approvals/decide", id=asked[0], decision="approve", reason="x").status_code == 403
    decide = partial(person.post, "/acts/approvals/decide")
    assert decide(id=asked[0], decision="approve", reason="").status_code == 422
    assert decide(id=asked[0], decision="perhaps", reason="x").status_code == 422
    assert decide(id=asked[0], decision="approve", reason="辱骂").status_code == 303
    assert decide(id=asked[0], decision="approve", reason="再来").status_code == 422
    assert decide(id=asked[1], decision="refuse", reason="只是批评").status_code == 303
    assert [asked[0] in tasks_in(console.engine, State.READY), asked[1] in tasks_in(console.engine, State.FAILED)] == [
        True,
        True,
    ]
    assert [one.task_id for one in awaiting(console.engine)] == [asked[2]]
    assert [to_review in viewer.get(f"/tasks/{one}").text for one in asked[:3]] == [False, False, True]
    given = given_approvals(console.engine)
    assert [(one.task_id, one.approved_by, one.why) for one in given] == [(asked[0], "李娜", "辱骂")]


def ask_to_report(engine: Engine, comment: str) -> str:
    """A planted report that waits for an approval, and its id."""
    owned_author(engine)
    known_account(engine, "reporter")
    params = {"author_id": AUTHOR, "title": "标题", "target_commenter": "某人", "target_comment": comment}
    params["reason"] = "虚假信息"
    (one,) = tasks(engine, plant(engine, app.signature("report_comment", kwargs=params, queue="account.reporter")))
    return one.id
