"""Approvals: a dislike or a report is of the approved comment, from the approved account, once, or is not done."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from celery.canvas import Signature
from sqlalchemy import Engine, select, update

from flows.action import Action, ActionKind, ActionRefused
from models.responsible_use.authors import set_cap
from models.tables import ActionRow, Approval, AuditEntry
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    campaign,
    change,
    known_account,
    now,
    online_worker,
    owned_author,
    plant,
    ready,
    rows_in,
    take,
    task,
    tasks,
)
from tests.support.threads import at_once
from workers.app import app
from workers.control.approvals import approve, awaiting, decide_against, given_approvals, withdraw
from workers.control.pause import pause_task, resume_task
from workers.execution.ledger_journal import LedgerJournal

KINDS = ("dislike_comment", "report_comment")
ASKED = {"author_id": AUTHOR, "title": "标题", "target_commenter": "小红", "target_comment": "难看"}
REASON = {"reason": "人身攻击"}


def asks(kind: str, account: str = "a", **more: Any) -> Signature:
    reason = REASON if kind == "report_comment" else {}
    return app.signature(kind, kwargs={**ASKED, **reason, **more}, queue=f"account.{account}", immutable=True)


def planted(engine: Engine, kind: str, account: str = "a", *, sandbox: bool = False, **more: Any) -> str:
    """A planted task; its account is logged in on a phone of its own."""
    owned_author(engine)
    known_account(engine, account)
    online_worker(engine, f"phone-of-{account}", account, sandbox=sandbox)
    (one,) = tasks(engine, plant(engine, asks(kind, account, **more), sandbox=sandbox))
    return one.id


def allow(engine: Engine, one: str, **more: Any) -> Any:
    return approve(engine, one, who="王芳", why="辱骂车主", ring_now=False, **more)


def running(engine: Engine, one: str, account: str = "a") -> LedgerJournal:
    """The journal of an attempt at an approved task."""
    identity = online_worker(engine, f"phone-of-{account}", account, sandbox=task(engine, one).sandbox)
    return LedgerJournal(engine, take(engine, one, identity), ZONE)


def act(kind: str, **more: str) -> Action:
    given: Mapping[str, str] = ASKED | {"text": REASON["reason"] if kind == "report_comment" else ""} | more
    return Action(ActionKind(kind), **given)


def refused(mine: LedgerJournal, action: Action) -> tuple[str, str]:
    """The code and reason of the refusal, which the look before the phone is touched foretells."""
    told = mine.refusal(action)
    with pytest.raises(ActionRefused) as error:
        mine.declare(action)
    assert told is not None
    assert (told.code, told.reason) == (error.value.code, error.value.reason)
    return error.value.code, error.value.reason


def try_to_declare(mine: LedgerJournal, action: Action) -> str:
    """`declared`, or the code of the refusal."""
    try:
        mine.declare(action)
    except ActionRefused as error:
        return error.code
    return "declared"


def try_to_withdraw(engine: Engine, one: str) -> str:
    try:
        withdraw(engine, one, who="李雷", why="看错了")
    except Refused:
        return "refused"
    return "withdrawn"


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_waits_until_a_named_person_approved_it_and_then_acts_once(ledger: Engine, kind: str) -> None:
    one = planted(ledger, kind)
    assert (task(ledger, one).state, task(ledger, one).awaits_approval) == ("held", True)
    (asked,) = awaiting(ledger)
    assert (asked.flow, asked.account, asked.commenter, asked.comment) == (kind, "a", "小红", "难看")
    assert asked.reason == (REASON["reason"] if kind == "report_comment" else "")
    until = allow(ledger, one)
    assert timedelta(hours=23) < until - now(ledger) <= timedelta(hours=24)
    assert awaiting(ledger) == []
    mine = running(ledger, one)
    number = mine.declare(act(kind))
    (given,) = given_approvals(ledger)
    assert (given.approved_by, given.why, given.state) == ("王芳", "辱骂车主", "used")
    row = read(ledger, lambda s: s.scalars(select(Approval)).one())
    assert (row.used_by, row.task_id, row.account_id) == (number, one, "a")
    mine.confirm(number, verified=False)
    assert refused(mine, act(kind))[0] == "comment_full"
    assert rows_in(ledger, ActionRow) == 1
    entries = read(ledger, lambda s: list(s.scalars(select(AuditEntry).where(AuditEntry.subject == f"task:{one}"))))
    assert [(entry.who, entry.after) for entry in entries] == [("王芳", {"approved": True})]


OTHERS: dict[str, dict[str, str]] = {
    "another comment": {"target_comment": "好看"},
    "another commenter": {"target_commenter": "小明"},
    "another video": {"title": "别的"},
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_approval_is_of_one_comment(ledger: Engine, kind: str, other: str) -> None:
    one = planted(ledger, kind)
    allow(ledger, one)
    mine = running(ledger, one)
    code, reason = refused(mine, act(kind, **OTHERS[other]))
    assert code == "not_approved"
    assert "another act" in reason
    assert rows_in(ledger, ActionRow) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_approval_is_of_one_account(ledger: Engine, kind: str) -> None:
    one = planted(ledger, kind)
    allow(ledger, one)
    identity = online_worker(ledger, "phone-of-a", "a")
    claim = take(ledger, one, identity)
    assert refused(LedgerJournal(ledger, replace(claim, account_id="b"), ZONE), act(kind))[0] == "not_approved"


def test_an_approval_is_of_one_reason_and_of_one_kind(ledger: Engine) -> None:
    one = planted(ledger, "report_comment")
    allow(ledger, one)
    mine = running(ledger, one)
    assert refused(mine, act("report_comment", text="垃圾广告"))[0] == "not_approved"
    assert refused(mine, act("dislike_comment"))[0] == "not_approved"
    assert mine.declare(act("report_comment")) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_approval_is_of_one_task(ledger: Engine, kind: str) -> None:
    first, second = planted(ledger, kind), planted(ledger, kind)
    allow(ledger, first)
    allow(ledger, second)
    mine = running(ledger, first)
    change_approvals(ledger, first, task_id=second)
    assert refused(mine, act(kind))[0] == "not_approved"


def change_approvals(engine: Engine, one: str, **values: Any) -> None:
    """Set columns of a task's approvals, as a person with SQL could."""
    write(engine, lambda s: s.execute(update(Approval).where(Approval.task_id == one).values(**values)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_act_without_any_approval_is_refused_though_its_row_says_ready(ledger: Engine, kind: str) -> None:
    one = planted(ledger, kind)
    change(ledger, one, state="ready", held_from=None, awaits_approval=False)  # a hand in the database
    assert refused(running(ledger, one), act(kind)) == ("not_approved", f"{kind}: no person approved it")


@pytest.mark.parametrize("kind", KINDS)
def test_an_approval_runs_out(ledger: Engine, kind: str) -> None:
    one = planted(ledger, kind)
    allow(ledger, one, hours=0.01)
    mine = running(ledger, one)
    assert mine.refusal(act(kind)) is None
    change_approvals(ledger, one, expires_at=now(ledger))
    code, reason = refused(mine, act(kind))
    assert code == "not_approved"
    assert "ran out at" in reason
    assert given_approvals(ledger)[0].state == "expired"


@pytest.mark.parametrize("kind", KINDS)
def test_an_approval_withdrawn_while_its_task_runs_stops_the_act(ledger: Engine, kind: str) -> None:
    one = planted(ledger, kind)
    allow(ledger, one)
    mine = running(ledger, one)
    assert mine.refusal(act(kind)) is None
    withdraw(ledger, one, who="李雷", why="看错了")
    assert refused(mine, act(kind)) == ("not_approved", f"{kind}: its approval was withdrawn")
    assert given_approvals(ledger)[0].state == "withdrawn"


def test_an_approval_withdrawn_before_its_task_begins_makes_it_wait_again(ledger: Engine) -> None:
    one = planted(ledger, "report_comment")
    allow(ledger, one)
    withdraw(ledger, one, who="李雷", why="看错了")
    assert (task(ledger, one).state, [each.task_id for each in awaiting(ledger)]) == ("held", [one])
    with pytest.raises(Refused, match="has no approval to take back"):
        withdraw(ledger, one, who="李雷", why="再来")
    allow(ledger, one)
    assert running(ledger, one).declare(act("report_comment")) > 0
    with pytest.raises(Refused, match="was used up by action"):
        withdraw(ledger, one, who="李雷", why="太晚")


@pytest.mark.parametrize("kind", KINDS)
def test_an_act_that_did_not_happen_gives_its_approval_back_and_one_in_doubt_does_not(
    ledger: Engine, kind: str
) -> None:
    one = planted(ledger, kind)
    allow(ledger, one)
    mine = running(ledger, one)
    mine.refute(mine.declare(act(kind)), "the app refused it")
    mine.declare(act(kind))  # in doubt from now on
    assert refused(mine, act(kind))[0] == "comment_full"
    set_cap(ledger, "dislikes_per_comment", 9, who="admin")
    if kind == "dislike_comment":
        code, reason = refused(mine, act(kind))
        assert code == "not_approved"
        assert "was used up by action" in reason


@pytest.mark.parametrize("kind", KINDS)
def test_an_approval_of_the_sandbox_never_counts_for_a_real_phone(ledger: Engine, kind: str) -> None:
    tried, real = planted(ledger, kind, "s", sandbox=True), planted(ledger, kind)
    assert [one.sandbox for one in awaiting(ledger)] == [True, False]
    allow(ledger, tried)
    assert task(ledger, real).state == "held"
    change(ledger, real, state="ready", held_from=None, awaits_approval=False)
    mine = running(ledger, real)
    assert refused(mine, act(kind))[0] == "not_approved"
    change_approvals(ledger, tried, task_id=real, account_id="a")  # even with the real one's name on it
    assert refused(mine, act(kind))[0] == "not_approved"


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_workers_at_once_one_acts(ledger: Engine, kind: str) -> None:
    accounts = [f"a{number}" for number in range(4)]
    journals = []
    for account in accounts:
        one = planted(ledger, kind, account)
        allow(ledger, one)
        journals.append(running(ledger, one, account))

    told = at_once([partial(try_to_declare, mine, act(kind)) for mine in journals])
    assert sorted(told) == [*["comment_full"] * 3, "declared"]
    assert rows_in(ledger, ActionRow) == 1


def test_a_withdrawal_and_an_act_at_once_leave_one_of_them_refused(ledger: Engine) -> None:
    for turn in range(5):
        one = planted(ledger, "report_comment", target_comment=f"难看 {turn}")
        allow(ledger, one)
        mine = running(ledger, one)

        action = act("report_comment", target_comment=f"难看 {turn}")
        told = at_once([partial(try_to_declare, mine, action), partial(try_to_withdraw, ledger, one)])
        assert told in (["declared", "refused"], ["not_approved", "withdrawn"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_of_one_author_is_bounded(ledger: Engine, kind: str) -> None:
    set_cap(ledger, "dislikes_per_author_day", 2, who="admin")
    set_cap(ledger, "reports_per_author_day", 2, who="admin")
    for number in range(3):
        one = planted(ledger, kind, target_comment=f"难看 {number}")
        allow(ledger, one)
        mine = running(ledger, one)
        if number < 2:
            assert mine.declare(act(kind, target_comment=f"难看 {number}")) > 0
        else:
            assert refused(mine, act(kind, target_comment=f"难看 {number}"))[0] == "author_full"


def test_two_reports_for_one_reason_are_no_repeated_text(ledger: Engine) -> None:
    for number in range(2):
        one = planted(ledger, "report_comment", target_comment=f"难看 {number}")
        allow(ledger, one)
        assert running(ledger, one).declare(act("report_comment", target_comment=f"难看 {number}")) > 0
    said = planted(ledger, "report_comment", target_comment="难看")
    allow(ledger, said)
    words = Action(ActionKind.COMMENT, AUTHOR, "标题", text=REASON["reason"])
    assert running(ledger, said).refusal(words) is None  # nor is a report's reason a text of ours


@pytest.mark.parametrize("kind", KINDS)
def test_a_comment_of_an_own_account_is_refused_at_planting_and_at_the_point_of_no_return(
    ledger: Engine, kind: str
) -> None:
    one = planted(ledger, kind)
    allow(ledger, one)
    mine = running(ledger, one)
    known_account(ledger, "小红")
    assert refused(mine, act(kind))[0] == "own_comment"
    with pytest.raises(Refused, match="acts on none of its own comments"):
        planted(ledger, kind)


@pytest.mark.parametrize(
    ("queue", "told"),
    [("pool", "runs on one account"), ("account.b", "is unknown"), ("phone.phone-of-a", "names none")],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_act_without_a_named_account_is_refused(ledger: Engine, kind: str, queue: str, told: str) -> None:
    planted(ledger, kind)
    with pytest.raises(Refused, match=told):
        plant(ledger, asks(kind).set(queue=queue))


@pytest.mark.parametrize("reason", ["不好看", "", "垃圾广告 ", "spam"])
def test_a_reason_that_the_app_does_not_offer_is_refused(ledger: Engine, reason: str) -> None:
    with pytest.raises(Refused, match="reason"):
        planted(ledger, "report_comment", reason=reason)


def test_a_decision_against_it_ends_the_task_without_the_persons_words(ledger: Engine) -> None:
    one = planted(ledger, "report_comment")
    decide_against(ledger, one, who="王芳", why="他只是批评", ring_now=False)
    ended = task(ledger, one)
    assert (ended.state, ended.failure_code) == ("failed", "approval_refused")
    assert "王芳" not in str(ended.reason)
    assert "批评" not in str(ended.reason)
    assert campaign(ledger, ended.campaign_id).outcome == "failed"
    entry = read(ledger, lambda s: s.scalars(select(AuditEntry).where(AuditEntry.subject == f"task:{one}")).one())
    assert (entry.who, entry.after, entry.reason) == ("王芳", {"approved": False}, "他只是批评")
    with pytest.raises(Refused, match="waits for no approval"):
        allow(ledger, one)


@pytest.mark.parametrize("field", ["who", "why"])
def test_who_and_why_must_be_said(ledger: Engine, field: str) -> None:
    one = planted(ledger, "dislike_comment")
    said = {"who": "王芳", "why": "好", field: "  "}
    for do in (approve, decide_against, withdraw):
        with pytest.raises(Refused) as error:
            do(ledger, one, who=said["who"], why=said["why"])
        assert [problem.field for problem in error.value.problems] == [field]
    assert awaiting(ledger)


@pytest.mark.parametrize("hours", [0, -1, 169, math.nan, math.inf])
def test_an_approval_lasts_for_a_bounded_time(ledger: Engine, hours: float) -> None:
    with pytest.raises(Refused, match="hours"):
        allow(ledger, planted(ledger, "dislike_comment"), hours=hours)


def test_a_resumed_task_still_waits_for_its_approval(ledger: Engine) -> None:
    one = planted(ledger, "dislike_comment")
    pause_task(ledger, one, who="test")
    resume_task(ledger, one, who="test", ring_now=False)
    assert (task(ledger, one).state, task(ledger, one).paused) == ("held", False)
    pause_task(ledger, one, who="test")
    allow(ledger, one)
    assert task(ledger, one).state == "held"  # approved, and paused still
    resume_task(ledger, one, who="test", ring_now=False)
    assert task(ledger, one).state == "ready"


def test_a_task_behind_another_waits_for_both(ledger: Engine) -> None:
    owned_author(ledger)
    known_account(ledger, "a")
    one, two = tasks(ledger, plant(ledger, app.signature("gather") | asks("dislike_comment")))
    assert (two.state, two.held_from) == ("held", "waiting")
    allow(ledger, two.id)
    assert task(ledger, two.id).state == "waiting"
    assert ready(ledger, one.campaign_id) == [one.id]


def test_a_comment_that_comes_from_a_task_before_cannot_be_approved_yet(ledger: Engine) -> None:
    owned_author(ledger)
    known_account(ledger, "a")
    later = app.signature("dislike_comment", kwargs={"author_id": AUTHOR, "title": "标题"}, queue="account.a")
    _, two = tasks(ledger, plant(ledger, app.signature("gather") | later))
    with pytest.raises(Refused, match="comes from a task before it"):
        allow(ledger, two.id)
