"""Pausing and resuming a task or a campaign, in each state in which it may stand."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from celery import chain, group
from sqlalchemy import Engine, select

from flows.action import Action, ActionKind
from models.tables import AuditEntry, Task
from models.tasks.leases import stop_requests
from models.tasks.transitions import hold_tasks, release_tasks
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    attempts,
    campaign,
    change,
    do,
    gather,
    like,
    now,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    run_to_end,
    runs,
    states,
    take,
    task,
    tasks,
    try_to_take,
    work,
)
from tests.support.poll import wait_until
from tests.support.servers import MariaDB
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import Failed, HandedBack, Outcome, Replaced, Succeeded, WasStopped
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died
from workers.control import carry_out as carrying_out
from workers.control.pause import PauseReport, pause_campaign, pause_task, resume_campaign, resume_task
from workers.control.review import settle
from workers.control.stop import stop_campaign, stop_task
from workers.coordinator.overdue import end_overdue
from workers.execution.ledger_journal import LedgerJournal

WHY = "lena paused it: holiday"


def pause(engine: Engine, task_id: str) -> PauseReport:
    return pause_task(engine, task_id, who="lena", why="holiday")


@pytest.mark.parametrize("state", ["waiting", "ready"])
def test_what_has_not_begun_is_held_and_goes_on_where_it_was(ledger: Engine, state: str) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2)))
    first, second = (one.id for one in tasks(ledger, campaign_id))
    paused = first if state == "ready" else second
    assert pause(ledger, paused) == PauseReport(1, 0)
    held = task(ledger, paused)
    assert (held.state, held.held_from, held.waits_for, held.paused) == ("held", state, WHY, True)
    assert isinstance(try_to_take(ledger, paused), NotMine)
    assert resume_task(ledger, paused, who="lena") == (state == "ready")
    again = task(ledger, paused)
    assert (again.state, again.held_from, again.waits_for, again.paused) == (state, None, None, False)
    run_to_end(ledger, campaign_id, random.Random(1))
    assert campaign(ledger, campaign_id).outcome == "succeeded"


def test_what_becomes_due_while_it_is_held_is_ready_when_it_goes_on(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2).set(countdown=90)))
    first, second = (one.id for one in tasks(ledger, campaign_id))
    pause(ledger, second)
    do(ledger, first)
    assert (task(ledger, second).state, task(ledger, second).held_from) == ("held", "ready")
    assert resume_task(ledger, second, who="lena") == 1
    assert task(ledger, second).state == "ready"
    assert task(ledger, second).not_before > now(ledger)  # its countdown began when it became due


def test_what_runs_leaves_its_phone_and_is_held(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    got = take(ledger, one)
    assert pause(ledger, one) == PauseReport(0, 1)
    assert (task(ledger, one).state, stop_requests(ledger, runs(got))) == (
        "running",
        {got.fence.incarnation},
    )
    assert record(ledger, got, WasStopped("it was asked to leave the phone", "search")) == []
    held, (attempt,) = task(ledger, one), attempts(ledger, one)
    assert (held.state, held.held_from, held.waits_for, held.incarnation) == ("held", "ready", WHY, None)
    assert (attempt.outcome, attempt.reason, attempt.step, attempt.failure_code) == ("paused", WHY, "search", None)
    assert resume_task(ledger, one, who="lena") == 1
    do(ledger, one)
    assert task(ledger, one).state == "succeeded"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Succeeded("done before it heard"), "succeeded"),
        (Failed("page_not_reached", "a glitch"), "held"),
        (Failed("video_not_found", "gone"), "failed"),
        (HandedBack(), "held"),
    ],
    ids=["succeeded", "would try again", "failed for good", "handed back"],
)
def test_what_was_paused_while_it_ran_does_not_go_on(ledger: Engine, outcome: Outcome, state: str) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    got = take(ledger, one)
    pause(ledger, one)
    assert record(ledger, got, outcome) == []
    assert task(ledger, one).state == state


def test_a_worker_that_dies_after_it_was_asked_leaves_its_task_held(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    got = take(ledger, one)
    pause(ledger, one)
    assert incarnation_died(ledger, got.fence.incarnation, "it was asked to leave its task") == []
    assert (task(ledger, one).state, task(ledger, one).waits_for) == ("held", WHY)


def test_a_pause_that_was_taken_back_before_the_worker_left_costs_nothing(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    got = take(ledger, one)
    pause(ledger, one)
    assert resume_task(ledger, one, who="lena") == 0
    assert stop_requests(ledger, runs(got)) == set()
    assert record(ledger, got, WasStopped("it was asked to leave the phone")) == [one]
    assert (task(ledger, one).state, attempts(ledger, one)[0].outcome) == ("ready", "handed_back")


def test_a_pause_waits_until_what_is_in_doubt_was_looked_for(ledger: Engine) -> None:
    owned_author(ledger)
    got = take(ledger, ready(ledger, plant(ledger, like()))[0], online_worker(ledger, "p1"))
    one = got.fence.task_id
    LedgerJournal(ledger, got, ZONE).declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看"))
    incarnation_died(ledger, got.fence.incarnation, "killed")
    assert pause(ledger, one) == PauseReport(0, 0, looked_for=1)
    assert (task(ledger, one).state, task(ledger, one).verifying) == ("ready", True)

    looking = take(ledger, one, identity := online_worker(ledger, "p1"))
    assert looking.stop_requested
    assert stop_requests(ledger, runs(looking)) == set()  # it may look
    LedgerJournal(ledger, looking, ZONE).refute(looking.doubts[0].number, "not there")
    assert stop_requests(ledger, runs(looking)) == {identity.incarnation}  # and then it leaves
    record(ledger, looking, WasStopped("asked"))
    assert (task(ledger, one).state, task(ledger, one).waits_for) == ("held", WHY)


def test_what_a_person_settles_in_a_paused_campaign_is_held(ledger: Engine) -> None:
    campaign_id = plant(ledger, work(1))
    (one,) = ready(ledger, campaign_id)
    change(ledger, one, state="needs_review", failure_code="outcome_unknown")
    assert pause_campaign(ledger, campaign_id, who="lena", why="holiday").in_review == 1
    assert settle(ledger, one, "not", who="max") == "held"
    assert (task(ledger, one).state, task(ledger, one).waits_for) == ("held", WHY)


def test_a_campaign_is_paused_with_all_that_it_plants_meanwhile(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(work(1), chain(work(2), work(3)), work(4)))
    running = take(ledger, ready(ledger, campaign_id)[0])
    assert pause_campaign(ledger, campaign_id, who="lena", why="holiday") == PauseReport(3, 1)
    assert record(ledger, running, Replaced(chain(work(5), work(6)))) == []
    assert states(ledger, campaign_id) == {"delegated": 1, "held": 5}
    planted = [one for one in tasks(ledger, campaign_id) if one.in_place_of is not None]
    assert [(one.held_from, one.waits_for) for one in planted] == [("ready", WHY), ("waiting", WHY)]
    assert resume_campaign(ledger, campaign_id, who="lena") == 3
    assert states(ledger, campaign_id) == {"delegated": 1, "ready": 3, "waiting": 2}
    run_to_end(ledger, campaign_id, random.Random(2))
    assert campaign(ledger, campaign_id).outcome == "succeeded"


def test_a_delegated_task_is_paused_with_all_that_is_in_its_place(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(chain(work(1), gather()), work(7)))
    first, other = ready(ledger, campaign_id)
    running, waiting = record(ledger, take(ledger, first), Replaced(group(work(2), work(3))))
    record(ledger, take(ledger, waiting), Replaced(chain(work(4), work(5))))
    got = take(ledger, running)
    assert pause(ledger, first) == PauseReport(2, 1)
    assert record(ledger, got, Replaced(work(6))) == []
    assert states(ledger, campaign_id) == {"delegated": 3, "held": 3, "waiting": 1, "ready": 1}
    assert ready(ledger, campaign_id) == [other]
    assert {one.waits_for for one in tasks(ledger, campaign_id) if one.state == "held"} == {WHY}
    resume_task(ledger, first, who="lena")
    run_to_end(ledger, campaign_id, random.Random(3))
    assert campaign(ledger, campaign_id).outcome == "succeeded"


def test_what_is_held_can_be_stopped_and_does_not_outlive_its_latest_end(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(work(1), work(2)))
    first, second = ready(ledger, campaign_id)
    pause_campaign(ledger, campaign_id, who="lena", why="holiday")
    stop_task(ledger, first, who="max")
    change(ledger, second, latest_end=past(ledger))
    end_overdue(ledger)
    assert [(one.state, one.reason, one.paused) for one in tasks(ledger, campaign_id)] == [
        ("stopped", "max stopped it", False),
        ("failed", WHY, False),
    ]


def test_a_stop_counts_before_a_pause(ledger: Engine) -> None:
    (one,) = ready(ledger, campaign_id := plant(ledger, work(1)))
    got = take(ledger, one)
    pause(ledger, one)
    stop_campaign(ledger, campaign_id, who="max")
    record(ledger, got, WasStopped("asked"))
    assert (task(ledger, one).state, attempts(ledger, one)[0].outcome) == ("stopped", "stopped")


@pytest.mark.parametrize("first", ["the pause", "the hold"])
def test_what_is_held_for_two_reasons_goes_on_when_neither_is_left(ledger: Engine, first: str) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    write(ledger, lambda session: hold_tasks(session, Task.id == one, "held: blamed", hold_id=7))
    assert pause(ledger, one).held == 0

    def release() -> int:
        return len(write(ledger, lambda session: release_tasks(session, Task.hold_id == 7, hold_id=7)))

    def go_on() -> int:
        return resume_task(ledger, one, who="lena")

    last, before = (release, go_on) if first == "the pause" else (go_on, release)
    assert (before(), task(ledger, one).state) == (0, "held")
    assert (last(), task(ledger, one).state) == (1, "ready")


def test_a_claim_in_the_middle_of_a_pause_finds_the_task_held(
    ledger: Engine, mariadb_server: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the request and the hold nobody takes the task: it would run, and nobody would ask it to leave."""
    (one,) = ready(ledger, campaign_id := plant(ledger, work(1)))
    claims: list[Future[Claim | NotMine]] = []

    def claim_first(*arguments: Any, **options: Any) -> int:
        claims.append(pool.submit(try_to_take, ledger, one))
        tried = partial(waits_for_a_lock, ledger, mariadb_server, claims[0])
        # MariaDB renews its table of transactions when nobody read it for a tenth of a second
        wait_until(lambda: claims[0].done() or tried(), 20, "the claim to try", every=0.2)
        return hold_tasks(*arguments, **options)

    monkeypatch.setattr(carrying_out, "hold_tasks", claim_first)
    with ThreadPoolExecutor(1) as pool:
        assert pause_campaign(ledger, campaign_id, who="lena") == PauseReport(1, 0)
        assert isinstance(claims[0].result(20), NotMine)
    assert task(ledger, one).state == "held"


