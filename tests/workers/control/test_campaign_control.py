"""A stop, pause or resume of a large campaign: the request writes one row, and the coordinator does the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from celery import chain, group
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.tables import Campaign, Task
from models.tasks.leases import stop_requests
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.gateway.customers import customer
from tests.support.ledger.drive import (
    attempts,
    campaign,
    change,
    deliver,
    desk_worker,
    online_worker,
    owned_author,
    past,
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
from tests.support.ledger.many_tasks import many
from tests.support.ledger.statements import statements
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import HandedBack, Replaced, WasStopped
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died
from workers.control.carry_out import carry_out
from workers.control.pause import PauseReport, pause_campaign, pause_task, resume_campaign, resume_task
from workers.control.stop import StopReport, stop_campaign
from workers.coordinator.campaign_control import carry_out_control
from workers.dispatch.ring import ring_ready

LARGE = 230  # more than a request carries out by itself
ORIGIN = "https://hooks.example.com"


def pause(engine: Engine, campaign_id: str) -> PauseReport:
    return pause_campaign(engine, campaign_id, who="lena", why="holiday", at_once=False)


def resume(engine: Engine, campaign_id: str) -> int:
    return resume_campaign(engine, campaign_id, who="lena", ring_now=False, at_once=False)


def stop(engine: Engine, campaign_id: str) -> StopReport:
    return stop_campaign(engine, campaign_id, who="lena", why="enough", at_once=False)


def finish(engine: Engine) -> None:
    """What the coordinator does until nothing is left; a loop that does not end fails."""
    for _ in range(1000):
        if not carry_out_control(engine):
            return
    raise AssertionError("the control of a campaign does not end")


def large(engine: Engine, count: int = LARGE) -> str:
    campaign_id = plant(engine, work(0))
    many(engine, campaign_id, count - 1)
    return campaign_id


@pytest.mark.parametrize("asked", [pause, stop])
def test_what_is_asked_costs_as_much_for_a_large_campaign_as_for_a_small_one(
    ledger: Engine, asked: Callable[[Engine, str], object]
) -> None:
    costs = []
    for count in (200, 700):
        campaign_id = large(ledger, count)
        with statements(ledger) as executed:
            asked(ledger, campaign_id)
        costs.append(len(executed))
    assert costs[0] == costs[1]


@pytest.mark.parametrize(("asked", "state"), [(pause, "held"), (stop, "stopped")])
def test_no_task_begins_after_the_answer_and_the_coordinator_does_the_rest(
    ledger: Engine, redis: Redis, asked: Callable[[Engine, str], object], state: str
) -> None:
    campaign_id, other = large(ledger), plant(ledger, work(7))
    ring_ready(ledger)
    with_ticket = [one for one in tasks(ledger, campaign_id) if one.rung_at is not None]
    assert with_ticket
    asked(ledger, campaign_id)
    left = [one.id for one in tasks(ledger, campaign_id) if one.state == "ready"]
    assert left, "the rest is the coordinator's"
    for one in with_ticket:
        assert isinstance(deliver(ledger, one.id, desk_worker(), one.ticket, step=one.rung_step), NotMine)
    redis.flushdb()
    ring_ready(ledger)
    assert not [one for one in tasks(ledger, campaign_id) if one.rung_at is not None and one.state == "ready"]
    assert isinstance(try_to_take(ledger, left[-1]), NotMine)
    assert isinstance(try_to_take(ledger, ready(ledger, other)[0]), Claim), "others go on"
    finish(ledger)
    assert states(ledger, campaign_id) == {state: LARGE}
    assert campaign(ledger, campaign_id).control is None
    assert campaign(ledger, campaign_id).outcome == ("stopped" if state == "stopped" else None)


def test_the_answer_counts_the_tasks_as_they_stand_when_it_is_asked(ledger: Engine) -> None:
    campaign_id = large(ledger)
    take(ledger, ready(ledger, campaign_id)[0])
    assert pause(ledger, campaign_id) == PauseReport(LARGE - 1, 1)
    assert resume(ledger, campaign_id) == LARGE - 1
    assert stop(ledger, campaign_id) == StopReport(LARGE - 1, 1, 0)


REQUESTS = {
    "pause and resume": ((pause, resume), {"ready": LARGE}),
    "pause, resume and pause": ((pause, resume, pause), {"held": LARGE}),
    "pause and stop": ((pause, stop), {"stopped": LARGE}),
    "pause, resume and stop": ((pause, resume, stop), {"stopped": LARGE}),
    "pause twice": ((pause, pause), {"held": LARGE}),
    "stop twice": ((stop, stop), {"stopped": LARGE}),
}


@pytest.mark.parametrize("requested", REQUESTS)
@pytest.mark.parametrize("between", [0, 1], ids=["at once", "half-way"])
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_the_newest_request_holds_wherever_the_one_before_stands(ledger: Engine, requested: str, between: int) -> None:
    acts, expected = REQUESTS[requested]
    campaign_id = large(ledger)
    for act in acts:
        act(ledger, campaign_id)
        for _ in range(between):
            if not carry_out(ledger, campaign_id, 40):
                break
    finish(ledger)
    assert states(ledger, campaign_id) == expected
    assert campaign(ledger, campaign_id).control is None
    assert all(not one.paused for one in tasks(ledger, campaign_id)) is ("held" not in expected)
    assert all(one.missing == 0 for one in tasks(ledger, campaign_id))


def test_a_batch_that_is_done_again_changes_nothing_more(ledger: Engine) -> None:
    campaign_id = large(ledger)
    pause(ledger, campaign_id)
    finish(ledger)
    before = [(one.id, one.state, one.held_from, one.waits_for) for one in tasks(ledger, campaign_id)]

    def again(session: Session) -> None:
        session.get_one(Campaign, campaign_id).control = "pause"

    write(ledger, again)
    finish(ledger)
    assert [(one.id, one.state, one.held_from, one.waits_for) for one in tasks(ledger, campaign_id)] == before
    assert {one[3] for one in before} == {"lena paused it: holiday"}


@pytest.mark.parametrize(("asked", "outcome", "state"), [(pause, "paused", "held"), (stop, "stopped", "stopped")])
@pytest.mark.parametrize("dies", [False, True])
def test_what_runs_is_asked_to_leave_before_its_own_row_says_so(
    ledger: Engine, asked: Callable[[Engine, str], object], outcome: str, state: str, *, dies: bool
) -> None:
    campaign_id = large(ledger)
    got = take(ledger, ready(ledger, campaign_id)[0])
    asked(ledger, campaign_id)
    change(ledger, got.fence.task_id, paused=False, stop_requested=False)  # as if the coordinator had not come to it
    assert stop_requests(ledger, runs(got)) == {got.fence.incarnation}
    if dies:
        incarnation_died(ledger, got.fence.incarnation, "killed")
    else:
        record(ledger, got, WasStopped("it was asked to leave", "search"))
    one = task(ledger, got.fence.task_id)
    assert one.state == state
    if not dies:
        assert [each.outcome for each in attempts(ledger, one.id)] == [outcome]


def test_what_was_asked_to_leave_goes_on_when_it_is_resumed_in_time(ledger: Engine) -> None:
    campaign_id = large(ledger)
    got = take(ledger, ready(ledger, campaign_id)[0])
    pause(ledger, campaign_id)
    finish(ledger)
    resume(ledger, campaign_id)
    assert stop_requests(ledger, runs(got)) == set()
    assert record(ledger, got, HandedBack()) == [got.fence.task_id]


def test_what_is_planted_in_a_place_while_its_campaign_is_stopped_ends_too(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2)))
    got = take(ledger, ready(ledger, campaign_id)[0])
    stop(ledger, campaign_id)
    record(ledger, got, Replaced(group(work(3), work(4))))
    finish(ledger)
    assert set(states(ledger, campaign_id)) == {"stopped"}
    assert campaign(ledger, campaign_id).outcome == "stopped"


@pytest.mark.usefixtures("master_key")
def test_customers_share_each_round(ledger: Engine) -> None:
    heavy, light = (customer(ledger, ORIGIN, name, most_waiting=100_000) for name in ("heavy", "light"))
    first = [heavy.plant(work(number)) for number in range(3)]
    for one in first:
        many(ledger, one, 500)
        pause(ledger, one)
    small = light.plant(work(1))
    many(ledger, small, 150)
    stop(ledger, small)
    rounds = 0
    while campaign(ledger, small).outcome is None:
        carry_out_control(ledger)
        rounds += 1
        assert rounds <= 3, "its own part of each round is enough, whatever the other has asked for"
    assert campaign(ledger, first[-1]).control is not None
    finish(ledger)
    assert all(states(ledger, one) == {"held": 501} for one in first)


def test_one_campaign_that_cannot_be_carried_out_keeps_no_other(
    ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = large(ledger), large(ledger)
    for one in (broken, sound):
        pause(ledger, one)

    def carry(engine: Engine, campaign_id: str, most: int) -> int:
        if campaign_id == broken:
            raise RuntimeError("a defect")
        return carry_out(engine, campaign_id, most)

    monkeypatch.setattr("workers.coordinator.campaign_control.carry_out", carry)
    finish(ledger)
    assert states(ledger, sound) == {"held": LARGE}


def test_a_campaign_that_is_being_stopped_or_resumed_refuses_what_contradicts_it(ledger: Engine) -> None:
    campaign_id = large(ledger)
    last = tasks(ledger, campaign_id)[0].id
    pause(ledger, campaign_id)
    resume(ledger, campaign_id)
    for act in (pause_task, resume_task):
        with pytest.raises(Refused, match="is still being resumed"):
            act(ledger, last, who="lena")
    stop(ledger, campaign_id)
    for ask in (pause, resume):
        with pytest.raises(Refused, match="is being stopped"):
            ask(ledger, campaign_id)


def test_a_phone_takes_other_work_past_a_large_campaign_that_was_just_paused(ledger: Engine, redis: Redis) -> None:
    """Its tasks stand first in the line until the coordinator has held them."""
    owned_author(ledger)
    worker = online_worker(ledger, "p1")
    first = plant(ledger, titles())
    many(ledger, first, 1500)
    change(ledger, tasks(ledger, first)[0].id, not_before=past(ledger, 60))
    pause(ledger, first)
    other = plant(ledger, titles())
    ring_ready(ledger)
    wanted = select(Task.campaign_id).where(Task.rung_at.is_not(None))
    assert read(ledger, lambda session: list(session.scalars(wanted))) == [other]
    assert take(ledger, ready(ledger, other)[0], worker).serial == "p1"
