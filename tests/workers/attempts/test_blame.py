"""Blame carried out: holds on content and flows, quarantine with a task to try, accounts that rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
from celery import group
from sqlalchemy import Engine, select

from models.fleet.accounts import rest_is_over
from models.fleet.fitness import awaits_canary, why_not
from models.notify.alerts import latest_alerts
from models.tables import Account, Phone
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import (
    attempts,
    change,
    like,
    now,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    states,
    take,
    task,
    titles,
    try_to_take,
)
from tests.support.threads import at_once
from workers.attempts.claim import NotMine
from workers.attempts.content_holds import holds_in_force, release_hold
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record
from workers.runtime.worker_identity import WorkerIdentity

PHONES = ("p1", "p2", "p3", "p4")


@pytest.fixture
def shelf(ledger: Engine) -> list[WorkerIdentity]:
    owned_author(ledger)
    return [online_worker(ledger, serial) for serial in PHONES]


def fail_once(ledger: Engine, one: str, identity: WorkerIdentity, code: str) -> list[str]:
    """One attempt at a task on this phone fails with this code."""
    change(ledger, one, not_before=past(ledger), meant_for=None)
    return record(ledger, take(ledger, one, identity), Failed(code, "so the test says"))


def alerts(ledger: Engine) -> list[tuple[str, str]]:
    return read(ledger, lambda session: [(one.kind, one.subject) for one in latest_alerts(session, 50)])


def phone(ledger: Engine, serial: str) -> Phone:
    return read(ledger, lambda session: session.get_one(Phone, serial))


def set_phone(ledger: Engine, serial: str, **values: object) -> None:
    def work(session: object) -> None:
        one = session.get_one(Phone, serial)  # type: ignore[attr-defined]
        for name, value in values.items():
            setattr(one, name, value)

    write(ledger, work)


# the same failure on several phones


def likes(count: int, title: str = "标题") -> Sequence[object]:
    return [like(title, comment=f"评论{number}") for number in range(count)]


def test_the_third_phone_that_fails_alike_holds_the_rest(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    campaign = plant(ledger, group(likes(6)))
    other = plant(ledger, group([like("另一个"), titles()]))
    tasks = ready(ledger, campaign)
    for one, identity in zip(tasks[:3], shelf, strict=False):
        assert states(ledger, campaign).get(State.HELD) is None
        fail_once(ledger, one, identity, "video_not_found")
    assert states(ledger, campaign) == {State.FAILED: 3, State.HELD: 3}
    assert states(ledger, other) == {State.READY: 2}
    held = task(ledger, tasks[3])
    assert held.held_from == State.READY
    assert "video_not_found on 3 phones" in (held.waits_for or "")
    assert "标题" in (held.waits_for or "")
    ((hold, count),) = read(ledger, holds_in_force)
    assert (hold.scope, hold.phones, count) == ("video", ["p1", "p2", "p3"], 3)
    assert alerts(ledger) == [("content_held", f"hold:{hold.id}")]


def test_one_phone_that_fails_three_times_blames_no_content(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    campaign = plant(ledger, group(likes(5)))
    for one in ready(ledger, campaign)[:3]:
        fail_once(ledger, one, shelf[0], "video_not_found")
    assert states(ledger, campaign) == {State.FAILED: 3, State.READY: 2}


def test_an_account_that_may_not_act_never_holds_content(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    campaign = plant(ledger, group(likes(2)))
    one, two = ready(ledger, campaign)
    for identity in shelf[:3]:
        fail_once(ledger, one, identity, "may_not_act")
    assert task(ledger, one).state == State.READY
    assert task(ledger, two).state == State.READY
    assert read(ledger, holds_in_force) == []


def test_a_success_on_the_same_content_begins_the_count_anew(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    campaign = plant(ledger, group(likes(6)))
    tasks = ready(ledger, campaign)
    fail_once(ledger, tasks[0], shelf[0], "video_not_found")
    fail_once(ledger, tasks[1], shelf[1], "video_not_found")
    change(ledger, tasks[2], meant_for=None)
    record(ledger, take(ledger, tasks[2], shelf[2]), Succeeded({}))
    fail_once(ledger, tasks[3], shelf[3], "video_not_found")
    assert read(ledger, holds_in_force) == []


def test_a_failure_that_goes_on_elsewhere_holds_its_own_task_as_well(
    ledger: Engine, shelf: list[WorkerIdentity]
) -> None:
    campaign = plant(ledger, group(likes(2)))
    one, two = ready(ledger, campaign)
    for identity in shelf[:3]:
        fail_once(ledger, one, identity, "time_limit")
    assert (task(ledger, one).state, task(ledger, two).state) == (State.HELD, State.HELD)


def test_a_task_that_was_given_little_time_blames_neither_phone_nor_content(
    ledger: Engine, shelf: list[WorkerIdentity]
) -> None:
    campaign = plant(ledger, group([like(comment=f"评论{n}").set(soft_time_limit=1, time_limit=60) for n in range(4)]))
    tasks = ready(ledger, campaign)
    for one in tasks[:3]:
        fail_once(ledger, one, shelf[0], "time_limit")
    for identity in shelf[1:]:
        fail_once(ledger, tasks[3], identity, "time_limit")
    assert {attempt.failure_code for one in tasks for attempt in attempts(ledger, one)} == {"too_little_time"}
    assert phone(ledger, "p1").quarantined_until is None
    assert read(ledger, holds_in_force) == []


def test_the_time_until_its_latest_end_is_the_tasks_own_too(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    (one,) = ready(ledger, plant(ledger, like()))
    change(ledger, one, latest_end=now(ledger) + timedelta(seconds=60))
    fail_once(ledger, one, shelf[0], "time_limit")
    (attempt,) = attempts(ledger, one)
    assert (attempt.failure_code, attempt.culprit) == ("too_little_time", "task")


def test_phones_that_fail_alike_at_one_moment_lay_one_hold(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    tasks = ready(ledger, plant(ledger, group(likes(6))))
    for one, identity in zip(tasks[:2], shelf, strict=False):
        fail_once(ledger, one, identity, "video_not_found")
    for one in tasks[2:4]:
        change(ledger, one, meant_for=None)
    claims = [take(ledger, one, identity) for one, identity in zip(tasks[2:4], shelf[2:], strict=True)]
    at_once([partial(record, ledger, got, Failed("video_not_found", "so the test says")) for got in claims])
    ((hold, count),) = read(ledger, holds_in_force)
    assert count == 2
    assert alerts(ledger) == [("content_held", f"hold:{hold.id}")]
    assert release_hold(ledger, hold.id, who="test") == 2
    assert read(ledger, holds_in_force) == []


def test_a_page_that_drifted_on_three_phones_holds_the_flow(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    mine = plant(ledger, group([like("一"), like("二"), like("三"), like("四")]))
    other = plant(ledger, titles())
    for one, identity in zip(ready(ledger, mine), shelf[:3], strict=False):
        fail_once(ledger, one, identity, "page_drift")
    assert states(ledger, mine) == {State.HELD: 4}
    assert states(ledger, other) == {State.READY: 1}


def test_what_is_planted_later_comes_under_the_hold_when_it_is_claimed(
    ledger: Engine, shelf: list[WorkerIdentity]
) -> None:
    for one, identity in zip(ready(ledger, plant(ledger, group(likes(3)))), shelf, strict=False):
        fail_once(ledger, one, identity, "video_not_found")
    late = ready(ledger, plant(ledger, like("标题", comment="later")))[0]
    got = try_to_take(ledger, late, shelf[3])
    assert isinstance(got, NotMine)
    assert task(ledger, late).state == State.HELD


def test_a_released_hold_lets_its_tasks_go_and_counts_anew(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    campaign = plant(ledger, group(likes(6)))
    tasks = ready(ledger, campaign)
    for one, identity in zip(tasks[:3], shelf, strict=False):
        fail_once(ledger, one, identity, "video_not_found")
    ((hold, _),) = read(ledger, holds_in_force)
    assert release_hold(ledger, hold.id, who="admin") == 3
    assert states(ledger, campaign) == {State.FAILED: 3, State.READY: 3}
    assert task(ledger, tasks[3]).held_from is None
    fail_once(ledger, tasks[3], shelf[3], "video_not_found")
    assert read(ledger, holds_in_force) == []
    with pytest.raises(Refused, match="released already"):
        release_hold(ledger, hold.id, who="admin")


# one phone across tasks


def fail_three(ledger: Engine, identity: WorkerIdentity) -> None:
    for one in ready(ledger, plant(ledger, group([titles(), titles(), titles()]))):
        fail_once(ledger, one, identity, "phone_hung")


def test_a_phone_that_fails_across_tasks_goes_into_quarantine(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    fail_three(ledger, shelf[0])
    unfit = why_not(phone(ledger, "p1"), now(ledger))
    assert unfit is not None
    assert unfit.code == "quarantined"
    assert "3 tasks in a row" in unfit.why
    assert ("phone_quarantined", "phone:p1") in alerts(ledger)
    (one,) = ready(ledger, plant(ledger, titles()))
    got = try_to_take(ledger, one, shelf[0])
    assert isinstance(got, NotMine)
    assert got.passed_to in {"p2", "p3", "p4"}


def test_pinned_work_waits_for_the_quarantine_and_says_so(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    fail_three(ledger, shelf[0])
    (one,) = ready(ledger, plant(ledger, titles(queue="phone.p1")))
    assert isinstance(try_to_take(ledger, one, shelf[0]), NotMine)


def test_after_its_cool_down_a_success_releases_the_phone(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    fail_three(ledger, shelf[0])
    set_phone(ledger, "p1", quarantined_until=past(ledger))
    assert awaits_canary(phone(ledger, "p1"), now(ledger))
    (one,) = ready(ledger, plant(ledger, titles()))
    record(ledger, take(ledger, one, shelf[0]), Succeeded({"titles": []}))
    well = phone(ledger, "p1")
    assert (well.quarantined_until, well.quarantines) == (None, 0)
    assert ("phone_released", "phone:p1") in alerts(ledger)


@pytest.mark.parametrize(("code", "again"), [("phone_hung", True), ("video_not_found", False), ("ledger_away", False)])
def test_a_trial_that_fails_by_the_phone_quarantines_it_for_longer(
    ledger: Engine, shelf: list[WorkerIdentity], code: str, again: bool
) -> None:
    fail_three(ledger, shelf[0])
    first = phone(ledger, "p1").quarantine_why
    set_phone(ledger, "p1", quarantined_until=past(ledger))
    (one,) = ready(ledger, plant(ledger, titles()))
    fail_once(ledger, one, shelf[0], code)
    after = phone(ledger, "p1")
    assert (after.quarantines == 2) is again
    assert (after.quarantine_why != first) is again


# an account that must rest


@pytest.mark.parametrize("code", ["rate_limited", "verification_asked"])
def test_what_met_a_limit_stays_with_its_account_which_rests(
    ledger: Engine, shelf: list[WorkerIdentity], code: str
) -> None:
    (one,) = ready(ledger, plant(ledger, like()))
    fail_once(ledger, one, shelf[0], code)
    stays = task(ledger, one)
    assert (stays.state, stays.pinned_account) == (State.READY, "acc-p1")
    account = read(ledger, lambda session: session.get_one(Account, "acc-p1"))
    assert account.resting_since is not None
    assert alerts(ledger) == [("account_rests", "account:acc-p1")]
    for identity in shelf:
        change(ledger, one, not_before=past(ledger))
        assert isinstance(try_to_take(ledger, one, identity), NotMine)
    rest_is_over(ledger, "acc-p1", who="admin")
    change(ledger, one, not_before=past(ledger))
    assert take(ledger, one, shelf[0]).account_id == "acc-p1"


def test_no_other_work_goes_to_an_account_that_rests(ledger: Engine, shelf: list[WorkerIdentity]) -> None:
    one, two = ready(ledger, plant(ledger, group([like(), titles()])))
    fail_once(ledger, one, shelf[0], "rate_limited")
    assert isinstance(try_to_take(ledger, two, shelf[0]), NotMine)
    assert read(ledger, lambda s: s.scalars(select(Account.resting_since).where(Account.id == "acc-p2")).one()) is None
