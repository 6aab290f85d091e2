"""What follows the end of a task, in the transaction that ends it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from celery import chain, chord, group
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Task
from models.tasks.neighbours import check_fence_with_neighbours
from models.tasks.states import ForbiddenMove, State
from models.tasks.transitions import TaskEnd
from models.transactions.read_write import write
from tests.support.ledger.drive import (
    app,
    campaign,
    change,
    do,
    fail,
    gather,
    outcome_of,
    plant,
    ready,
    root_result,
    states,
    take,
    task,
    tasks,
    work,
)
from tests.support.threads import at_once
from workers.attempts.outcome import HandedBack, Replaced, Succeeded
from workers.attempts.record import record
from workers.coordinator.close_campaigns import close_ended
from workers.lifecycle.dependents import end_task
from workers.planting.handle import CampaignFailed, Handle


def names(engine: Engine, campaign_id: str) -> list[tuple[str, str | None]]:
    """State and failure code of the campaign's tasks, in source order."""
    return [(one.state, one.failure_code) for one in tasks(engine, campaign_id)]


def test_dependants_are_ready_in_the_same_transaction(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2)))
    first, second = (one.id for one in tasks(ledger, campaign_id))
    got = take(ledger, first)

    def dies(_connection: Any) -> None:
        raise RuntimeError("the process dies as it commits")

    event.listen(ledger, "commit", dies)
    try:
        with pytest.raises(RuntimeError, match="as it commits"):
            record(ledger, got, Succeeded("one"))
    finally:
        event.remove(ledger, "commit", dies)
    assert (task(ledger, first).state, task(ledger, second).state) == ("running", "waiting")
    assert record(ledger, got, Succeeded("one")) == [second]
    assert (task(ledger, first).state, task(ledger, second).state) == ("succeeded", "ready")


def test_two_prerequisites_that_end_at_one_moment_ready_their_dependant_once(ledger: Engine) -> None:
    for _ in range(6):
        campaign_id = plant(ledger, chord(group(work(1), work(2)), gather()))
        held = [take(ledger, one) for one in ready(ledger, campaign_id)]
        became = at_once([partial(record, ledger, got, outcome_of(ledger, got)) for got in held])
        body = tasks(ledger, campaign_id)[-1]
        assert [one for some in became for one in some] == [body.id]
        assert (body.state, body.missing) == ("ready", 0)


@pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)
def test_a_campaign_whose_other_task_ends_after_it_was_seen_waiting_is_closed(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(work(1), work(2)))
    first, second = ready(ledger, campaign_id)
    got = take(ledger, first)

    def ends_meanwhile(session: Session) -> list[str]:
        row, now, around = check_fence_with_neighbours(session, got.fence, got.campaign_id)
        record(ledger, take(ledger, second), Succeeded("two"))
        return end_task(session, row, TaskEnd(State.SUCCEEDED, result="one"), now, around)

    assert write(ledger, ends_meanwhile) == []
    assert (states(ledger, campaign_id), campaign(ledger, campaign_id).outcome) == ({"succeeded": 2}, None)
    assert close_ended(ledger) == 1  # within two seconds, by the coordinator
    assert campaign(ledger, campaign_id).outcome == "succeeded"


def test_two_replacements_at_one_moment_get_places_of_their_own(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(work(1), work(2)))
    held = [take(ledger, one) for one in ready(ledger, campaign_id)]
    at_once([partial(record, ledger, got, Replaced(group(work(3), work(4)))) for got in held])
    assert [one.position for one in tasks(ledger, campaign_id)] == list(range(6))