def waits_for_a_lock(engine: Engine, server: MariaDB, job: Future[Any]) -> bool:
    """Does a transaction wait for another one's lock? SQLite, where writers come one by one, does not tell."""
    if engine.dialect.name == "sqlite":
        return job.running()
    ((waiting,),) = server.execute("SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
    return bool(waiting)


def test_who_paused_and_resumed_what_is_kept(ledger: Engine) -> None:
    campaign_id = plant(ledger, work(1))
    pause_campaign(ledger, campaign_id, who="lena", why="holiday")
    resume_campaign(ledger, campaign_id, who="max")
    changes = read(ledger, lambda s: list(s.scalars(select(AuditEntry).order_by(AuditEntry.id))))
    assert [(one.who, one.subject, one.before, one.after) for one in changes] == [
        ("lena", f"campaign:{campaign_id}", {"paused": False}, {"pause": "holiday"}),
        ("max", f"campaign:{campaign_id}", {"paused": True}, {"resume": True}),
    ]


def test_what_cannot_be_paused_or_resumed_is_refused(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(work(1), work(2)))
    one, other = ready(ledger, campaign_id)
    with pytest.raises(Refused, match="is not paused"):
        resume_task(ledger, one, who="lena")
    with pytest.raises(Refused, match="is not paused"):
        resume_campaign(ledger, campaign_id, who="lena")
    pause_campaign(ledger, campaign_id, who="lena")
    with pytest.raises(Refused, match="belongs to a campaign that is paused"):
        resume_task(ledger, one, who="lena")
    resume_campaign(ledger, campaign_id, who="lena")
    do(ledger, one)
    do(ledger, other)
    of_campaigns: list[Callable[..., object]] = [pause_campaign, resume_campaign]
    of_tasks: list[Callable[..., object]] = [pause_task, resume_task]
    for act, ended in [*((act, campaign_id) for act in of_campaigns), *((act, one) for act in of_tasks)]:
        with pytest.raises(Refused, match="has ended"):
            act(ledger, ended, who="lena")
        with pytest.raises(Refused, match="is unknown"):
            act(ledger, "x", who="lena")
