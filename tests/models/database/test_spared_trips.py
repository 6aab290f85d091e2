"""The pool's trips: a connection is checked before use, and rolled back where a transaction may be open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from MySQLdb.connections import Connection as Driver
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from models.database import spared_trips
from models.database.engine import connect
from models.database.spared_trips import spare_trips
from models.tables import CapValue
from models.transactions.read_write import read, write
from tests.support.ledger.copied import make_tables
from tests.support.poll import wait_until


@dataclass
class Pooled:
    """An engine with one connection, and its pool's rollbacks."""

    engine: Engine
    trips: list[str]


@pytest.fixture
def pooled(mariadb_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pooled]:
    make_tables(connect(mariadb_database))
    trips: list[str] = []
    engine = create_engine(mariadb_database, pool_size=1, max_overflow=0, pool_reset_on_return=None, pool_pre_ping=True)
    spare_trips(engine)
    monkeypatch.setattr(spared_trips, "monotonic", lambda: 0.0)  # however slow the machine is, no time passes
    for name in ("rollback", "ping"):
        monkeypatch.setattr(Driver, name, _noted(name, getattr(Driver, name), trips), raising=False)
    read(engine, lambda session: session.execute(text("SELECT 1")))
    trips.clear()  # those of SQLAlchemy's first look at the server
    yield Pooled(engine, trips)
    engine.dispose()


def _noted(name: str, does: Callable[..., object], trips: list[str]) -> Callable[..., object]:
    def noted(connection: Driver, *arguments: object) -> object:
        trips.append(name)
        return does(connection, *arguments)

    return noted


def put(engine: Engine, name: str) -> None:
    write(engine, lambda session: session.add(CapValue(name=name, value=1)))


def names(engine: Engine) -> list[str]:
    return read(engine, lambda session: sorted(session.scalars(text("SELECT name FROM caps")).all()))


def kill(url: str, number: int) -> None:
    engine = connect(url)
    with engine.connect() as other:
        other.execute(text(f"KILL {number}"))
    engine.dispose()


def ended(url: str, number: int) -> bool:
    engine = connect(url)
    with engine.connect() as other:
        counted = text("SELECT COUNT(*) FROM information_schema.processlist WHERE id = :number")
        there = bool(other.execute(counted, {"number": number}).scalar_one())
    engine.dispose()
    return not there


def test_a_committed_transaction_costs_no_further_trip(pooled: Pooled) -> None:
    for name in ("a", "b", "c"):
        put(pooled.engine, name)
    assert pooled.trips == []
    assert names(pooled.engine) == ["a", "b", "c"]


def test_reading_leaves_no_transaction_open(pooled: Pooled) -> None:
    names(pooled.engine)
    assert pooled.trips == ["rollback"]  # one, and not a second one by the pool
    other = connect(str(pooled.engine.url.render_as_string(hide_password=False)))
    put(other, "late")
    other.dispose()
    assert names(pooled.engine) == ["late"]


def _fails_in_the_work(session: Session) -> None:
    session.add(CapValue(name="lost", value=1))
    session.flush()
    raise RuntimeError("a mistake")


def _fails_in_a_statement(session: Session) -> None:
    session.add(CapValue(name="lost", value=1))
    session.flush()
    session.execute(text("SELECT nothing FROM nowhere"))


@pytest.mark.parametrize("work", [_fails_in_the_work, _fails_in_a_statement])
def test_after_an_error_nothing_stays_open(pooled: Pooled, work: Callable[[Session], None]) -> None:
    with pytest.raises((RuntimeError, DBAPIError)):
        write(pooled.engine, work)
    assert "rollback" in pooled.trips
    put(pooled.engine, "kept")
    assert names(pooled.engine) == ["kept"]


def test_a_commit_that_fails_is_rolled_back(pooled: Pooled, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_connection: Driver) -> None:
        raise OperationalError("COMMIT", {}, Exception("a deadlock at the commit"))

    with monkeypatch.context() as broken:
        broken.setattr(Driver, "commit", fails, raising=False)
        with pytest.raises(OperationalError):
            put(pooled.engine, "lost")
    assert "rollback" in pooled.trips
    put(pooled.engine, "kept")
    assert names(pooled.engine) == ["kept"]


def test_a_commit_that_never_began_is_rolled_back(pooled: Pooled) -> None:
    def dies(_connection: object) -> None:
        raise RuntimeError("the process stops here")

    event.listen(pooled.engine, "commit", dies)
    with pytest.raises(RuntimeError):
        put(pooled.engine, "lost")
    event.remove(pooled.engine, "commit", dies)
    assert pooled.trips == ["rollback"]
    put(pooled.engine, "kept")
    assert names(pooled.engine) == ["kept"]


def test_a_connection_given_back_by_hand_is_rolled_back(pooled: Pooled) -> None:
    connection = pooled.engine.connect()
    connection.execute(text("INSERT INTO caps (name, value) VALUES ('lost', 1)"))
    connection.close()
    assert pooled.trips == ["rollback"]
    assert names(pooled.engine) == []


def test_one_that_went_by_no_event_is_rolled_back(pooled: Pooled) -> None:
    connection = pooled.engine.raw_connection()
    connection.cursor().execute("INSERT INTO caps (name, value) VALUES ('kept by its own commit', 1)")
    connection.commit()
    connection.cursor().execute("INSERT INTO caps (name, value) VALUES ('lost', 1)")
    del connection
    assert names(pooled.engine) == ["kept by its own commit"]


def test_a_connection_that_the_server_ended_is_replaced(pooled: Pooled, mariadb_database: str) -> None:
    with pooled.engine.connect() as connection:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
    kill(mariadb_database, number)
    wait_until(lambda: ended(mariadb_database, number), 30, "the server to end the connection")
    put(pooled.engine, "a")
    assert pooled.trips[-1] == "ping"  # the socket said so, and the server was asked
    assert names(pooled.engine) == ["a"]


def test_a_connection_is_checked_after_a_pause(pooled: Pooled, monkeypatch: pytest.MonkeyPatch) -> None:
    put(pooled.engine, "a")
    assert pooled.trips == []
    monkeypatch.setattr(spared_trips, "monotonic", lambda: 2 * spared_trips.FRESH_SECONDS)
    put(pooled.engine, "b")
    assert pooled.trips == ["ping"]
    put(pooled.engine, "c")
    assert pooled.trips == ["ping"]  # it answered just now


def test_every_engine_of_the_ledger_spares_them(mariadb_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = connect(mariadb_database)
    trips: list[str] = []
    monkeypatch.setattr(Driver, "rollback", _noted("rollback", Driver.rollback, trips), raising=False)
    read(engine, lambda session: session.execute(text("SELECT 1")))
    trips.clear()
    for _ in range(3):
        write(engine, lambda session: session.execute(text("SELECT 1")))
    assert trips == []
    engine.dispose()
