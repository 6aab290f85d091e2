"""MariaDB reads records, and what is to be recorded, along an index: no statement looks at a whole table."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from models.database.engine import connect
from models.history.records.fill import fill_records, write_records
from models.history.records.filters import RecordFilter
from models.history.records.read import records_page
from models.history.records.shift import attempts_by, hour_counts
from models.history.records.totals import record_total
from models.transactions.read_write import read, write
from tests.support.ledger.copied import make_tables
from tests.support.ledger.drawn_records import START, drawn_record
from tests.support.servers import MariaDB

FILTERS: dict[str, Any] = {
    "account": "a", "phone": "p", "author": "x", "campaign": "c", "keys": ("k1", "k2"), "flow": "nurture",
    "outcome": "failed", "since": START, "code": "page_drift", "kind": "attempt",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(mariadb_server: MariaDB) -> Iterator[Engine]:
    """A ledger on MariaDB, with records, which the tests of this file only look at."""
    with mariadb_server.database() as url:
        made = connect(url)
        make_tables(made)
        drawn = random.Random(1)
        rows = [drawn_record(drawn, number) for number in range(3000)]
        write(made, lambda session: write_records(session, rows))
        with made.connect() as connection:
            connection.execute(text("ANALYZE TABLE records, record_hours, record_pairs"))
        yield made
        made.dispose()


def explained(engine: Engine, work: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement that the work sends, with each line of its plan that reads a table."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        for statement, parameters in sent:
            if statement.startswith("SELECT"):
                plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).mappings()
                yield from ((statement, dict(line)) for line in plan)


def whole(line: dict[str, Any]) -> bool:
    """Does it look at each row of a table, or of an index without an end?"""
    table = line["table"]
    return table is not None and not table.startswith("<") and line["type"] in ("ALL", "index")


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_reads_a_range_of_an_index(engine: Engine, name: str) -> None:
    week: dict[str, Any] = {"since": START, "until": START + timedelta(days=7)} if name in ("code", "kind") else {}
    which = RecordFilter(**{name: FILTERS[name]}, **week)
    place = (START + timedelta(days=3), "a7")

    def ask() -> None:
        read(engine, lambda session: records_page(session, which, place))
        read(engine, lambda session: record_total(session, which))

    found = list(explained(engine, ask))
    assert found
    assert [statement for statement, line in found if whole(line)] == []


@pytest.mark.parametrize(
    ("names", "indexes"),
    [
        (("phone", "account"), ("phone", "account")), (("phone", "keys"), ("phone",)), (("phone", "code"), ("phone",)),
        (("account", "author", "keys"), ("account", "author")), (("account", "kind", "flow"), ("account",)),
        (("author", "flow", "outcome"), ("author",)), (("keys", "code"), ("key",)), (("outcome", "code"), ("flow",)),
        (("flow", "kind"), ("flow",)),
    ],
    ids=str,
)  # fmt: skip
def test_what_indexes_tell_reads_no_record(engine: Engine, names: tuple[str, ...], indexes: tuple[str, ...]) -> None:
    """Records of one filter lie on as many pages as they are: nearly each one would be read from the disk in vain."""
    which = RecordFilter(**{name: FILTERS[name] for name in names}, since=START, until=START + timedelta(days=3))
    found = list(explained(engine, lambda: read(engine, lambda session: records_page(session, which))))
    checks = [line for statement, line in found if "STRAIGHT_JOIN" in statement]
    used = {line["key"] for line in checks if str(line["table"]).startswith("records")}
    assert used == {f"ix_records_{index}" for index in indexes}
    assert all("Using index" in line["Extra"] for line in checks if line["key"] in used)
    assert next(line["key"] for line in checks) is None  # the walk's rows come first: the others are looked up


@pytest.mark.parametrize("names", [("account", "author"), ("phone", "keys"), ("campaign", "code")])
def test_a_total_of_two_filters_reads_ranges_of_the_counts(engine: Engine, names: tuple[str, ...]) -> None:
    which = RecordFilter(**{name: FILTERS[name] for name in names})
    found = list(explained(engine, lambda: read(engine, lambda session: record_total(session, which))))
    assert any("record_pairs" in statement for statement, _ in found)
    assert {line["table"] for _, line in found} <= {"record_hours", "record_pairs", None}  # None: no row can match
    assert [statement for statement, line in found if whole(line)] == []


def test_what_is_to_be_recorded_is_found_by_its_flag(engine: Engine) -> None:
    found = {
        line["table"]: line["key"]
        for statement, line in explained(engine, lambda: fill_records(engine))
        if "LIMIT" in statement and not str(line["table"]).startswith("<")  # what the statement made itself
    }
    assert found == {
        "attempts": "ix_attempts_recorded", "actions": "ix_actions_recorded", "tasks": "ix_tasks_owes_record",
    }  # fmt: skip


def test_a_shift_reads_ranges_of_the_hours(engine: Engine) -> None:
    until = START + timedelta(hours=12)

    def ask() -> None:
        read(engine, lambda session: hour_counts(session, START, until))
        read(
            engine,
            lambda session: attempts_by(session, "phone", [f"SIM{number}" for number in range(200)], START, until),
        )

    found = list(explained(engine, ask))
    assert len(found) == 2
    assert [statement for statement, line in found if whole(line)] == []
