"""Whom the coordinator asks who is logged in: phones that do not say, and idle ones after a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import Engine, update

from models.database.clock import database_now
from models.tables import Phone
from models.transactions.read_write import read, write
from tests.support.host.shelf import celery_for
from tests.support.ledger.drive import online_worker
from tests.support.ledger.statements import statements
from workers.coordinator import identify_accounts as identifying
from workers.coordinator.identify_accounts import identify_accounts, idle_again
from workers.dispatch.tickets import queue_lengths
from workers.policy.looks import Looks
from workers.runtime.worker_identity import phone_queue


@pytest.fixture(autouse=True)
def tickets_go_there(redis: Redis, empty_redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    celery = celery_for(empty_redis_url)
    monkeypatch.setattr(identifying, "app", celery)
    yield
    celery.close()


@pytest.mark.parametrize(
    ("ago", "asked"),
    [(None, 1), (idle_again() + timedelta(seconds=1), 1), (timedelta(minutes=-10), 0)],
    ids=["never", "long ago", "just now"],
)
def test_a_phone_is_asked_by_when_its_account_was_read(
    ledger: Engine, redis: Redis, ago: timedelta | None, asked: int
) -> None:
    online_worker(ledger, "p1")
    at = None if ago is None else read(ledger, database_now) - ago
    write(ledger, lambda session: session.execute(update(Phone).values(account_read_at=at)))
    assert identify_accounts(ledger, Looks()) == asked
    queue = phone_queue("p1")
    assert queue_lengths(redis, [queue])[queue] == asked


def test_whoever_is_to_be_asked_is_found_with_one_statement(ledger: Engine, redis: Redis) -> None:
    for serial in ("p1", "p2"):
        online_worker(ledger, serial)
    write(ledger, lambda session: session.execute(update(Phone).values(account_read_at=None)))
    with statements(ledger) as sent:
        assert identify_accounts(ledger, Looks()) == 2
    assert len([one for one, _ in sent if not one.startswith("BEGIN")]) == 1, sent
