"""Whatever dies, every task goes on or ends with its reason."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from celery import chain, group
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind
from models.fleet.phones import phone_offline
from models.tables import Campaign, Leader
from models.tasks.states import ENDED
from models.transactions.read_write import write
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    attempts,
    campaign,
    change,
    do,
    like,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    states,
    take,
    task,
    tasks,
    titles,
    try_to_take,
    work,
)
from tests.support.threads import at_once
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import Failed, HandedBack, Outcome, WasStopped
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died, incarnations_died, rescue_expired
from workers.coordinator.close_campaigns import close_ended
from workers.coordinator.leader import lead, step_down
from workers.coordinator.overdue import end_overdue
from workers.execution.ledger_journal import LedgerJournal
from workers.policy.retry import LOSSES

LIKE = Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看")


def acting(engine: Engine) -> tuple[Claim, LedgerJournal]:
    """A claimed directed task of the pool and its journal."""
    owned_author(engine)
    identity = online_worker(engine, "p1")
    got = take(engine, ready(engine, plant(engine, like()))[0], identity)
    return got, LedgerJournal(engine, got, ZONE)


@pytest.mark.parametrize("how", ["worker died", "lease ran out"])
@pytest.mark.parametrize("point", ["before", "declared", "done", "not done"])
def test_a_lost_attempt(ledger: Engine, how: str, point: str) -> None:
    got, journal = acting(ledger)
    one = got.fence.task_id
    if point != "before":
        number = journal.declare(LIKE)
        if point == "done":
            journal.confirm(number, verified=True)
        elif point == "not done":
            journal.refute(number, "never left")
    if how == "worker died":
        again = incarnation_died(ledger, got.fence.incarnation, "killed")
    else:
        assert rescue_expired(ledger) == []
        change(ledger, one, lease_until=past(ledger))
        again = rescue_expired(ledger)
    lost = attempts(ledger, one)[0]
    assert (lost.outcome, lost.failure_code) == ("lost", "phone_lost")
    if point == "declared":
        assert again == [one]
        assert isinstance(try_to_take(ledger, one, online_worker(ledger, "p2")), NotMine)
        assert task(ledger, one).verifying
    else:
        assert again == [one]
        phone_offline(ledger, "p1", "unplugged")
        other = online_worker(ledger, "p2")
        assert take(ledger, one, other).fence.attempt == 2


def test_workers_that_die_together_lose_their_tasks_at_once_and_nobody_else_does(ledger: Engine) -> None:
    owned_author(ledger)
    names = ("p1", "p2", "p3")
    workers = [online_worker(ledger, name) for name in names]
    planted = [ready(ledger, plant(ledger, titles(queue=f"phone.{name}")))[0] for name in names]
    held = [take(ledger, one, worker) for one, worker in zip(planted, workers, strict=True)]
    whys = {held[0].fence.incarnation: "its zygote was lost", held[1].fence.incarnation: "killed", "unknown": "killed"}
    assert sorted(incarnations_died(ledger, whys)) == sorted(planted[:2])
    told = [[one.reason for one in attempts(ledger, task_id)] for task_id in planted]
    assert told == [["its zygote was lost"], ["killed"], [None]]
    assert [task(ledger, one).state for one in planted] == ["ready", "ready", "running"]
    assert incarnations_died(ledger, whys) == []


def test_a_phone_whose_worker_died_twice_is_asked_last(ledger: Engine) -> None:
    owned_author(ledger)
    (one,) = ready(ledger, plant(ledger, titles()))
    for _ in range(2):
        incarnation_died(ledger, take(ledger, one, online_worker(ledger, "p1")).fence.incarnation, "killed")
    online_worker(ledger, "p2")
    got = try_to_take(ledger, one, online_worker(ledger, "p1"))
    assert isinstance(got, NotMine)
    assert got.passed_to == "p2"
    phone_offline(ledger, "p2", "unplugged")
    take(ledger, one, online_worker(ledger, "p1"))


def test_a_lost_pinned_task_comes_back_to_its_phone(ledger: Engine) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1")
    (one,) = ready(ledger, plant(ledger, titles(queue="phone.p1")))
    got = take(ledger, one, identity)
    assert incarnation_died(ledger, got.fence.incarnation, "killed") == [one]
    assert take(ledger, one, online_worker(ledger, "p1")).fence.attempt == 2


@pytest.mark.parametrize("outcome", [Failed("app_crashed", "it closed"), WasStopped("asked"), HandedBack()], ids=repr)
def test_what_is_in_doubt_is_looked_for_by_the_same_account_however_the_attempt_ended(
    ledger: Engine, outcome: Outcome
) -> None:
    got, journal = acting(ledger)
    journal.declare(LIKE)
    assert record(ledger, got, outcome) == [got.fence.task_id]
    waiting = task(ledger, got.fence.task_id)
    assert (waiting.state, waiting.verifying, waiting.pinned_account) == ("ready", True, got.account_id)


def test_a_worker_that_dies_again_and_again_does_not_go_on_for_ever(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    for _ in range(LOSSES):
        change(ledger, one, not_before=past(ledger))
        incarnation_died(ledger, take(ledger, one).fence.incarnation, "killed")
    assert (task(ledger, one).state, task(ledger, one).failure_code) == ("failed", "phone_lost")


def test_two_that_rescue_at_once_rescue_once(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    take(ledger, one)
    change(ledger, one, lease_until=past(ledger))
    rescued = at_once([partial(rescue_expired, ledger) for _ in range(4)])
    assert [found for some in rescued for found in some] == [one]
    assert len(attempts(ledger, one)) == 1


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("waiting", "not_in_time"),
        ("ready", "no_phone_in_time"),
        ("held", "no_phone_in_time"),
        ("needs_review", "outcome_unknown"),
    ],
)
def test_what_is_overdue_ends_with_the_reason(ledger: Engine, state: str, code: str) -> None:
    (one,) = ready(ledger, campaign_id := plant(ledger, work(1)))
    change(ledger, one, state=state, waits_for="no such phone", reason="a tap in doubt", failure_code="outcome_unknown")
    assert end_overdue(ledger) == []
    assert task(ledger, one).state == state
    change(ledger, one, latest_end=past(ledger))
    end_overdue(ledger)
    ended = task(ledger, one)
    assert (ended.state, ended.failure_code) == ("failed", code)
    assert ended.reason
    assert campaign(ledger, campaign_id).outcome == "failed"


def test_what_waits_for_an_overdue_task_names_it(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2), work(3)), latest_end=timedelta(seconds=50))
    for one in tasks(ledger, campaign_id):
        change(ledger, one.id, latest_end=past(ledger))
    end_overdue(ledger)
    found = [(one.state, one.failure_code) for one in tasks(ledger, campaign_id)]
    assert found == [("failed", "no_phone_in_time")] + [("stopped", "prerequisite_failed")] * 2


def test_what_runs_past_its_latest_end_is_not_tried_again(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    got = take(ledger, one)
    change(ledger, one, latest_end=past(ledger))
    assert end_overdue(ledger) == []
    assert record(ledger, got, Failed("page_not_reached", "slow")) == []
    assert (task(ledger, one).state, task(ledger, one).failure_code) == ("failed", "page_not_reached")


def test_a_campaign_that_its_last_two_tasks_left_open_is_closed(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(work(1), work(2)))
    still_open = plant(ledger, work(3))
    for one in ready(ledger, campaign_id):
        do(ledger, one)

    def reopen(session: Session) -> None:
        session.execute(update(Campaign).values(outcome=None, ended_at=None))

    write(ledger, reopen)
    assert close_ended(ledger) == 1
    assert close_ended(ledger) == 0
    assert campaign(ledger, campaign_id).outcome == "succeeded"
    assert campaign(ledger, still_open).outcome is None


def test_every_task_that_anything_may_kill_ends(ledger: Engine) -> None:
    """All at once: lost workers, failures, time that runs out; the campaign closes in the end."""
    campaign_id = plant(ledger, chain(group(work(1), work(2), work(3)), work(4), group(work(5), work(6))))
    for number in range(40):
        for one in ready(ledger, campaign_id):
            got = take(ledger, one)
            if number % 3:
                incarnation_died(ledger, got.fence.incarnation, "killed")
            else:
                record(ledger, got, Failed("page_not_reached", "a glitch"))
            change(ledger, one, not_before=past(ledger))
    assert set(states(ledger, campaign_id)) <= ENDED
    assert campaign(ledger, campaign_id).outcome == "failed"


def test_one_coordinator_leads(ledger: Engine) -> None:
    assert sum(at_once([partial(lead, ledger, f"c{number}", 60.0) for number in range(4)])) == 1
    leader = next(name for name in ("c0", "c1", "c2", "c3") if lead(ledger, name, 60))
    assert not lead(ledger, "another", 60)
    step_down(ledger, "another")
    assert not lead(ledger, "another", 60)
    step_down(ledger, leader)
    assert lead(ledger, "another", 60)
    assert not lead(ledger, leader, 60)


def test_a_leader_that_died_is_followed_by_another(ledger: Engine) -> None:
    assert lead(ledger, "first", 60)

    def time_passes(session: Session) -> None:
        session.execute(update(Leader).values(until=past(ledger)))

    write(ledger, time_passes)
    assert lead(ledger, "second", 60)
    assert not lead(ledger, "first", 60)
