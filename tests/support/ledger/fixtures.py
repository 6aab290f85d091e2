"""A migrated ledger on each database, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, String, Table, delete, exists, literal, literal_column, make_url, select, union_all
from sqlalchemy.orm import Session

from models.database.engine import connect
from models.database.rights import CHANGING, WORKING
from models.tables import metadata_of_all
from models.transactions.read_write import write
from tests.support.host.shelf import celery_for
from tests.support.ledger.copied import make_tables
from tests.support.servers import MariaDB
from workers.dispatch import ring as ringing

LITERALLY = {"literal_binds": True}


@contextmanager
def migrated_ledger(request: pytest.FixtureRequest, folder: Path) -> Iterator[Engine]:
    """A ledger of the newest version, on the database that the fixture's parameter names."""
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'ledger.db'}"
        if request.param == "mariadb":
            server: MariaDB = request.getfixturevalue("mariadb_server")
            url = working_database(server, stack.enter_context(server.database()))
        yield stack.enter_context(_migrated(url))


@contextmanager
def _migrated(url: str) -> Iterator[Engine]:
    engine = connect(url)
    try:
        make_tables(engine)
        yield engine
    finally:
        engine.dispose()


def working_database(server: MariaDB, url: str) -> str:
    """Make a ledger in an empty database, as the user who may. Its address for the user who may change rows alone."""
    changing = connect(server.user(url, "change", CHANGING))
    try:
        make_tables(changing)
    finally:
        changing.dispose()
    return server.user(url, "work", WORKING)


@pytest.fixture(scope="session")
def own_sqlite_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """This test process's ledger on SQLite."""
    with _migrated(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}") as engine:
        yield engine


@pytest.fixture(scope="session")
def own_mariadb_ledger(mariadb_server: MariaDB) -> Iterator[Engine]:
    """This test process's ledger on MariaDB."""
    with mariadb_server.database() as url, _migrated(working_database(mariadb_server, url)) as engine:
        yield engine


@pytest.fixture(scope="session", params=["sqlite", "mariadb"])
def shared_ledger(request: pytest.FixtureRequest) -> Engine:
    """A ledger on SQLite, then on MariaDB. Each is made once: its tables cost more than most tests.

    pytest sets this fixture up anew for each file and parameter, and those two once.
    """
    engine: Engine = request.getfixturevalue(f"own_{request.param}_ledger")
    return engine


@pytest.fixture
def ledger(shared_ledger: Engine) -> Iterator[Engine]:
    """An empty ledger on each database."""
    yield shared_ledger

    write(shared_ledger, empty)


def empty(session: Session) -> None:
    """Delete all rows. Most tests leave some in a few tables, and one statement tells in which."""
    connection = session.connection()
    names = set(connection.exec_driver_sql(_which_have_rows(connection.dialect.name)).scalars())
    for table in _tables():
        if table.name in names:
            session.execute(delete(table))


@cache
def _tables() -> Sequence[Table]:
    """Those that point at others first."""
    return list(reversed(metadata_of_all().sorted_tables))


@cache
def _which_have_rows(dialect: str) -> str:
    """The statement as text: to put it together takes longer than many tests."""
    full = (
        select(literal(table.name, String)).where(exists(select(literal_column("1")).select_from(table)))
        for table in _tables()
    )
    compiled = union_all(*full).compile(dialect=make_url(f"{dialect}://").get_dialect()(), compile_kwargs=LITERALLY)
    return str(compiled)


@pytest.fixture
def mariadb_ledger(own_mariadb_ledger: Engine) -> Iterator[Engine]:
    """An empty ledger on MariaDB, for what SQLite cannot do: lock rows one by one, or raise any error."""
    yield own_mariadb_ledger

    write(own_mariadb_ledger, empty)


@pytest.fixture(name="redis")
def redis_of_tickets(empty_redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """An empty Redis, to which tickets go."""
    celery = celery_for(empty_redis_url)
    monkeypatch.setattr(ringing, "app", celery)
    with Redis.from_url(empty_redis_url, socket_timeout=10) as client:
        yield client
    celery.close()
