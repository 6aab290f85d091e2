"""What one customer's parameters or the sandbox explain holds nobody else's tasks, and is told to nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from celery import group
from sqlalchemy import Engine

from models.fleet.fitness import why_not
from models.notify.alerts import latest_alerts
from models.tables import Phone
from models.tasks.states import State
from models.transactions.read_write import read
from tests.gateway.access.blamed_tasks import (
    Case,
    collecting,
    fail,
    liking,
    positional,
    reading,
)
from tests.support.gateway.customers import Customer, customer, deliveries
from tests.support.ledger.drive import (
    change,
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
from workers.attempts.claim import Claim
from workers.attempts.content_holds import holds_in_force, release_hold
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record
from workers.runtime.worker_identity import WorkerIdentity

ORIGIN = "https://hooks.example.com"
ASKS: Mapping[str, Any] = {"events_url": f"{ORIGIN}/events", "wants_alerts": True, "wants_quarantines": True}


OWN: Mapping[str, Case] = {
    "more comments than there are": Case(collecting(least_comments=5000), "titles_shortfall", {}),
    "more titles than there are": Case(collecting(count=50), "titles_shortfall", {}),
    "a loop of one video": Case(liking(video_loop=1), "video_not_found", {}),
    "a loop of one video, read": Case(reading(video_loop=1), "video_not_found", {"looked_at": 1, "loop": 1}),
    "a loop of one comment": Case(liking(comment_loop=1), "comment_not_found", {}),
    "a loop in a positional argument": Case(positional(liking(video_loop=1)), "video_not_found", {}),
    "a loop that ended before the list": Case(liking(), "video_not_found", {"looked_at": 60, "loop": 60}),
    "a large loop that ended before the list": Case(
        liking(video_loop=900), "video_not_found", {"looked_at": 900, "loop": 900}
    ),
    "comments that go on": Case(liking(), "comment_not_found", {"looked_at": 200, "loop": 200}),
}
EVERYBODYS: Mapping[str, Case] = {
    "a loop as usual": Case(liking(), "video_not_found", {}),
    "a list that ended before the loop": Case(liking(), "video_not_found", {"looked_at": 7, "loop": 60}),
    "a list that ended in a small loop": Case(liking(video_loop=9), "video_not_found", {"looked_at": 7, "loop": 9}),
    "comments that ended": Case(liking(comment_loop=20), "comment_not_found", {"looked_at": 3, "loop": 20}),
    "an author that is gone": Case(collecting(video_loop=1), "author_not_found", {}),
    "a list that does not load": Case(reading(video_loop=1), "list_not_loaded", {}),
    "a page that drifted": Case(liking(video_loop=1), "page_drift", {}),
}


pytestmark = pytest.mark.usefixtures("master_key")
on_sqlite = pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)  # tables of cases; MariaDB has a few


@pytest.fixture
def simulated(ledger: Engine) -> list[WorkerIdentity]:
    owned_author(ledger)
    return [online_worker(ledger, serial, sandbox=True) for serial in ("s1", "s2", "s3", "s4")]


def fail_on_three(
    ledger: Engine, campaign_id: str, shelf: Sequence[WorkerIdentity], case: Case, *, pinned: bool = False
) -> None:
    """The campaign's first three tasks fail alike on three phones, and what goes on elsewhere does so too."""
    for one, identity in zip(ready(ledger, campaign_id)[:3], shelf, strict=False):
        fail(ledger, one, identity, case)


def claimable(ledger: Engine, one: str, identity: WorkerIdentity) -> bool:
    change(ledger, one, not_before=past(ledger), meant_for=None)
    got = try_to_take(ledger, one, identity)
    assert isinstance(got, Claim) or got.state == State.HELD, got
    return isinstance(got, Claim)


@on_sqlite
@pytest.mark.parametrize("case", OWN.values(), ids=OWN.keys())
def test_what_a_customer_asked_for_holds_its_own_tasks_alone(
    ledger: Engine, shelf: list[WorkerIdentity], case: Case
) -> None:
    acme, again, other = (customer(ledger, ORIGIN, name) for name in ("acme", "acme", "other"))
    mine = acme.plant(group([case.canvas] * 5))
    with_another_key, others = again.plant(case.canvas), other.plant(group([case.canvas] * 2))
    operators = plant(ledger, case.canvas)
    fail_on_three(ledger, mine, shelf, case)
    assert states(ledger, mine) == {State.FAILED: 3, State.HELD: 2}
    assert states(ledger, with_another_key) == {State.HELD: 1}
    assert (states(ledger, others), states(ledger, operators)) == ({State.READY: 2}, {State.READY: 1})
    assert claimable(ledger, ready(ledger, others)[0], shelf[0])
    assert claimable(ledger, ready(ledger, operators)[0], shelf[1])
    assert claimable(ledger, ready(ledger, other.plant(case.canvas))[0], shelf[2])
    assert not claimable(ledger, ready(ledger, acme.plant(case.canvas))[0], shelf[3])
    ((hold, count),) = read(ledger, holds_in_force)
    assert (hold.customer, hold.own, count) == ("acme", True, 4)
    assert release_hold(ledger, hold.id, who="test", ring_now=False) == 4


