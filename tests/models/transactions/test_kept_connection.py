"""A kept connection: the same one while it is in use, checked by the pool after a pause, given back after an error."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from models.database.engine import connect
from models.tables import CapValue
from models.transactions.kept_connection import KEEP_SECONDS, KeptConnection
from models.transactions.read_write import read, write


@dataclass
class Clock:
    """A clock that the test turns."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def taken(ledger: Engine) -> list[str]:
    """When the pool gave a connection, and when it got one back."""
    seen: list[str] = []

    def took(*_: object) -> None:
        seen.append("taken")

    def got_back(*_: object) -> None:
        seen.append("back")

    event.listen(ledger, "checkout", took)
    event.listen(ledger, "checkin", got_back)
    return seen


def put(kept: KeptConnection, kind: str) -> None:
    def work(session: Session) -> None:
        session.add(CapValue(name=kind, value=1))

    with kept.use() as connection:
        write(connection, work)


def names(engine: Engine) -> list[str]:
    return read(engine, lambda session: sorted(session.scalars(text("SELECT name FROM caps")).all()))


def test_it_is_kept_while_it_is_used_and_checked_after_a_pause(ledger: Engine, taken: list[str]) -> None:
    clock = Clock()
    kept = KeptConnection(ledger, clock)
    put(kept, "a")
    clock.now += KEEP_SECONDS
    put(kept, "b")
    assert taken == ["taken"]
    clock.now += KEEP_SECONDS + 0.1
    put(kept, "c")
    assert taken == ["taken", "back", "taken"]
    kept.close()
    kept.close()
    assert taken == ["taken", "back", "taken", "back"]
    assert names(ledger) == ["a", "b", "c"]


def test_after_an_error_it_goes_back_and_nothing_stays_open(ledger: Engine, taken: list[str]) -> None:
    kept = KeptConnection(ledger, Clock())

    def fail(session: Session) -> None:
        session.add(CapValue(name="lost", value=1))
        session.flush()
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError), kept.use() as connection:
        write(connection, fail)
    assert taken == ["taken", "back"]
    put(kept, "kept")
    assert names(ledger) == ["kept"]
    kept.close()


def test_a_connection_that_the_server_ended_is_replaced(mariadb_database: str) -> None:
    engine = connect(mariadb_database)
    clock = Clock()
    kept = KeptConnection(engine, clock)
    with kept.use() as connection:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
        connection.rollback()
    with engine.connect() as other:
        other.execute(text(f"KILL {number}"))
    clock.now += KEEP_SECONDS + 0.1
    with kept.use() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
        connection.rollback()
    kept.close()
    engine.dispose()
