"""Stopping a task or a campaign, in each state in which it may stand."""

from __future__ import annotations

import pytest
from celery import chain, chord, group
from sqlalchemy import Engine, select

from flows.action import Action, ActionKind
from models.tables import AuditEntry
from models.tasks.leases import stop_requests
from models.tasks.states import ENDED
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    campaign,
    change,
    do,
    gather,
    like,
    online_worker,
    outcome_of,
    owned_author,
    plant,
    ready,
    runs,
    states,
    take,
    task,
    tasks,
    titles,
    try_to_take,
    work,
)
from workers.attempts.claim import NotMine
from workers.attempts.outcome import Failed, HandedBack, Outcome, Replaced, Succeeded, WasStopped
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died
from workers.control.stop import end_stopped, stop_campaign, stop_task
from workers.execution.ledger_journal import LedgerJournal


@pytest.mark.parametrize("state", ["waiting", "ready", "held"])
def test_what_has_not_begun_ends_at_once_with_what_depends_on_it(ledger: Engine, state: str) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2), work(3)))
    first, second, third = (one.id for one in tasks(ledger, campaign_id))
    if state != "waiting":
        do(ledger, first)
    if state == "held":
        change(ledger, second, state="held", held_from="ready")
    report = stop_task(ledger, second, who="lena", why="wrong author")
    assert (report.stopped, report.leaving, report.in_review) == (1, 0, 0)
    ended, after = task(ledger, second), task(ledger, third)
    assert (ended.state, ended.failure_code, ended.reason) == ("stopped", "stopped", "lena stopped it: wrong author")
    assert (after.state, after.failure_code, after.prerequisite_failed) == ("stopped", "prerequisite_failed", second)
    if state == "waiting":
        do(ledger, first)
    assert campaign(ledger, campaign_id).outcome == "stopped"


def test_what_runs_is_asked_and_leaves(ledger: Engine) -> None:
    (one,) = ready(ledger, campaign_id := plant(ledger, work(1)))
    got = take(ledger, one)
    assert stop_task(ledger, one, who="lena").leaving == 1
    assert stop_requests(ledger, {**runs(got), "another": "another"}) == {got.fence.incarnation}
    record(ledger, got, WasStopped("a person asked the task to stop", "search"))
    assert (task(ledger, one).state, task(ledger, one).reason) == ("stopped", "lena stopped it")
    assert campaign(ledger, campaign_id).outcome == "stopped"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Succeeded("done before it heard"), "succeeded"),
        (Failed("page_not_reached", "a glitch"), "stopped"),
        (Failed("video_not_found", "gone"), "failed"),
        (HandedBack(), "stopped"),
        (Replaced(work(2)), "stopped"),
    ],
    ids=["succeeded", "would try again", "failed for good", "handed back", "puts another in its place"],
)
def test_what_was_asked_to_stop_does_not_go_on(ledger: Engine, outcome: Outcome, state: str) -> None:
    (one,) = ready(ledger, campaign_id := plant(ledger, work(1)))
    got = take(ledger, one)
    stop_task(ledger, one, who="lena")
    record(ledger, got, outcome)
    assert states(ledger, campaign_id) == {state: 1}
    assert campaign(ledger, campaign_id).outcome == state


