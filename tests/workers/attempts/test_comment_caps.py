"""A ticket of a comment: no account gets more of them on a video than the caps allow, and a full video ends it."""

from __future__ import annotations

import pytest
from celery import group
from celery.canvas import Signature
from sqlalchemy import Engine

from flows.action import Action, ActionKind
from models.responsible_use.authors import set_cap
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import write
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    app,
    change,
    deliver,
    like,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    rung_now,
    take,
    task,
    try_to_take,
)
from tests.support.ledger.statements import statements
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import lose, record
from workers.execution.ledger_journal import LedgerJournal


def comment(text: str, title: str = "标题", **options: str) -> Signature:
    params = {"kind": "comment", "author_id": AUTHOR, "title": title, "text": text}
    return app.signature("directed", kwargs=params, immutable=True, **options)


def post(engine: Engine, got: Claim, text: str, title: str = "标题") -> None:
    """The claimed task posts its comment and ends."""
    journal = LedgerJournal(engine, got, ZONE)
    journal.confirm(journal.declare(Action(ActionKind.COMMENT, AUTHOR, title, text=text)), verified=True)
    record(engine, got, Succeeded({}))


def test_a_further_comment_goes_to_an_account_that_has_one_left(ledger: Engine) -> None:
    owned_author(ledger)
    a, b = online_worker(ledger, "pa", "a"), online_worker(ledger, "pb", "b")
    first, second, third = ready(ledger, plant(ledger, group(comment("一"), comment("二"), comment("三"))))
    meant = {task(ledger, one).meant_for for one in (first, second)}
    assert meant == {"a", "b"}
    post(ledger, take(ledger, first, a if task(ledger, first).meant_for == "a" else b), "一")
    posted = task(ledger, first).account_id
    spent, fresh = (a, b) if posted == "a" else (b, a)
    passed = try_to_take(ledger, second, spent)
    assert isinstance(passed, NotMine)
    assert passed.passed_to == fresh.serial
    post(ledger, take(ledger, second, fresh), "二")
    change(ledger, third, not_before=past(ledger))
    waits = try_to_take(ledger, third, spent)
    assert isinstance(waits, NotMine)
    assert "1 of 1 comments, account b posted 1 of 1 comments on this video (cap comments_per_account_video)" in (
        task(ledger, third).waits_for or ""
    )
    (other,) = ready(ledger, plant(ledger, comment("三", title="另一个标题")))
    take(ledger, other, spent)


@pytest.mark.parametrize("queue", ["", "account.b", "phone.pb"])
def test_a_comment_on_a_full_video_ends_with_the_numbers_and_touches_no_phone(ledger: Engine, queue: str) -> None:
    owned_author(ledger)
    set_cap(ledger, "comments_per_video", 1, who="admin")
    a, b = online_worker(ledger, "pa", "a"), online_worker(ledger, "pb", "b")
    (first,) = ready(ledger, plant(ledger, comment("一", queue="account.a")))
    post(ledger, take(ledger, first, a), "一")
    canvas = comment("二", **({"queue": queue} if queue else {}))
    (second,) = ready(ledger, plant(ledger, canvas))
    refused = try_to_take(ledger, second, b)
    assert isinstance(refused, NotMine)
    assert refused.state == State.FAILED
    ended = task(ledger, second)
    assert (ended.state, ended.failure_code, ended.attempt) == (State.FAILED, "video_full", 0)
    assert ended.reason == "this video has 1 of 1 comments of ours (cap comments_per_video)"
    (liking,) = ready(ledger, plant(ledger, like()))
    take(ledger, liking, b)


def test_a_task_whose_own_comment_filled_the_video_goes_on_to_its_result(ledger: Engine) -> None:
    owned_author(ledger)
    set_cap(ledger, "comments_per_video", 1, who="admin")
    identity = online_worker(ledger, "pa", "a")
    (one,) = ready(ledger, plant(ledger, comment("一")))
    got = take(ledger, one, identity)
    journal = LedgerJournal(ledger, got, ZONE)
    journal.confirm(journal.declare(Action(ActionKind.COMMENT, AUTHOR, "标题", text="一")), verified=True)
    write(ledger, lambda session: lose(session, session.get_one(Task, one, with_for_update=True), "its worker died"))
    change(ledger, one, not_before=past(ledger))
    again = take(ledger, one, identity)
    assert again.fence.attempt == 2
    record(ledger, again, Failed("page_not_reached", "so the test says"))
    assert task(ledger, one).state == State.READY


def test_a_cap_of_no_comment_lets_no_account_take_one(ledger: Engine) -> None:
    owned_author(ledger)
    set_cap(ledger, "comments_per_account_video", 0, who="admin")
    identity = online_worker(ledger, "pa", "a")
    (one,) = ready(ledger, plant(ledger, comment("一")))
    assert isinstance(try_to_take(ledger, one, identity), NotMine)
    assert "account a posted 0 of 0 comments on this video" in (task(ledger, one).waits_for or "")


@pytest.mark.parametrize("canvas", [comment("一"), like()], ids=["comment", "like"])
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_a_claim_reads_the_caps_and_what_was_done_on_its_video_once(ledger: Engine, canvas: Signature) -> None:
    owned_author(ledger)
    identity, other = online_worker(ledger, "pa", "a"), online_worker(ledger, "pb", "b")
    (before,) = ready(ledger, plant(ledger, comment("零", queue="account.b")))
    post(ledger, take(ledger, before, other), "零")
    (one,) = ready(ledger, plant(ledger, canvas))
    change(ledger, one, meant_for="a")
    number = rung_now(ledger, one)
    with statements(ledger) as seen:
        assert isinstance(deliver(ledger, one, identity, number), Claim)
    asked = [" ".join(statement.split()) for statement, _ in seen]
    assert sum("FROM caps" in each for each in asked) == 1
    assert sum("FROM actions" in each and "actions.video_key =" in each for each in asked) == 1
    assert len(asked) == 8  # with two BEGIN of SQLite's: this ticket does not tell that its task acts
