"""What one customer's transactions lock keeps nobody else's phones, tickets and numbers waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Select, insert, select, update

from models.fleet.own_pauses import why_held_back
from models.fleet.phones import mark_silent
from models.fleet.phones_alive import phones_alive
from models.history.state_changes import BATCH_SIZE, last_position, number_changes
from models.tables import Account, ApiKey, AuditEntry, Phone, StateChange, Task
from models.transactions.read_write import read, write
from models.values.enums import PhoneState
from tests.support.gateway.customers import Customer, customer
from tests.support.ledger.drive import now, online_worker, owned_author, ready, rows_in, task, titles
from tests.support.ledger.many_tasks import many
from tests.support.ledger.statements import statements
from workers.control.own_pause import pause_phone_for
from workers.dispatch.ring import explain_waits, ring_ready

ORIGIN = "https://hooks.example.com"

pytestmark = [
    pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True),
    pytest.mark.usefixtures("master_key", "redis"),
]


@pytest.fixture
def heavy(ledger: Engine) -> Customer:
    owned_author(ledger)
    return customer(ledger, ORIGIN, "heavy")


@contextmanager
def locked(engine: Engine, rows: Select[Any]) -> Iterator[None]:
    """A transaction that has locked these rows."""
    with engine.connect() as connection, connection.begin():
        assert connection.execute(rows.with_for_update()).all()
        yield


def many_changes(engine: Engine, who: Customer, count: int) -> None:
    """So many changes of a customer that have no number yet."""
    row = {"key_id": who.key_id, "kind": "task", "subject_id": "t", "campaign_id": "c", "state": "ready"}
    rows = [{**row, "at": now(engine)}] * count
    write(engine, lambda session: session.execute(insert(StateChange), rows))


def last_of(engine: Engine, who: Customer) -> int:
    return read(engine, lambda session: last_position(session, who.key_id))


def phones(engine: Engine) -> dict[str, tuple[str, datetime]]:
    rows = read(engine, lambda session: session.execute(select(Phone.serial, Phone.state, Phone.seen_at)).all())
    return {serial: (state, seen_at) for serial, state, seen_at in rows}


def test_a_host_tells_that_its_phones_are_there_while_one_is_locked(ledger: Engine) -> None:
    workers = [online_worker(ledger, serial).incarnation for serial in ("p1", "p2", "p3")]
    long_ago = now(ledger) - timedelta(hours=1)
    write(ledger, lambda session: session.execute(update(Phone).values(seen_at=long_ago)))
    mark_silent(ledger)
    with locked(ledger, select(Phone.serial).where(Phone.serial == "p2")):
        assert phones_alive(ledger, workers).may_work == {workers[0], workers[2]}
        there = phones(ledger)
    assert [there[serial][0] for serial in ("p1", "p2", "p3")] == [
        PhoneState.ONLINE,
        PhoneState.SILENT,
        PhoneState.ONLINE,
    ]
    assert there["p1"][1] > long_ago < there["p3"][1]
    assert phones_alive(ledger, workers).may_work == set(workers)
    assert phones(ledger)["p2"][0] == PhoneState.ONLINE


def test_a_host_tells_of_all_its_phones_with_two_statements_while_their_accounts_are_locked(ledger: Engine) -> None:
    workers = [online_worker(ledger, serial).incarnation for serial in ("p1", "p2", "p3")]
    resting = update(Account).where(Account.id == account_of(ledger, "p2")).values(resting_since=now(ledger))
    write(ledger, lambda session: session.execute(resting))
    with locked(ledger, select(Account.id)), statements(ledger) as asked:
        assert phones_alive(ledger, workers).may_work == {workers[0], workers[2]}
    assert len(asked) == 2, asked


def account_of(engine: Engine, serial: str) -> str | None:
    return read(engine, lambda session: session.get_one(Phone, serial).account_id)


def test_a_pause_waits_for_no_task_that_somebody_holds(ledger: Engine, heavy: Customer) -> None:
    online_worker(ledger, "p1")
    (pinned,) = ready(ledger, heavy.plant(titles(queue="phone.p1")))
    ring_ready(ledger)
    with locked(ledger, select(Task.id).where(Task.id == pinned)):
        pause_phone_for(ledger, "p1", "heavy", who="heavy")
    assert task(ledger, pinned).rung_queue == "phone.p1"
    pause_phone_for(ledger, "p1", "heavy", who="heavy")
    assert task(ledger, pinned).rung_queue is None


def test_a_pause_again_and_again_locks_no_phone_and_is_kept_once(ledger: Engine, heavy: Customer) -> None:
    online_worker(ledger, "p1")
    pause_phone_for(ledger, "p1", "heavy", who="heavy")
    kept = rows_in(ledger, AuditEntry)
    with locked(ledger, select(Phone.serial).where(Phone.serial == "p1")):
        for _ in range(3):
            pause_phone_for(ledger, "p1", "heavy", who="heavy")
    assert rows_in(ledger, AuditEntry) == kept


def test_a_key_whose_row_is_locked_keeps_no_other_from_its_numbers(ledger: Engine, heavy: Customer) -> None:
    light = customer(ledger, ORIGIN, "light")
    heavy.plant(titles())
    light.plant(titles())
    with locked(ledger, select(ApiKey.id).where(ApiKey.id == heavy.key_id)):
        assert number_changes(ledger) == 2
    assert (last_of(ledger, heavy), last_of(ledger, light)) == (0, 2)
    assert number_changes(ledger) == 2


def test_a_key_with_thousands_of_changes_keeps_no_other_from_its_numbers(ledger: Engine, heavy: Customer) -> None:
    light = customer(ledger, ORIGIN, "light")
    many_changes(ledger, heavy, 2 * BATCH_SIZE)
    light.plant(titles())
    with locked(ledger, select(ApiKey.id).where(ApiKey.id == heavy.key_id)):
        assert number_changes(ledger) == 2
    assert number_changes(ledger) == BATCH_SIZE


def test_the_ring_changes_no_task_that_has_no_queue(ledger: Engine, heavy: Customer) -> None:
    online_worker(ledger, "p1")
    campaign_id = heavy.plant(titles(queue="phone.p1"))
    many(ledger, campaign_id, 50)
    pause_phone_for(ledger, "p1", "heavy", who="heavy")
    waiting = ready(ledger, campaign_id)
    with locked(ledger, select(Task.id).where(Task.id.in_(waiting))):
        assert ring_ready(ledger, explain=False) == 0
    assert {task(ledger, one).waits_for for one in waiting} == {None}
    explain_waits(ledger)
    assert {task(ledger, one).waits_for for one in waiting} == {why_held_back("p1")}
