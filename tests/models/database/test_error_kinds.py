"""What a database says of a value is final; only what it says of itself is waited for. Told by real errors."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from MySQLdb import OperationalError as MySqlOperationalError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.database.engine import connect
from models.database.error_kinds import asks_to_try_again, is_unavailable, number_of
from tests.support.servers import MariaDB
from workers.runtime.db_retry import retry_while_unavailable

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(3), small TINYINT, doc JSON, must INT NOT NULL DEFAULT 1)"
OF_A_VALUE = {
    1406: "INSERT INTO t (id, word) VALUES (1, 'abcdef')",
    1264: "INSERT INTO t (id, small) VALUES (1, 1000)",
    1366: "INSERT INTO t (id, small) VALUES (1, 'many')",
    # too deep: MySQL's own number is 3157
    4025: "INSERT INTO t (id, doc) VALUES (1, CONCAT(REPEAT('[', 120), REPEAT(']', 120)))",
    1048: "INSERT INTO t (id, must) VALUES (1, NULL)",
    1054: "SELECT nothing FROM t",
    1146: "SELECT 1 FROM nowhere",
    1064: "SELEKT 1",
    1118: f"CREATE TABLE u ({', '.join(f'c{number} CHAR(255)' for number in range(100))}) CHARSET utf8mb4",
}
MYSQLS_OWN = {4025: 3157}
# Each server reads its own part of this: MariaDB /*M!, MySQL /*!80000.
SHORT_TIME = "SET /*!80000 SESSION max_execution_time = 100 */ /*M! SESSION max_statement_time = 0.1 */"
LONG_WORK = "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.tables"
# As the servers number them: MySQL's for JSON, both for what is too large, and what no statement here brings about.
FINAL = (
    1406,
    1366,
    1264,
    3140,
    3157,
    4025,
    1153,
    2020,
    1118,
    1054,
    1146,
    1062,
    1064,
    1292,
    1301,
    3819,
    2036,
    9999,
)
WAITED_FOR = (
    1040,
    1203,
    1053,
    1021,
    1114,
    1205,
    1213,
    1020,
    1290,
    1836,
    1927,
    2002,
    2003,
    2006,
    2013,
    2055,
    1317,
    4031,
)


@pytest.fixture
def maria(mariadb_database: str) -> Iterator[Engine]:
    """A MariaDB with a table."""
    engine = connect(mariadb_database)
    with engine.begin() as connection:
        connection.execute(text(TABLE))
    yield engine
    engine.dispose()


def error_of(work: Callable[[], object]) -> DBAPIError:
    with pytest.raises(DBAPIError) as raised:
        work()
    return raised.value


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize(("number", "statement"), OF_A_VALUE.items())
def test_what_mariadb_says_of_a_value_is_final(maria: Engine, number: int, statement: str) -> None:
    error = error_of(lambda: run(maria, statement))
    numbers = {number, MYSQLS_OWN.get(number)}
    assert (number_of(error) in numbers, is_unavailable(error), asks_to_try_again(error)) == (True, False, False), error


def test_a_statement_past_what_mariadb_takes_is_no_word_of_ours(maria: Engine) -> None:
    """Its answer, if any, is 1153; it may as well cut the connection: so nothing as large is ever sent."""
    with pytest.raises(ValueError, match="bytes in one row"), maria.begin() as connection:
        connection.execute(text("SELECT LENGTH(:it)"), {"it": "x" * 20_000_000})


def test_a_lock_that_is_waited_for_in_vain_is_the_databases(maria: Engine) -> None:
    run(maria, "INSERT INTO t (id) VALUES (1)")
    with maria.begin() as holder:
        holder.execute(text("SELECT * FROM t WHERE id = 1 FOR UPDATE"))
        error = error_of(
            lambda: run(maria, "SET SESSION innodb_lock_wait_timeout = 1", "UPDATE t SET small = 1 WHERE id = 1")
        )
    assert (number_of(error), is_unavailable(error), asks_to_try_again(error)) == (1205, True, True)


def test_a_deadlock_is_the_databases(maria: Engine) -> None:
    run(maria, "INSERT INTO t (id) VALUES (1), (2)")
    both, update = threading.Barrier(2, timeout=10), text("UPDATE t SET small = 1 WHERE id = :id")
    errors: list[DBAPIError] = []

    def cross(first: int, second: int) -> None:
        try:
            with maria.begin() as connection:
                connection.execute(update, {"id": first})
                both.wait()
                connection.execute(update, {"id": second})
        except DBAPIError as error:
            errors.append(error)

    crossing = [threading.Thread(target=cross, args=pair) for pair in ((1, 2), (2, 1))]
    for one in crossing:
        one.start()
    for one in crossing:
        one.join(30)
    assert [(number_of(one), is_unavailable(one), asks_to_try_again(one)) for one in errors] == [(1213, True, True)]


@pytest.mark.parametrize(
    ("statements", "numbers"),
    [
        ((SHORT_TIME, LONG_WORK), {1969, 3024}),
        (("SET SESSION TRANSACTION READ ONLY", "COMMIT", "INSERT INTO t (id) VALUES (5)"), {1792}),
        (("KILL CONNECTION_ID()", "SELECT 1"), {1927, 1317, 2006, 2013}),
    ],
    ids=["a time limit", "read-only", "a killed connection"],
)
def test_what_mariadb_says_of_itself_is_waited_for(
    maria: Engine, statements: tuple[str, ...], numbers: set[int]
) -> None:
    error = error_of(lambda: run(maria, *statements))
    assert (number_of(error) in numbers, is_unavailable(error)) == (True, True), error


def test_a_server_that_is_gone_is_waited_for() -> None:
    with MariaDB() as server:
        with server.database() as url:
            engine = connect(url)
            run(engine, "SELECT 1")
        server.kill()
        errors = [error_of(lambda: run(engine, "SELECT 1")) for _ in range(3)]
    assert [is_unavailable(one) for one in errors] == [True, True, True]


@pytest.mark.parametrize("number", FINAL)
def test_numbers_that_are_final(number: int) -> None:
    error = OperationalError("INSERT", None, MySqlOperationalError(number, "said the server"))
    assert not is_unavailable(error)
    came: list[int] = []

    def work() -> None:
        came.append(number)
        raise error

    with pytest.raises(OperationalError):
        retry_while_unavailable("a result", work, lambda: len(came) < 5)
    assert came == [number], "it is not tried again"


@pytest.mark.parametrize("number", WAITED_FOR)
def test_numbers_that_are_waited_for(number: int) -> None:
    error = OperationalError("INSERT", None, MySqlOperationalError(number, "said the server"))
    assert is_unavailable(error)
    came: list[int] = []

    def work() -> str:
        came.append(number)
        if len(came) == 1:
            raise error
        return "kept"

    assert retry_while_unavailable("a result", work, lambda: True) == "kept"


def test_of_errors_without_a_number_the_connection_is_waited_for() -> None:
    lost = ConnectionError("the answer was lost")
    assert is_unavailable(OperationalError("COMMIT", None, lost))
    assert is_unavailable(PoolTimeout("none is free"))
    for final in (ProgrammingError("x", None, lost), IntegrityError("x", None, lost), ValueError("x"), KeyError("x")):
        assert not is_unavailable(final)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite file with a table."""
    path = tmp_path / "t.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (id INTEGER PRIMARY KEY CHECK (id < 10), word TEXT NOT NULL)")
        made.execute("INSERT INTO t VALUES (1, 'a')")
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES (1, 'b')",
        "INSERT INTO t VALUES (11, 'b')",
        "INSERT INTO t VALUES (2, NULL)",
        "INSERT INTO t VALUES ('many', 'b')",
        "SELECT nothing FROM t",
        "SELECT 1 FROM nowhere",
        "SELECT zeroblob(2000000000)",
        "SELEKT 1",
    ],
)
def test_what_sqlite_says_of_a_value_is_final(file: Path, statement: str) -> None:
    error = error_of(lambda: run(create_engine(f"sqlite:///{file}"), statement))
    assert (is_unavailable(error), asks_to_try_again(error)) == (False, False)


