"""What one statement locks for an action, and in which order: others that lock the same rows must not stand across."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind
from models.responsible_use.action_journal import conclude
from models.responsible_use.locked_act import lock_for_act
from models.tables import Account, ActionRow, Author, Campaign, Task
from models.tasks.fence import LeaseLost
from models.transactions.read_write import read, write
from tests.support.ledger.drive import AUTHOR, ZONE, change, like, online_worker, owned_author, past, plant, ready, take
from tests.support.poll import wait_until
from workers.attempts.claim import Claim
from workers.execution.ledger_journal import LedgerJournal

MINE = "a"
LIKE = Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看")


def acting(engine: Engine) -> Claim:
    """A claimed task that likes a comment, of a campaign without quotas."""
    owned_author(engine)
    (one,) = ready(engine, plant(engine, like()))
    got = take(engine, one, online_worker(engine, "s1", MINE))
    assert not got.has_quotas
    return got


@contextmanager
def locked(engine: Engine, table: type[Author | Account | Task], key: str) -> Iterator[None]:
    """Somebody holds this row for as long as the block lasts."""
    with Session(engine) as session, session.begin():
        session.execute(select(table.id).where(table.id == key).with_for_update()).one()
        yield


def is_free(engine: Engine, table: type[Author | Account | Task | Campaign], key: str) -> bool:
    """Whether nobody has locked this row."""
    with Session(engine) as session:
        try:
            session.execute(select(table.id).where(table.id == key).with_for_update(nowait=True)).one()
        except OperationalError:
            return False
        return True


def waits(engine: Engine) -> bool:
    """Whether somebody waits for a lock of the server's."""
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE :sent"),
            {"sent": "SELECT authors.%FOR UPDATE"},
        )
        return bool(found.scalar_one())


def lock_all(engine: Engine, got: Claim, has_quotas: bool = False) -> str:
    """Locks what the action of this claim needs, and lets go. Returns the task."""
    return write(engine, lambda session: lock_for_act(session, got.fence, AUTHOR, MINE, has_quotas=has_quotas).task.id)


def test_the_author_comes_before_the_account_and_that_before_the_task(mariadb_ledger: Engine) -> None:
    got = acting(mariadb_ledger)
    task_id = got.fence.task_id
    with ThreadPoolExecutor(1) as pool:
        with locked(mariadb_ledger, Account, MINE):
            done = pool.submit(lock_all, mariadb_ledger, got)
            wait_until(lambda: not is_free(mariadb_ledger, Author, AUTHOR), 60, "the author to be locked")
            wait_until(lambda: waits(mariadb_ledger), 60, "the statement to wait for the account")
            assert is_free(mariadb_ledger, Task, task_id)
        assert done.result(60) == task_id
        with locked(mariadb_ledger, Author, AUTHOR):
            done = pool.submit(lock_all, mariadb_ledger, got)
            wait_until(lambda: waits(mariadb_ledger), 60, "the statement to wait for the author")
            assert is_free(mariadb_ledger, Account, MINE)
            assert is_free(mariadb_ledger, Task, task_id)
        assert done.result(60) == task_id


@pytest.mark.parametrize("quotas", [None, {"comments": 3}])
def test_the_campaign_is_locked_if_it_has_quotas_whatever_the_caller_knows(
    mariadb_ledger: Engine, quotas: dict[str, int] | None
) -> None:
    got = acting(mariadb_ledger)
    mine = update(Campaign).where(Campaign.id == got.campaign_id).values(quotas=quotas)
    write(mariadb_ledger, lambda session: session.execute(mine))
    for known in (False, True):
        with Session(mariadb_ledger) as session, session.begin():
            found = lock_for_act(session, got.fence, AUTHOR, MINE, has_quotas=known)
            assert found.campaign is not None
            assert (found.campaign.quotas, found.campaign.asked_by) == (quotas or {}, "test")
            assert is_free(mariadb_ledger, Campaign, got.campaign_id) == (quotas is None)
            assert not is_free(mariadb_ledger, Task, got.fence.task_id)


@pytest.mark.parametrize("author", [AUTHOR, "nobody"])
def test_a_lease_that_is_lost_locks_for_no_action(ledger: Engine, author: str) -> None:
    got = acting(ledger)
    change(ledger, got.fence.task_id, lease_until=past(ledger))
    with pytest.raises(LeaseLost):
        write(ledger, lambda session: lock_for_act(session, got.fence, author, MINE, has_quotas=False))


def test_an_author_without_a_row_is_found_out_all_the_same(ledger: Engine) -> None:
    got = acting(ledger)
    found = write(ledger, lambda session: lock_for_act(session, got.fence, "nobody", MINE, has_quotas=False))
    assert found.author is None


def test_an_outcome_is_written_under_the_lock_of_its_task(mariadb_ledger: Engine) -> None:
    got = acting(mariadb_ledger)
    number = _declared(mariadb_ledger, got)
    with Session(mariadb_ledger) as session, session.begin():
        conclude(session, got.fence, number, happened=True, verified=True, reason=None)
        assert not is_free(mariadb_ledger, Task, got.fence.task_id)
    assert is_free(mariadb_ledger, Task, got.fence.task_id)
    assert _outcome(mariadb_ledger, number) == ("done", True)


@pytest.mark.parametrize("lost", ["attempt", "incarnation", "lease"])
def test_an_outcome_of_a_lost_lease_is_refused(ledger: Engine, lost: str) -> None:
    got = acting(ledger)
    number = _declared(ledger, got)
    fence = got.fence
    if lost == "lease":
        change(ledger, fence.task_id, lease_until=past(ledger))
    else:
        fence = replace(fence, attempt=7) if lost == "attempt" else replace(fence, incarnation="another")
    with pytest.raises(LeaseLost):
        write(ledger, lambda session: conclude(session, fence, number, happened=True, verified=True, reason=None))
    assert _outcome(ledger, number) == ("declared", False)


def _declared(engine: Engine, got: Claim) -> int:
    return LedgerJournal(engine, got, ZONE).declare(LIKE)


def _outcome(engine: Engine, number: int) -> tuple[str, bool]:
    row = read(engine, lambda session: session.get_one(ActionRow, number))
    return row.outcome, row.verified
