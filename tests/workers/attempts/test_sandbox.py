"""Tasks of sandbox keys run on simulated phones and nowhere else; real tasks never run there."""

from __future__ import annotations

from functools import partial

import pytest
from redis import Redis
from sqlalchemy import Engine

from models.fleet.accounts import known_accounts
from models.tasks.states import State
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.drive import (
    change,
    like,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    take,
    task,
    titles,
    try_to_take,
)
from workers.attempts.claim import Claim, NotMine
from workers.dispatch.ring import ring_ready
from workers.dispatch.routing import UNSERVED

NOBODY = {True: "no simulated phone is online", False: "no phone is online"}


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_pool_task_is_passed_on_to_a_phone_of_its_own_sort(ledger: Engine, *, sandbox: bool) -> None:
    owned_author(ledger)
    mine, other = online_worker(ledger, "mine", sandbox=sandbox), online_worker(ledger, "other", sandbox=not sandbox)
    for canvas in (titles(), like()):
        (one,) = ready(ledger, plant(ledger, canvas, sandbox=sandbox))
        passed = try_to_take(ledger, one, other)
        assert isinstance(passed, NotMine)
        assert passed.passed_to == "mine"
        assert take(ledger, one, mine).serial == "mine"


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_pool_task_waits_while_only_phones_of_the_other_sort_are_there(ledger: Engine, *, sandbox: bool) -> None:
    owned_author(ledger)
    other = online_worker(ledger, "other", sandbox=not sandbox)
    (one,) = ready(ledger, plant(ledger, titles(), sandbox=sandbox))
    assert isinstance(try_to_take(ledger, one, other), NotMine)
    row = task(ledger, one)
    assert row.state == State.READY
    assert (row.waits_for or "").startswith(NOBODY[sandbox])


@pytest.mark.parametrize("sandbox", [True, False])
@pytest.mark.parametrize("queue", ["phone.other", "account.acc-other"])
def test_what_is_pinned_to_the_other_sort_is_refused(ledger: Engine, queue: str, *, sandbox: bool) -> None:
    owned_author(ledger)
    online_worker(ledger, "other", sandbox=not sandbox)
    with pytest.raises(Refused, match="is unknown"):
        plant(ledger, titles(queue=queue), sandbox=sandbox)


def test_a_pin_does_not_carry_a_task_over_when_the_phone_changes_sides(ledger: Engine) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1")
    (one,) = ready(ledger, plant(ledger, titles(queue="phone.p1")))
    simulated = online_worker(ledger, "p1", sandbox=True)
    assert isinstance(try_to_take(ledger, one, simulated), NotMine)
    real = online_worker(ledger, "p1")
    change(ledger, one, not_before=past(ledger))
    assert isinstance(try_to_take(ledger, one, real), Claim)


def test_the_even_share_is_planned_over_accounts_of_its_own_sort(ledger: Engine) -> None:
    owned_author(ledger)
    online_worker(ledger, "real")
    online_worker(ledger, "simulated", sandbox=True)
    for sandbox, account in ((True, "acc-simulated"), (False, "acc-real")):
        (one,) = ready(ledger, plant(ledger, like(), sandbox=sandbox))
        assert task(ledger, one).meant_for == account
        known = read(ledger, partial(known_accounts, sandbox=sandbox))
        assert list(known) == [account]


@pytest.mark.parametrize("sandbox", [True, False])
def test_no_ticket_goes_round_among_phones_of_the_other_sort_alone(
    ledger: Engine, redis: Redis, *, sandbox: bool
) -> None:
    owned_author(ledger)
    online_worker(ledger, "other", sandbox=not sandbox)
    (one,) = ready(ledger, plant(ledger, titles(), sandbox=sandbox))
    assert ring_ready(ledger) == 0
    assert task(ledger, one).waits_for == UNSERVED[sandbox]
    online_worker(ledger, "mine", sandbox=sandbox)
    assert ring_ready(ledger) == 1
    assert task(ledger, one).waits_for is None


def test_tickets_wait_in_the_pool_while_no_phone_is_there_at_all(ledger: Engine, redis: Redis) -> None:
    owned_author(ledger)
    ready(ledger, plant(ledger, titles()))
    assert ring_ready(ledger) == 1
