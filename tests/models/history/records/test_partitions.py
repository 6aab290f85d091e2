"""The months of the records: which are to be made and dropped, and that MariaDB has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from models.database.engine import connect
from models.history.records.fill import write_records
from models.history.records.filters import RecordFilter
from models.history.records.partitions import AHEAD, LATER, make_months, missing_months, month_after, old_months
from models.history.records.read import records_page
from models.migrate import upgrade
from models.transactions.read_write import read, write

NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)


def record_at(at: datetime, number: int) -> dict[str, Any]:
    names = (
        "code", "culprit", "step", "reason", "phone_serial", "key_id", "attempt", "author_id", "title", "asked", "got",
    )  # fmt: skip
    return {
        **dict.fromkeys(names), "ended_at": at, "id": f"a{number}", "kind": "attempt", "flow": "nurture",
        "outcome": "succeeded", "account_id": "acc1", "sandbox": False, "campaign_id": "c", "task_id": "t",
        "seconds": 1.0, "evidence": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2027, 12, 31, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_month_ends_where_the_next_begins(moment: datetime, after: datetime) -> None:
    assert month_after(moment) == after


def test_months_are_made_a_year_ahead_and_each_once() -> None:
    made = missing_months([LATER], NOW)
    assert len(made) == AHEAD
    assert made[0] == ("m202611", datetime(2026, 12, 1, tzinfo=UTC))
    assert made[-1] == ("m202711", datetime(2027, 12, 1, tzinfo=UTC))
    names = [LATER, *(name for name, _ in made)]
    assert missing_months(names, NOW) == []
    assert [name for name, _ in missing_months(names, datetime(2027, 2, 3, tzinfo=UTC))] == [
        "m202712",
        "m202801",
        "m202802",
    ]


def test_only_months_that_ended_before_are_old() -> None:
    names = [LATER, "m202612", "m202610", "m202611"]
    assert old_months(names, NOW) == ["m202610"]
    assert old_months(names, datetime(2026, 12, 1, tzinfo=UTC)) == ["m202610", "m202611"]


def parts(engine: Engine) -> dict[str, int]:
    """Each partition, with the number of its rows."""
    with engine.connect() as connection:
        names = connection.scalars(
            text(
                "SELECT partition_name FROM information_schema.partitions "
                "WHERE table_schema = DATABASE() AND table_name = 'records'"
            )
        ).all()
        counts = {name: text(f"SELECT COUNT(*) FROM records PARTITION ({name})") for name in names}  # noqa: S608
        return {str(name): connection.scalar(counting) or 0 for name, counting in counts.items()}


def test_months_are_made_filled_and_dropped(mariadb_database: str) -> None:
    engine = connect(mariadb_database)
    try:
        upgrade(engine)
        ends = [
            datetime(2025, 3, 4, tzinfo=UTC),
            NOW,
            datetime(2027, 1, 2, tzinfo=UTC),
            datetime(2030, 1, 1, tzinfo=UTC),
        ]
        write(engine, lambda session: write_records(session, [record_at(at, n) for n, at in enumerate(ends)]))
        assert parts(engine) == {LATER: 4}  # nobody made a month: nothing is refused
        assert make_months(engine, NOW) == (AHEAD, 0)
        made = parts(engine)
        assert {name: number for name, number in made.items() if number} == {"m202611": 2, "m202701": 1, LATER: 1}
        assert make_months(engine, NOW) == (0, 0)
        page, following = read(engine, lambda session: records_page(session, RecordFilter(), limit=10))
        assert [one.id for one in page] == ["a3", "a2", "a1", "a0"]
        assert following is None
        assert make_months(engine, datetime(2027, 1, 5, tzinfo=UTC), drop_before=datetime(2027, 1, 5, tzinfo=UTC)) == (
            2,
            2,
        )
        assert sum(parts(engine).values()) == 2
    finally:
        engine.dispose()


def test_who_may_not_change_tables_makes_no_months(ledger: Engine) -> None:
    if ledger.dialect.name == "sqlite":
        assert make_months(ledger, NOW) == (0, 0)
        return
    with pytest.raises(DBAPIError, match="denied"):
        make_months(ledger, NOW)