def test_a_value_that_the_driver_cannot_send_is_final(file: Path) -> None:
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        error = error_of(lambda: connection.execute(text("SELECT :it"), {"it": object()}))
    assert not is_unavailable(error)


def test_what_sqlite_says_of_itself_is_waited_for(file: Path, tmp_path: Path) -> None:
    insert = "INSERT INTO t VALUES (2, 'b')"
    read_only = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")
    nowhere = create_engine(f"sqlite:///file:{tmp_path / 'none' / 'x.db'}?mode=rw&uri=true")
    full = ("PRAGMA max_page_count = 2", "INSERT INTO t VALUES (3, hex(zeroblob(100000)))")
    (tmp_path / "no.db").write_bytes(b"this is no database" * 100)
    no_database = create_engine(f"sqlite:///{tmp_path / 'no.db'}")
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 0.01})
    for said in (
        error_of(lambda: run(read_only, insert)),
        error_of(lambda: run(nowhere, insert)),
        error_of(lambda: run(engine, *full)),
        error_of(lambda: run(no_database, insert)),
    ):
        assert (is_unavailable(said), asks_to_try_again(said)) == (True, False), said
    with sqlite3.connect(file) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        locked = error_of(lambda: run(engine, insert))
        holder.rollback()
    assert (is_unavailable(locked), asks_to_try_again(locked)) == (True, True)
