"""Planting: all or nothing, with every problem named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from celery import chain, group
from celery.canvas import Signature
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from flows.registry import flow_named
from models.responsible_use.authors import register_author
from models.tables import Campaign
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    app,
    campaign,
    change,
    do,
    known_account,
    like,
    now,
    online_worker,
    owned_author,
    plant,
    rows_in,
    take,
    task,
    tasks,
    titles,
    work,
)
from workers.attempts.claim import Claim
from workers.attempts.outcome import Replaced
from workers.attempts.record import record
from workers.campaigns import stages as _stages_are_on_the_desk  # noqa: F401
from workers.execution.perform import checked_params
from workers.planting.even_share import plan_even_share
from workers.planting.submit import submit


class BrokenError(RuntimeError):
    """What the database says in the middle of a transaction."""


@contextmanager
def broken_at(engine: Engine, words: str) -> Iterator[None]:
    """A database that fails at the first trip with these words."""

    def fail(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if words in statement:
            raise BrokenError(statement[:40])

    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", fail)


def test_a_canvas_whose_57th_row_is_bad_leaves_no_row(ledger: Engine) -> None:
    owned_author(ledger)
    members = [titles() for _ in range(100)]
    members[56].kwargs["count"] = 0
    with pytest.raises(Refused) as refused:
        submit(group(members), name="bad", engine=ledger)
    assert [problem.field for problem in refused.value.problems] == ["task[56] collect_titles.count"]
    assert rows_in(ledger) == 0


@pytest.mark.parametrize("statement", ["INSERT INTO campaigns", "INSERT INTO tasks", "INSERT INTO edges"])
def test_a_database_error_in_the_middle_leaves_no_row(ledger: Engine, statement: str) -> None:
    with broken_at(ledger, statement), pytest.raises(BrokenError):
        plant(ledger, chain(work(1), work(2), group(work(3), work(4)), work(5)))
    assert rows_in(ledger) == 0


def test_a_replacement_that_cannot_be_planted_fails_its_task_and_leaves_no_row(ledger: Engine) -> None:
    campaign_id = plant(ledger, work(1))
    before = rows_in(ledger)
    one = tasks(ledger, campaign_id)[0].id
    bad = group([work(2), app.signature("no_such_flow"), work(3)])
    assert record(ledger, take(ledger, one), Replaced(bad)) == []
    ended = task(ledger, one)
    assert (ended.state, ended.failure_code) == ("failed", "bad_input")
    assert "no_such_flow" in (ended.reason or "")
    assert rows_in(ledger) == before
    assert campaign(ledger, campaign_id).outcome == "failed"


def test_what_is_ready_at_once_is_ready_and_the_rest_waits(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2)), seed=7)
    first, second = tasks(ledger, campaign_id)
    assert (first.state, first.missing, second.state, second.missing) == ("ready", 0, "waiting", 1)
    assert first.seed != second.seed
    again = tasks(ledger, plant(ledger, chain(work(1), work(2)), seed=7))
    assert [one.seed for one in again] == [first.seed, second.seed]


def test_an_empty_canvas_is_closed_at_once(ledger: Engine) -> None:
    assert campaign(ledger, plant(ledger, group([], app=app))).outcome == "succeeded"


def test_a_countdown_begins_when_its_task_is_ready(ledger: Engine) -> None:
    second = work(2).set(countdown=100)
    campaign_id = plant(ledger, chain(work(1), second))
    first, later = (one.id for one in tasks(ledger, campaign_id))
    assert do(ledger, first) == []
    ready = task(ledger, later)
    assert ready.state == "ready"
    assert timedelta(seconds=95) < ready.not_before - now(ledger) <= timedelta(seconds=100)


@pytest.mark.parametrize("options", [{"countdown": 90_000}, {"countdown": 60, "expires": 30}])
def test_what_could_not_begin_before_its_end_is_refused(ledger: Engine, options: dict[str, int]) -> None:
    with pytest.raises(Refused, match="may not begin before"):
        plant(ledger, work(1).set(**options))
    assert rows_in(ledger) == 0


def test_limits_move_together(ledger: Engine) -> None:
    owned_author(ledger)
    wanted = [
        titles(),
        titles().set(time_limit=60),
        titles().set(soft_time_limit=3000),
        titles().set(soft_time_limit=5, time_limit=9),
    ]
    planted = tasks(ledger, plant(ledger, group(wanted)))
    found = [(one.soft_limit, one.hard_limit) for one in planted]
    assert found[3] == (5, 9)
    assert all(soft < hard for soft, hard in found)
    assert found[1][1] == 60
    assert found[2][0] == 3000


@pytest.mark.parametrize("count", [True, "2", 1.0])
def test_what_is_no_whole_number_is_refused_as_one(ledger: Engine, count: object) -> None:
    owned_author(ledger)
    asked = titles()
    asked.kwargs["count"] = count
    with pytest.raises(Refused, match="is no whole number") as refused:
        plant(ledger, asked)
    assert [problem.field for problem in refused.value.problems] == ["task[0] collect_titles.count"]


def test_a_task_of_an_earlier_release_that_took_it_still_runs(ledger: Engine) -> None:
    owned_author(ledger)
    one = tasks(ledger, plant(ledger, titles()))[0].id
    change(ledger, one, kwargs={"author_id": AUTHOR, "count": "2"})
    got = take(ledger, one, online_worker(ledger, "p1"))
    assert checked_params(flow_named("collect_titles"), got.args, got.kwargs).model_dump()["count"] == 2


@pytest.mark.parametrize(
    ("stage", "asked", "field"),
    [
        ("each_title", {"most": "lots"}, "most"),
        ("each_title", {"most": -1}, "most"),
        ("each_title", {"most": True}, "most"),
        ("each_title", {"mots": 5}, "mots"),
        ("each_title", {"video_loop": 0}, "video_loop"),
        ("draw_directed", {"like_comment": "4"}, "like_comment"),
        ("draw_directed", {"comment_texts": "好"}, "comment_texts"),
    ],
)
def test_a_desk_task_is_refused_what_is_known_to_be_wrong(
    ledger: Engine, stage: str, asked: dict[str, Any], field: str
) -> None:
    owned_author(ledger)
    with pytest.raises(Refused) as refused:
        plant(ledger, chain(titles(), app.signature(stage, kwargs=asked)))
    assert [problem.field for problem in refused.value.problems] == [f"task[1] {stage}.{field}"]
    assert "Input should" not in str(refused.value)
    assert rows_in(ledger) == 0


def test_each_title_runs_with_what_an_earlier_release_took_for_a_number(ledger: Engine) -> None:
    owned_author(ledger)
    fan = app.signature("each_title", kwargs={"titles": {"titles": [{"author_id": AUTHOR, "title": "标题"}]}})
    one = tasks(ledger, plant(ledger, fan))[0]
    change(ledger, one.id, kwargs={**one.kwargs, "most": "20", "time_limit": 90})
    do(ledger, one.id)
    (collect,) = (row for row in tasks(ledger, one.campaign_id) if row.flow == "collect_comments")
    assert (collect.kwargs["most"], collect.hard_limit) == (20, 90)


REFUSED: list[tuple[str, Signature, str, str]] = [
    ("unknown flow", app.signature("fly"), "task[0] fly", "no such flow"),
    ("unknown author", titles(), "task[0] collect_titles.author_id", "is unknown"),
    ("no basis", like(), "task[0] directed.author_id", "no basis"),
    ("unknown account", titles(queue="account.ghost"), "task[0] collect_titles.queue", "account 'ghost' is unknown"),
    ("unknown phone", titles(queue="phone.ghost"), "task[0] collect_titles.queue", "phone 'ghost' is unknown"),
    ("no queue", titles(queue="garden"), "task[0] collect_titles.queue", "is no queue"),
    ("half a queue", titles(queue="phone."), "task[0] collect_titles.queue", "is no queue"),
    ("desk task on a phone", work(1).set(queue="phone.p1"), "task[0] work.queue", "touches no phone"),
    (
        "nurture without a pin",
        app.signature("nurture", kwargs={"video_loop": 5}),
        "task[0] nurture.queue",
        "runs on one account",
    ),
    (
        "out of range",
        app.signature("collect_titles", kwargs={"author_id": AUTHOR, "count": 0}),
        "task[0] collect_titles.count",
        "0 is too small, it must be at least 1",
    ),
    (
        "unknown parameter",
        app.signature("collect_titles", kwargs={"author_id": AUTHOR, "count": 1, "cuont": 2}),
        "task[0] collect_titles.cuont",
        "there is no such field",
    ),
    (
        "missing parameter",
        app.signature("collect_titles", kwargs={"author_id": AUTHOR}),
        "task[0] collect_titles.count",
        "is missing",
    ),
    (
        "not by name",
        app.signature("collect_titles", args=(AUTHOR,)),
        "task[0] collect_titles",
        "takes named parameters",
    ),
    (
        "an author without a basis, by position",
        app.signature("directed", args=({"kind": "comment", "author_id": AUTHOR, "title": "标题", "text": "好"},)),
        "task[0] directed.author_id",
        "no basis",
    ),
    (
        "a flow that is mapped",
        app.signature("celery.map", kwargs={"task": app.signature("fly"), "it": [1]}, immutable=True),
        "task[0] celery.map",
        "no desk task",
    ),
]


@pytest.mark.parametrize(("canvas", "field", "reason"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_bad_input_is_refused_with_field_reason_and_remedy(
    ledger: Engine, canvas: Signature, field: str, reason: str
) -> None:
    if "is unknown" not in reason or "queue" in field:
        register_author(ledger, AUTHOR, "小鹏汽车")
    online_worker(ledger, "p1")
    with pytest.raises(Refused) as refused:
        submit(canvas, name="bad", engine=ledger)
    fields = {problem.field: problem for problem in refused.value.problems}
    assert field in fields, refused.value
    assert reason in fields[field].reason
    assert fields[field].remedy
    assert rows_in(ledger) == 0


def test_every_problem_is_named_up_to_twenty(ledger: Engine) -> None:
    known_account(ledger, "a")
    with pytest.raises(Refused) as refused:
        submit(group([app.signature(f"no_{number}") for number in range(30)]), name="bad", engine=ledger)
    assert len(refused.value.problems) == 20


@pytest.mark.parametrize("field", ["name", "asked_by"])
@pytest.mark.parametrize("value", ["", "  ", "x" * 192, "a\x00b", "half \ud83d"])
def test_names_that_cannot_be_stored_are_refused(ledger: Engine, field: str, value: str) -> None:
    wanted = {"name": "n", "asked_by": "me", field: value}
    with pytest.raises(Refused):
        submit(work(1), engine=ledger, **wanted)  # type: ignore[arg-type]
    assert rows_in(ledger) == 0


@pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)
def test_phones_claim_tasks_of_a_campaign_while_a_replacement_is_checked(
    ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned_author(ledger)
    phone = online_worker(ledger, "p1")
    planted = tasks(ledger, plant(ledger, group([work(1), like("标题1")])))
    growing, acting = (one.id for one in planted)
    claimed: list[Claim] = []

    def looked(session: Session, campaign: Campaign, values: Sequence[dict[str, Any]]) -> None:
        claimed.append(take(ledger, acting, phone))  # in a transaction of its own
        plan_even_share(session, campaign, values)

    monkeypatch.setattr("workers.planting.plant.plan_even_share", looked)
    record(ledger, take(ledger, growing), Replaced(group([like(f"标题{number}") for number in range(5)])))
    assert [one.fence.task_id for one in claimed] == [acting]
    assert [one.position for one in tasks(ledger, task(ledger, growing).campaign_id)] == list(range(7))


def test_replacements_of_one_campaign_follow_each_other_in_its_order(ledger: Engine) -> None:
    campaign_id = plant(ledger, group([work(1), work(2)]))
    for one in tasks(ledger, campaign_id):
        record(ledger, take(ledger, one.id), Replaced(group([work(3)] * 3)))
    assert [one.position for one in tasks(ledger, campaign_id)] == list(range(8))
