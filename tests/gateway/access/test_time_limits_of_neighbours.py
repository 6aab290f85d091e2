"""A time limit that the tasks themselves explain blames neither phone nor content; one of usual tasks does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pytest
from celery import chain, group
from celery.canvas import Signature
from sqlalchemy import Engine

from flows.registry import FLOWS
from models.tables import Phone
from models.tasks.states import State
from models.transactions.read_write import read
from tests.gateway.access.blamed_tasks import (
    Case,
    against,
    collecting,
    fail,
    liking,
    nurturing,
    positional,
    reading,
    watching,
)
from tests.support.ledger.drive import (
    AUTHOR,
    app,
    attempts,
    change,
    do,
    plant,
    ready,
    task,
    tasks,
)
from workers.attempts.content_holds import holds_in_force
from workers.control.approvals import approve
from workers.runtime.worker_identity import WorkerIdentity

pytestmark = pytest.mark.usefixtures("master_key")
on_sqlite = pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)  # a table of cases


def long(name: str, value: int) -> Mapping[str, int]:
    """A parameter above what is usual, and the loop that it needs."""
    loop = {"comments": "video_loop", "video_likes": "video_loop", "count": "video_loop", "replies": "comment_loop"}
    return {name: value} | ({loop[name]: value} if name in loop else {})


MADE: Mapping[str, Callable[..., Signature]] = {
    "nurture": nurturing,
    "collect_titles": collecting,
    "collect_comments": reading,
    "directed": liking,
    "dislike_comment": partial(against, "dislike_comment"),
    "report_comment": partial(against, "report_comment"),
    "monitor_post": partial(watching, "monitor_post"),
    "monitor_account": partial(watching, "monitor_account"),
    "monitor_keyword": partial(watching, "monitor_keyword"),
}
NAMES_NOTHING = ("nurture", "monitor_keyword")  # no author and no video that a hold could be laid on
AT_ACCOUNTS = [flow for flow in FLOWS if FLOWS[flow].runs_on == "account"]


def one_for_each(ledger: Engine, canvas: Signature, workers: Sequence[WorkerIdentity]) -> list[str]:
    """Plant one for each of these workers, at its account where the flow runs at one; approved where it must be."""
    pinned = canvas["task"] in AT_ACCOUNTS
    every = [
        canvas.clone().set(queue=f"account.acc-{worker.serial}") if pinned else canvas.clone() for worker in workers
    ]
    campaign_id = plant(ledger, group(every))
    for one in tasks(ledger, campaign_id) if FLOWS[canvas["task"]].needs_approval else ():
        approve(ledger, one.id, who="lena", why="the test's own", ring_now=False)
    return ready(ledger, campaign_id)


LONG = {
    f"{flow}: {name}": MADE[flow](**long(name, usual + (5 if name == "comments" else 100 if name == "count" else 20)))
    for flow in FLOWS
    for name, usual in FLOWS[flow].usual.items()
}
SHORT = {f"{flow}: {limit} s": MADE[flow]().set(time_limit=limit) for flow in FLOWS for limit in (1, 5, 300)}
LATE = {f"{flow}: more time, more to do": canvas.clone().set(time_limit=86_400) for flow, canvas in LONG.items()}
AS_TEXT = "as text"  # as an earlier release took a number, and kept it
ODD = {AS_TEXT: reading(most=5000), "positional": positional(liking(comment_loop=5000))}


@on_sqlite
@pytest.mark.parametrize("name", [*LONG, *SHORT, *LATE, *ODD])
def test_a_time_limit_that_the_task_itself_explains_blames_neither_phone_nor_content(
    ledger: Engine, shelf: list[WorkerIdentity], name: str
) -> None:
    canvas = {**LONG, **SHORT, **LATE, **ODD}[name]
    limit = Case(canvas, "time_limit", {})

    def planted(workers: Sequence[WorkerIdentity]) -> list[str]:
        each = one_for_each(ledger, canvas, workers)
        for one in each if name == AS_TEXT else ():
            change(ledger, one, kwargs=task(ledger, one).kwargs | {"most": "5000"})
        return each

    failed = planted([shelf[0]] * 3)
    for one in failed:
        fail(ledger, one, shelf[0], limit)
    for identity in shelf[1:]:
        failed += planted([identity])
        fail(ledger, failed[-1], identity, limit)
    assert {attempt.failure_code for one in failed for attempt in attempts(ledger, one)} == {"too_little_time"}
    assert {attempt.phone_serial for one in failed for attempt in attempts(ledger, one)} == {"p1", "p2", "p3", "p4"}
    assert read(ledger, lambda s: s.get_one(Phone, "p1").quarantined_until) is None
    assert read(ledger, holds_in_force) == []


@on_sqlite
def test_a_length_that_another_task_hands_on_explains_as_well(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    """A customer writes it into the parameters of an earlier task, where this one's row does not show it."""
    asked = {"author_id": AUTHOR, "title": "标题", "most": 5000}
    campaign_id = plant(ledger, chain(app.signature("hand_on", args=[asked]), app.signature("collect_comments")))
    do(ledger, ready(ledger, campaign_id)[0])
    (one,) = ready(ledger, campaign_id)
    fail(ledger, one, shelf[0], Case(reading(), "time_limit", {}))
    assert [attempt.failure_code for attempt in attempts(ledger, one)] == ["too_little_time"]


@on_sqlite
@pytest.mark.parametrize("flow", [flow for flow in MADE if flow not in NAMES_NOTHING])
def test_a_time_limit_of_usual_tasks_still_holds_the_content(
    ledger: Engine, shelf: list[WorkerIdentity], flow: str
) -> None:
    planted = one_for_each(ledger, MADE[flow](), shelf)
    for one, identity in zip(planted[:3], shelf, strict=False):
        fail(ledger, one, identity, Case(MADE[flow](), "time_limit", {}))
    assert task(ledger, planted[3]).state == State.HELD