@on_sqlite
@pytest.mark.parametrize("case", EVERYBODYS.values(), ids=EVERYBODYS.keys())
def test_what_is_so_for_everybody_holds_the_tasks_of_all(
    ledger: Engine, shelf: list[WorkerIdentity], case: Case
) -> None:
    acme, other = (customer(ledger, ORIGIN, name) for name in ("acme", "other"))
    mine, others = acme.plant(group([case.canvas] * 4)), other.plant(case.canvas)
    fail_on_three(ledger, mine, shelf, case)
    assert states(ledger, mine)[State.HELD] >= 1
    assert states(ledger, others) == {State.HELD: 1}
    assert not claimable(ledger, ready(ledger, other.plant(case.canvas))[0], shelf[3])


def test_what_the_operator_asked_for_holds_the_operators_tasks_alone(
    ledger: Engine, shelf: list[WorkerIdentity]
) -> None:
    case = OWN["a loop of one video"]
    others = customer(ledger, ORIGIN).plant(case.canvas)
    mine = plant(ledger, group([case.canvas] * 4))
    fail_on_three(ledger, mine, shelf, case)
    assert states(ledger, mine) == {State.FAILED: 3, State.HELD: 1}
    assert states(ledger, others) == {State.READY: 1}


def test_failures_that_their_parameters_explain_do_not_count_against_everybody(
    ledger: Engine, shelf: list[WorkerIdentity]
) -> None:
    small, usual = OWN["a loop of one video"], EVERYBODYS["a loop as usual"]
    acme, other = (customer(ledger, ORIGIN, name) for name in ("acme", "other"))
    for one, identity in zip(ready(ledger, acme.plant(group([small.canvas] * 2))), shelf, strict=False):
        fail(ledger, one, identity, small)
    others = ready(ledger, other.plant(group([usual.canvas] * 3)))
    fail(ledger, others[0], shelf[2], usual)
    assert read(ledger, holds_in_force) == []
    fail(ledger, others[1], shelf[3], usual)
    assert read(ledger, holds_in_force) == []
    fail(ledger, others[2], shelf[0], usual)
    ((hold, _),) = read(ledger, holds_in_force)
    assert (hold.own, hold.phones) == (False, ["p1", "p3", "p4"])


def test_a_neighbours_success_says_nothing_about_a_customers_own_loop(
    ledger: Engine, shelf: list[WorkerIdentity]
) -> None:
    case = OWN["a loop of one video"]
    acme, other = (customer(ledger, ORIGIN, name) for name in ("acme", "other"))
    mine = ready(ledger, acme.plant(group([case.canvas] * 4)))
    for one, identity in zip(mine[:2], shelf, strict=False):
        fail(ledger, one, identity, case)
    (theirs,) = ready(ledger, other.plant(liking()))
    change(ledger, theirs, meant_for=None)
    record(ledger, take(ledger, theirs, shelf[3]), Succeeded({}))
    fail(ledger, mine[2], shelf[2], case)
    ((hold, count),) = read(ledger, holds_in_force)
    assert (hold.customer, count) == ("acme", 1)


@on_sqlite
@pytest.mark.parametrize("case", [*OWN.values(), *EVERYBODYS.values()], ids=[*OWN, *EVERYBODYS])
def test_what_fails_in_the_sandbox_holds_nothing_outside(
    ledger: Engine, shelf: list[WorkerIdentity], simulated: list[WorkerIdentity], case: Case
) -> None:
    trial, acme = customer(ledger, ORIGIN, "acme", sandbox=True), customer(ledger, ORIGIN, "acme")
    tried, real = trial.plant(group([case.canvas] * 4), sandbox=True), acme.plant(group([case.canvas] * 2))
    fail_on_three(ledger, tried, simulated, case)
    assert states(ledger, tried)[State.HELD] >= 1
    assert states(ledger, real) == {State.READY: 2}
    assert claimable(ledger, ready(ledger, real)[0], shelf[0])
    ((hold, _),) = read(ledger, holds_in_force)
    assert hold.sandbox


