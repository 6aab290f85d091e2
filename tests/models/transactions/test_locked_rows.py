"""A worker that stands still in the middle of a transaction: its rows are locked, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.database.engine import Patience, connect
from models.tables import Task
from models.tasks.leases import Renewed, renew_leases
from tests.support.ledger.drive import attempts, change, past, plant, ready, runs, take, work
from tests.support.poll import wait_until
from workers.attempts.claim import Claim
from workers.attempts.rescue import rescue_expired


@contextmanager
def standing_still(engine: Engine, task_id: str) -> Iterator[None]:
    """Somebody holds the task's row for as long as the block lasts."""
    with Session(engine) as session, session.begin():
        session.scalars(select(Task).where(Task.id == task_id).with_for_update()).one()
        yield


def two_running(engine: Engine) -> tuple[Claim, Claim]:
    first, second = (take(engine, ready(engine, plant(engine, work(number)))[0]) for number in (1, 2))
    return first, second


def test_neighbours_leases_are_renewed(mariadb_ledger: Engine) -> None:
    stuck, other = two_running(mariadb_ledger)
    with standing_still(mariadb_ledger, stuck.fence.task_id):
        renewed = renew_leases(mariadb_ledger, runs(stuck, other), 500)
    assert renewed == Renewed({other.fence.incarnation: other.fence.task_id}, {stuck.fence.incarnation})


def test_neighbours_are_rescued_and_the_locked_one_when_it_is_let_go(mariadb_ledger: Engine) -> None:
    stuck, other = two_running(mariadb_ledger)
    for one in (stuck, other):
        change(mariadb_ledger, one.fence.task_id, lease_until=past(mariadb_ledger))
    with standing_still(mariadb_ledger, stuck.fence.task_id):
        assert rescue_expired(mariadb_ledger) == [other.fence.task_id]
    assert rescue_expired(mariadb_ledger) == [stuck.fence.task_id]
    assert attempts(mariadb_ledger, stuck.fence.task_id)[0].outcome == "lost"


def test_the_database_ends_a_transaction_that_lies_idle(mariadb_ledger: Engine) -> None:
    stuck, _ = two_running(mariadb_ledger)
    frozen = connect(mariadb_ledger.url.render_as_string(hide_password=False), Patience(answer=5, lock=2, idle=1))
    with frozen.connect() as connection:
        thread = connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one()  # no transaction of InnoDB's yet
        connection.execute(select(Task.id).where(Task.id == stuck.fence.task_id).with_for_update())

        def ended() -> bool:
            with mariadb_ledger.connect() as other:
                found = text("SELECT COUNT(*) FROM information_schema.processlist WHERE id = :id")
                return bool(other.execute(found, {"id": thread}).scalar_one() == 0)

        wait_until(ended, 20, "the idle transaction to be ended")
        assert renew_leases(mariadb_ledger, runs(stuck), 500).held == runs(stuck)
        with pytest.raises(OperationalError):
            connection.execute(select(Task.id))
    frozen.dispose()
