"""What is asked of a task with very many in its place: one row, and the coordinator does the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine, func, select

from models.tables import Task, TaskRequest
from models.tasks.leases import stop_requests
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.drive import (
    campaign,
    change,
    plant,
    ready,
    runs,
    take,
    task,
    tasks,
    try_to_take,
    work,
)
from tests.support.ledger.many_tasks import many
from tests.support.ledger.statements import statements
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import HandedBack, Replaced
from workers.attempts.record import record
from workers.control import carry_out, task_requests, tree
from workers.control import pause as pause_of
from workers.control import reprioritise as reprioritise_of
from workers.control import stop as stop_of
from workers.control.pause import PauseReport, pause_campaign, pause_task, resume_campaign, resume_task
from workers.control.reprioritise import reprioritise_campaign, reprioritise_task
from workers.control.stop import StopReport, end_stopped, stop_campaign, stop_task
from workers.coordinator import campaign_control
from workers.coordinator.campaign_control import carry_out_control
from workers.coordinator.prune import forget
from workers.dispatch.ring import ring_ready

MANY = 73  # in one place: more than a round carries out, and more than one statement names, in tenths of the limits
AS_IN_THE_PRODUCT = 730  # the same with the limits as they are
TENTH = 10
PRIORITY = 8
LIMITS = (
    *((module, "MOST_AT_ONCE") for module in (pause_of, reprioritise_of, stop_of)),
    *((module, "MOST_ENDED") for module in (carry_out, stop_of)),
    *((module, "IN_ONE_STATEMENT") for module in (task_requests, tree)),
    (campaign_control, "WORK"),
)


@pytest.fixture(autouse=True)
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the product's limits, to a tenth unless a test says otherwise: fewer rows pass them, in less time."""
    for module, name in LIMITS:
        monkeypatch.setattr(module, name, getattr(module, name) // getattr(request, "param", TENTH))


def pause(engine: Engine, task_id: str) -> PauseReport:
    return pause_task(engine, task_id, who="lena", why="holiday", at_once=False)


def resume(engine: Engine, task_id: str) -> int:
    return resume_task(engine, task_id, who="lena", ring_now=False, at_once=False)


def prioritise(engine: Engine, task_id: str) -> int:
    return reprioritise_task(engine, task_id, PRIORITY, who="lena", ring_now=False, at_once=False)


def prioritise_all(engine: Engine, task_id: str) -> int:
    campaign_id = task(engine, task_id).campaign_id
    return reprioritise_campaign(engine, campaign_id, PRIORITY, who="lena", ring_now=False, at_once=False)


def stop(engine: Engine, task_id: str) -> StopReport:
    return stop_task(engine, task_id, who="lena", why="enough", at_once=False)


ACTS = [pause, prioritise, prioritise_all, stop]
Act = Callable[[Engine, str], object]


def delegated(engine: Engine, count: int = MANY) -> tuple[str, str]:
    """A campaign of two tasks, one of which has so many in its place. Returns the campaign's id and that task's."""
    campaign_id = plant(engine, group(work(1), work(2)))
    first = take(engine, ready(engine, campaign_id)[0])
    record(engine, first, Replaced(group(work(3), work(4))))
    root = first.fence.task_id
    plain = {"root": None, "result": None, "started_at": None, "incarnation": None, "join": "all"}
    many(engine, campaign_id, count - 2, in_place_of=root, depth=1, **plain)
    assert len(children(engine, root)) == count
    return campaign_id, root


def children(engine: Engine, root: str) -> list[Task]:
    wanted = select(Task).where(Task.in_place_of == root).order_by(Task.id)
    return read(engine, lambda session: list(session.scalars(wanted)))


def states_of(engine: Engine, root: str) -> Counter[str]:
    return Counter(one.state for one in children(engine, root))


def finish(engine: Engine) -> None:
    """What the coordinator does until nothing is left; a loop that does not end fails."""
    for _ in range(100):
        if not carry_out_control(engine):
            assert read(engine, lambda session: session.scalar(select(func.count()).select_from(TaskRequest))) == 0
            return
    raise AssertionError("the requests do not end")


def end_all(engine: Engine) -> None:
    """What the coordinator does with what was told to stop."""
    for _ in range(20):
        if not end_stopped(engine):
            return
    raise AssertionError("the stops do not end")


@pytest.mark.parametrize("asked", ACTS)
def test_a_request_writes_few_rows_whatever_stands_in_the_place(ledger: Engine, asked: Act) -> None:
    written = []
    for count in (50, 100):
        _, root = delegated(ledger, count)
        with statements(ledger) as executed:
            asked(ledger, root)
        written.append(sum(not one[0].lstrip().startswith("SELECT") for one in executed))
    assert written[1] - written[0] <= 1, "what tells the few that run: one statement for as many"


@pytest.mark.parametrize("asked", ACTS)
def test_none_of_the_campaign_begins_before_the_request_is_carried_out(
    ledger: Engine, redis: Redis, asked: Act
) -> None:
    campaign_id, root = delegated(ledger)
    other = plant(ledger, work(7))
    alone = next(one.id for one in tasks(ledger, campaign_id) if one.in_place_of is None and one.id != root)
    asked(ledger, root)
    assert campaign(ledger, campaign_id).control == "tasks"
    some = [one.id for one in children(ledger, root) if one.state == "ready"][-1]
    for one in (some, alone):
        assert isinstance(try_to_take(ledger, one), NotMine)
    assert isinstance(try_to_take(ledger, ready(ledger, other)[0]), Claim), "others go on"
    redis.flushdb()
    ring_ready(ledger)
    assert not [one for one in tasks(ledger, campaign_id) if one.rung_at is not None and one.state == "ready"]
    finish(ledger)
    assert campaign(ledger, campaign_id).control is None
    change(ledger, alone, not_before=task(ledger, alone).created_at)
    assert isinstance(try_to_take(ledger, alone), Claim), "what the request is not about goes on"


@pytest.mark.parametrize(("limits", "many"), [(TENTH, MANY), (1, AS_IN_THE_PRODUCT)], indirect=["limits"])
def test_what_is_asked_holds_for_all_in_the_place_and_for_no_other(ledger: Engine, many: int) -> None:
    campaign_id, root = delegated(ledger, many)
    assert pause(ledger, root).held == many
    finish(ledger)
    assert states_of(ledger, root) == {"held": many}
    assert all(one.paused and one.waits_for == "lena paused it: holiday" for one in children(ledger, root))
    assert [one.state for one in tasks(ledger, campaign_id) if one.in_place_of is None and one.id != root] == ["ready"]
    assert resume(ledger, root) == many
    finish(ledger)
    assert states_of(ledger, root) == {"ready": many}
    assert not any(one.paused for one in tasks(ledger, campaign_id))
    assert prioritise(ledger, root) == many + 1
    finish(ledger)
    assert {one.priority for one in children(ledger, root)} == {PRIORITY}
    assert sum(one.priority == PRIORITY for one in tasks(ledger, campaign_id)) == many + 1
    assert prioritise_all(ledger, root) == many + 2
    finish(ledger)
    assert {one.priority for one in tasks(ledger, campaign_id)} == {PRIORITY}


REQUESTS = {
    "pause and resume": ((pause, resume), "ready", {0}),
    "pause, resume and pause": ((pause, resume, pause), "held", {0}),
    "pause, priority and resume": ((pause, prioritise, resume), "ready", {PRIORITY}),
    "priority twice and pause": ((prioritise, prioritise_all, pause), "held", {PRIORITY}),
    "pause, priority and stop": ((pause, prioritise, stop), "stopped", {PRIORITY}),
    "stop, and then nothing counts": ((stop, pause, resume, prioritise), "stopped", {0, PRIORITY}),
}


@pytest.mark.parametrize("requested", REQUESTS)
@pytest.mark.parametrize("between", [0, 1], ids=["at once", "half-way"])
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_requests_are_carried_out_in_the_order_in_which_they_came(ledger: Engine, requested: str, between: int) -> None:
    acts, state, priorities = REQUESTS[requested]
    _, root = delegated(ledger)
    for act in acts:
        act(ledger, root)
        for _ in range(between):
            carry_out_control(ledger)
    finish(ledger)
    end_all(ledger)
    assert states_of(ledger, root) == {state: MANY}
    assert {one.priority for one in children(ledger, root)} <= priorities


def pause_all(engine: Engine, root: str) -> object:
    return pause_campaign(engine, task(engine, root).campaign_id, who="lena", at_once=False)


def resume_all(engine: Engine, root: str) -> object:
    pause_all(engine, root)
    return resume_campaign(engine, task(engine, root).campaign_id, who="lena", ring_now=False, at_once=False)


def stop_all(engine: Engine, root: str) -> object:
    return stop_campaign(engine, task(engine, root).campaign_id, who="lena", at_once=False)


@pytest.mark.parametrize(("whole", "state"), [(pause_all, "held"), (resume_all, "ready"), (stop_all, "stopped")])
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_what_is_asked_of_the_whole_campaign_comes_after_what_was_asked_of_its_parts(
    ledger: Engine, whole: Act, state: str
) -> None:
    _, root = delegated(ledger)
    prioritise(ledger, root)
    pause(ledger, root)
    whole(ledger, root)
    if state != "stopped":
        with pytest.raises(Refused, match=r"is still being|is paused"):
            resume(ledger, root)
    finish(ledger)
    assert states_of(ledger, root) == {state: MANY}
    if state != "stopped":
        assert {one.priority for one in children(ledger, root)} == {PRIORITY}, "a new priority is not forgotten"


def test_what_runs_leaves_its_phone_at_once(ledger: Engine) -> None:
    _, root = delegated(ledger)
    got = take(ledger, children(ledger, root)[-1].id)
    assert pause(ledger, root) == PauseReport(MANY - 1, 1)
    assert stop_requests(ledger, runs(got)) == {got.fence.incarnation}
    assert resume(ledger, root) == MANY - 1, "whether they were held already or not"
    assert stop_requests(ledger, runs(got)) == set()
    finish(ledger)
    record(ledger, got, HandedBack())
    assert states_of(ledger, root) == {"ready": MANY}


def test_what_is_planted_meanwhile_in_a_paused_place_is_held_too(ledger: Engine) -> None:
    _, root = delegated(ledger)
    got = take(ledger, children(ledger, root)[-1].id)
    pause(ledger, root)
    record(ledger, got, Replaced(group(work(8), work(9))))
    finish(ledger)
    assert states_of(ledger, got.fence.task_id) == {"held": 2}
    resume(ledger, root)
    finish(ledger)
    assert states_of(ledger, got.fence.task_id) == {"ready": 2}


def test_a_stop_ends_all_in_the_place_and_no_other(ledger: Engine) -> None:
    campaign_id, root = delegated(ledger)
    got = take(ledger, children(ledger, root)[-1].id)
    assert stop(ledger, root) == StopReport(MANY - 1, 2 - 1, 0)
    assert stop_requests(ledger, runs(got)) == {got.fence.incarnation}, "what runs leaves its phone at once"
    finish(ledger)
    end_all(ledger)
    record(ledger, got, HandedBack())
    assert states_of(ledger, root) == {"stopped": MANY}
    assert {one.reason for one in children(ledger, root)} == {"lena stopped it: enough"}
    others = [one.state for one in tasks(ledger, campaign_id) if one.in_place_of is None and one.id != root]
    assert (task(ledger, root).state, others) == ("stopped", ["ready"])


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_what_is_told_to_stop_does_not_begin_because_its_campaign_is_resumed(ledger: Engine) -> None:
    campaign_id, root = delegated(ledger)
    pause_all(ledger, root)
    stop(ledger, root)
    with pytest.raises(Refused, match="is still being changed: stop"):
        resume_campaign(ledger, campaign_id, who="lena", ring_now=False, at_once=False)
    finish(ledger)
    end_all(ledger)
    assert states_of(ledger, root) == {"stopped": MANY}
    resume_campaign(ledger, campaign_id, who="lena", ring_now=False)
    assert [one.state for one in tasks(ledger, campaign_id) if one.in_place_of is None and one.id != root] == ["ready"]


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_a_campaign_that_is_being_resumed_does_not_hold_up_a_stop(ledger: Engine) -> None:
    campaign_id, root = delegated(ledger)
    resume_all(ledger, root)
    assert campaign(ledger, campaign_id).control == "resume"
    stop(ledger, root)
    some = next(one.id for one in children(ledger, root) if one.state == "ready")
    assert isinstance(try_to_take(ledger, some), NotMine)
    finish(ledger)
    end_all(ledger)
    assert states_of(ledger, root) == {"stopped": MANY}
    assert not any(one.paused for one in tasks(ledger, campaign_id) if one.state != "stopped")


def test_a_stop_of_the_task_ends_what_a_pause_has_not_reached(ledger: Engine) -> None:
    campaign_id, root = delegated(ledger)
    pause(ledger, root)
    stop_task(ledger, root, who="lena")
    finish(ledger)
    assert states_of(ledger, root) == {"stopped": MANY}
    assert campaign(ledger, campaign_id).control is None


@pytest.mark.parametrize("asked", ACTS)
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_a_request_of_a_campaign_that_ends_first_is_forgotten(ledger: Engine, asked: Act) -> None:
    campaign_id, root = delegated(ledger)
    asked(ledger, root)
    asked(ledger, delegated(ledger)[1])
    for one in tasks(ledger, campaign_id):
        if one.id != root:
            stop_task(ledger, one.id, who="lena")
    assert campaign(ledger, campaign_id).outcome is not None
    forget(ledger)
    left = read(ledger, lambda session: session.scalars(select(TaskRequest.campaign_id)).all())
    assert [campaign(ledger, one).outcome for one in left] == [None]