def test_what_fails_on_real_phones_holds_nothing_in_the_sandbox_and_does_not_add_up_with_it(
    ledger: Engine, shelf: list[WorkerIdentity], simulated: list[WorkerIdentity]
) -> None:
    case = EVERYBODYS["a list that does not load"]
    tried = ready(ledger, plant(ledger, group([case.canvas] * 3), sandbox=True))
    real = ready(ledger, plant(ledger, group([case.canvas] * 4)))
    for number in range(2):
        fail(ledger, tried[number], simulated[number], case)
        fail(ledger, real[number], shelf[number], case)
    assert read(ledger, holds_in_force) == []
    fail(ledger, real[2], shelf[2], case)
    assert task(ledger, real[3]).state == State.HELD
    assert task(ledger, tried[2]).state == State.READY
    fail(ledger, tried[2], simulated[2], case)
    assert [hold.sandbox for hold, _ in read(ledger, holds_in_force)] == [False, True]


def told(ledger: Engine, *kinds: str) -> set[str]:
    """The keys that are owed an alert of these kinds."""
    return {one.key_id for one in deliveries(ledger) if (one.payload or {}).get("kind") in kinds}


@pytest.mark.parametrize(("case", "whose"), [(OWN["a loop of one video"], 1), (EVERYBODYS["a loop as usual"], 2)])
def test_a_hold_is_told_to_those_whose_tasks_it_holds(
    ledger: Engine, shelf: list[WorkerIdentity], case: Case, whose: int
) -> None:
    acme, other, third, trial = (
        customer(ledger, ORIGIN, name, sandbox=name == "trial", **ASKS) for name in ("acme", "other", "third", "trial")
    )
    mine = acme.plant(group([case.canvas] * 4), url=None)
    other.plant(case.canvas, url=None)
    third.plant(liking(title="另一个"), url=None)
    trial.plant(case.canvas, url=None, sandbox=True)
    fail_on_three(ledger, mine, shelf, case)
    assert told(ledger, "content_held") == {one.key_id for one in (acme, other)[:whose]}
    ((alert),) = [one for one in read(ledger, lambda s: latest_alerts(s, 9)) if one.kind == "content_held"]
    assert "标题" in alert.text


def sandbox_and_real(ledger: Engine) -> tuple[Customer, Customer]:
    return customer(ledger, ORIGIN, "acme", sandbox=True, **ASKS), customer(ledger, ORIGIN, "other", **ASKS)


@on_sqlite
@pytest.mark.parametrize("code", ["phone_hung", "rate_limited", "page_drift", "logged_out", "app_missing"])
def test_blame_of_simulated_phones_is_told_to_keys_of_the_sandbox_alone(
    ledger: Engine, simulated: list[WorkerIdentity], code: str
) -> None:
    trial, _ = sandbox_and_real(ledger)
    for one in ready(ledger, plant(ledger, group([titles()] * 3), sandbox=True)):
        identity = online_worker(ledger, "s1", sandbox=True)
        fail(ledger, one, identity, Case(titles(), code, {}))
        if code != "phone_hung":
            break
    assert {one.key_id for one in deliveries(ledger)} == {trial.key_id}


def test_a_drift_of_simulated_phones_does_not_silence_that_of_real_ones(
    ledger: Engine, shelf: list[WorkerIdentity], simulated: list[WorkerIdentity]
) -> None:
    trial, real = sandbox_and_real(ledger)
    drift = Case(titles(), "page_drift", {"page": "search"})
    fail(ledger, ready(ledger, plant(ledger, titles(), sandbox=True))[0], simulated[0], drift)
    fail(ledger, ready(ledger, plant(ledger, titles()))[0], shelf[0], drift)
    assert [(one.key_id, one.payload["subject"]) for one in deliveries(ledger)] == [
        (trial.key_id, "sandbox-page:search@unknown"),
        (real.key_id, "page:search@unknown"),
    ]


def test_a_quarantine_in_the_sandbox_ends_when_the_phone_leaves_it(
    ledger: Engine, simulated: list[WorkerIdentity]
) -> None:
    hung = Case(titles(), "phone_hung", {})
    for one in ready(ledger, plant(ledger, group([titles()] * 3), sandbox=True)):
        fail(ledger, one, simulated[0], hung)
    phone = read(ledger, lambda session: session.get_one(Phone, "s1"))
    assert why_not(phone, now(ledger)) is not None
    real = online_worker(ledger, "s1")
    phone = read(ledger, lambda session: session.get_one(Phone, "s1"))
    assert (why_not(phone, now(ledger)), phone.quarantines) == (None, 0)
    fail(ledger, ready(ledger, plant(ledger, titles()))[0], real, hung)
    phone = read(ledger, lambda session: session.get_one(Phone, "s1"))
    assert phone.quarantined_until is None  # what failed before it came does not count