def test_a_worker_that_dies_after_it_was_asked_stops_its_task(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    got = take(ledger, one)
    stop_task(ledger, one, who="lena")
    incarnation_died(ledger, got.fence.incarnation, "killed")
    assert task(ledger, one).state == "stopped"


def test_a_stop_waits_until_what_is_in_doubt_was_looked_for(ledger: Engine) -> None:
    owned_author(ledger)
    got = take(ledger, ready(ledger, campaign_id := plant(ledger, like()))[0], online_worker(ledger, "p1"))
    one = got.fence.task_id
    LedgerJournal(ledger, got, ZONE).declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看"))
    stop_campaign(ledger, campaign_id, who="lena")
    incarnation_died(ledger, got.fence.incarnation, "killed")
    assert (task(ledger, one).state, task(ledger, one).verifying) == ("ready", True)
    assert stop_campaign(ledger, campaign_id, who="lena").leaving == 1

    looking = take(ledger, one, online_worker(ledger, "p1"))
    assert looking.stop_requested
    LedgerJournal(ledger, looking, ZONE).refute(looking.doubts[0].number, "not there")
    record(ledger, looking, WasStopped("asked"))
    assert task(ledger, one).state == "stopped"


def test_a_delegated_task_stops_with_all_that_is_in_its_place(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), gather()))
    first = ready(ledger, campaign_id)[0]
    running, waiting = record(ledger, take(ledger, first), Replaced(group(work(2), work(3))))
    (deeper,) = record(ledger, take(ledger, waiting), Replaced(chain(work(4), work(5))))
    held = take(ledger, running)
    report = stop_task(ledger, first, who="lena", why="enough")
    assert (report.stopped, report.leaving) == (2, 1)
    assert task(ledger, deeper).state == "stopped"
    assert task(ledger, waiting).state == "stopped"
    assert task(ledger, first).state == "delegated"
    record(ledger, held, WasStopped("asked"))
    assert (task(ledger, first).state, task(ledger, first).reason) == ("stopped", "lena stopped it: enough")
    assert states(ledger, campaign_id) == {"stopped": 6}
    assert campaign(ledger, campaign_id).outcome == "stopped"


def test_a_campaign_stops_and_no_join_runs_on_what_is_left(ledger: Engine) -> None:
    parts = group(chain(work(number), work(number + 100)) for number in range(60))
    campaign_id = plant(ledger, chord(parts, gather().set(join="settled")))
    first, second = ready(ledger, campaign_id)[:2]
    done, held = take(ledger, first), take(ledger, second)
    record(ledger, done, outcome_of(ledger, done))
    report = stop_campaign(ledger, campaign_id, who="lena", why="holiday")
    assert (report.stopped, report.leaving) == (119, 1)
    assert states(ledger, campaign_id) == {"stopped": 119, "running": 1, "succeeded": 1}
    assert campaign(ledger, campaign_id).outcome is None
    record(ledger, held, WasStopped("asked"))
    assert campaign(ledger, campaign_id).outcome == "stopped"
    assert {one.failure_code for one in tasks(ledger, campaign_id) if one.state == "stopped"} == {"stopped"}


def test_others_go_on(ledger: Engine) -> None:
    other = plant(ledger, work(1))
    stop_campaign(ledger, plant(ledger, work(2)), who="lena")
    assert states(ledger, other) == {"ready": 1}
    do(ledger, ready(ledger, other)[0])


def test_a_stop_that_died_half_way_is_carried_on(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2)))
    for one in tasks(ledger, campaign_id):
        change(ledger, one.id, stop_requested=True, reason="lena stopped it")
    assert isinstance(try_to_take(ledger, ready(ledger, campaign_id)[0]), NotMine)
    assert end_stopped(ledger) == 2
    assert end_stopped(ledger) == 0
    assert {one.state for one in tasks(ledger, campaign_id)} <= ENDED


def test_who_stopped_what_is_kept(ledger: Engine) -> None:
    owned_author(ledger)
    campaign_id = plant(ledger, titles())
    stop_campaign(ledger, campaign_id, who="lena", why="holiday")
    changes = read(
        ledger, lambda s: list(s.scalars(select(AuditEntry).where(AuditEntry.subject == f"campaign:{campaign_id}")))
    )
    assert [(one.who, one.after) for one in changes] == [("lena", {"stop": "holiday"})]


def test_what_ended_or_never_was_is_refused(ledger: Engine) -> None:
    campaign_id = plant(ledger, work(1))
    one = ready(ledger, campaign_id)[0]
    do(ledger, one)
    for stop, name in ((stop_campaign, campaign_id), (stop_task, one), (stop_campaign, "x"), (stop_task, "x")):
        with pytest.raises(Refused):
            stop(ledger, name, who="lena")