def test_a_task_that_ended_does_not_end_again(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    do(ledger, one)
    with pytest.raises(ForbiddenMove):
        write(ledger, lambda s: end_task(s, s.get_one(Task, one), TaskEnd(State.FAILED), database_now(s)))


def test_the_first_cause_goes_down_a_chain(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(fail(), *(work(number) for number in range(300))))
    first = ready(ledger, campaign_id)[0]
    assert do(ledger, first) == []
    rows = tasks(ledger, campaign_id)
    assert {(one.state, one.failure_code, one.prerequisite_failed) for one in rows[1:]} == {
        ("stopped", "prerequisite_failed", first)
    }
    assert "as asked" in (rows[-1].reason or "")
    ended = campaign(ledger, campaign_id)
    assert (ended.outcome, ended.ended_at is not None) == ("failed", True)
    with pytest.raises(CampaignFailed):
        Handle(campaign_id, ledger).get(timeout=1)


def test_a_settled_join_runs_with_what_succeeded(ledger: Engine) -> None:
    body = gather().set(join="settled")
    campaign_id = plant(ledger, chord(group(work(1), fail(), work(2)), body))
    for one in ready(ledger, campaign_id):
        do(ledger, one)
    do(ledger, ready(ledger, campaign_id)[0])
    first, _, second, joined = tasks(ledger, campaign_id)
    assert joined.result == [[first.result, second.result]]
    assert root_result(ledger, campaign_id) == joined.result


def test_a_join_waits_for_all_even_when_one_failed(ledger: Engine) -> None:
    campaign_id = plant(ledger, chord(group(fail(), work(1)), gather()))
    bad, good = ready(ledger, campaign_id)
    do(ledger, bad)
    assert tasks(ledger, campaign_id)[-1].state == "waiting"
    do(ledger, good)
    assert names(ledger, campaign_id)[-1] == ("stopped", "prerequisite_failed")


def test_an_errback_runs_once_and_says_nothing_when_it_is_not_needed(ledger: Engine) -> None:
    errback = chain(app.signature("note", args=(9,)), work(3))
    fine = work(1)
    fine.link_error(errback)
    campaign_id = plant(ledger, fine)
    do(ledger, ready(ledger, campaign_id)[0])
    assert names(ledger, campaign_id) == [("succeeded", None), ("stopped", "not_needed"), ("stopped", "not_needed")]
    assert campaign(ledger, campaign_id).outcome == "succeeded"

    bad = fail()
    bad.link_error(errback)
    campaign_id = plant(ledger, bad)
    failed = ready(ledger, campaign_id)[0]
    (rung,) = do(ledger, failed)
    assert take(ledger, rung).args[0] == failed
    assert campaign(ledger, campaign_id).outcome is None


def test_an_errback_that_grows_ends_with_what_it_grew(ledger: Engine) -> None:
    """It was rung by the first of two failures; the second is no end of what it put in its place."""
    body = work(9)
    body.link_error(app.signature("note", args=(1,)))
    campaign_id = plant(ledger, chord(group(fail(), fail()), body))
    first, second = ready(ledger, campaign_id)
    (rung,) = do(ledger, first)
    (inner,) = record(ledger, take(ledger, rung), Replaced(work(5)))
    do(ledger, second)
    assert task(ledger, rung).state == "delegated"
    do(ledger, inner)
    assert task(ledger, rung).state == "succeeded"
    assert task(ledger, rung).result == task(ledger, inner).result


def test_a_delegated_task_keeps_its_id_and_gets_the_result(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), gather()))
    first = ready(ledger, campaign_id)[0]
    inner = record(ledger, take(ledger, first), Replaced(group(work(2), work(3))))
    assert task(ledger, first).state == "delegated"
    for one in inner:
        do(ledger, one)
    ended = task(ledger, first)
    assert (ended.state, ended.result) == ("succeeded", [task(ledger, one).result for one in inner])
    assert {(task(ledger, one).in_place_of, task(ledger, one).depth) for one in inner} == {(first, 1)}
    do(ledger, ready(ledger, campaign_id)[0])
    assert root_result(ledger, campaign_id) == [ended.result]


@pytest.mark.parametrize(("join", "state"), [("all", "failed"), ("settled", "succeeded")])
def test_a_campaigns_join_holds_for_what_tasks_put_in_their_place(ledger: Engine, join: str, state: str) -> None:
    campaign_id = plant(ledger, work(1), join=join)
    first = ready(ledger, campaign_id)[0]
    bad, good = record(ledger, take(ledger, first), Replaced(group(fail(), work(2))))
    do(ledger, bad)
    do(ledger, good)
    ended = task(ledger, first)
    assert ended.state == state
    if join == "settled":
        assert ended.result == [task(ledger, good).result]
    else:
        assert (ended.failure_code, ended.prerequisite_failed) == ("flow_error", bad)


def test_replacements_nest_so_deep_and_no_deeper(ledger: Engine) -> None:
    campaign_id = plant(ledger, work(0))
    (one,) = ready(ledger, campaign_id)
    for _ in range(8):
        (one,) = record(ledger, take(ledger, one), Replaced(work(1)))
    assert record(ledger, take(ledger, one), Replaced(work(1))) == []
    assert task(ledger, one).failure_code == "bad_input"
    assert states(ledger, campaign_id) == {"failed": 9}
    assert campaign(ledger, campaign_id).outcome == "failed"


def test_a_task_that_was_handed_back_goes_on_at_once_as_if_it_had_not_been_here(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    for _ in range(12):  # more often than it may fail
        assert record(ledger, take(ledger, one), HandedBack()) == [one]
    do(ledger, one)
    assert task(ledger, one).state == "succeeded"


def test_a_held_task_stays_held_when_its_prerequisites_end(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2)))
    first, second = (one.id for one in tasks(ledger, campaign_id))
    change(ledger, second, state="held", held_from="waiting")
    assert do(ledger, first) == []
    held = task(ledger, second)
    assert (held.state, held.held_from) == ("held", "ready")


def test_a_result_of_null_is_a_result(ledger: Engine) -> None:
    campaign_id = plant(ledger, chain(work(1), gather(2)))
    record(ledger, take(ledger, ready(ledger, campaign_id)[0]), Succeeded(None))
    do(ledger, ready(ledger, campaign_id)[0])
    assert root_result(ledger, campaign_id) == [None, 2]
