"""Totals of authors, campaigns and every two filters: exact, whoever wrote the records, and without reading them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from models.database.clock import database_now
from models.history.records.count_days import count_days
from models.history.records.fill import write_records
from models.history.records.filters import RecordFilter
from models.history.records.pairs import day_counts
from models.history.records.spans import WHOLE_DAY, floor
from models.history.records.totals import Total, record_total
from models.tables import Record, RecordPair
from models.transactions.read_write import read, write
from tests.models.history.records.test_read import matching
from tests.support.ledger.drawn_records import Rows, by_an_older_version, three_months
from tests.support.ledger.drive import rows_in
from tests.support.ledger.statements import statements
from tests.support.threads import at_once

MAY, JUNE, JULY, AUGUST = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7, 8))
VALUES: dict[str, Any] = {
    "account": "acc1", "phone": "SIM2", "author": "xiaopeng", "campaign": "c3", "keys": ("key_a", "key_b"),
    "code": "video_not_found",
}  # fmt: skip
MARKS: dict[str, Any] = {"flow": "directed", "outcome": "failed", "kind": "action"}
COUNTED = [
    RecordFilter(author="xiaopeng"),
    RecordFilter(campaign="c3"),
    RecordFilter(author="chenzhen", sandbox=True),
    *(RecordFilter(**{one: VALUES[one], other: VALUES[other]}) for one, other in combinations(VALUES, 2)),
    *(RecordFilter(author="xiaopeng", **{name: value}) for name, value in MARKS.items()),
    *(RecordFilter(campaign="c3", **{name: value}) for name, value in MARKS.items()),
    RecordFilter(author="xiaopeng", **MARKS),
    RecordFilter(account="nobody", author="xiaopeng"),
    RecordFilter(account="acc1", phone="SIM1", sandbox=True),
    RecordFilter(account="acc1", keys=()),
]
SPANS = [
    (None, None),
    (MAY + timedelta(days=9, hours=7, minutes=30), JULY + timedelta(days=3, hours=2)),
    (JUNE, AUGUST),
    (JUNE, None),
    (None, JULY),
    (JUNE + timedelta(days=3), JUNE + timedelta(days=4)),
    (JUNE + timedelta(hours=3), JUNE + timedelta(hours=9)),
]


def by_this_version(engine: Engine, rows: Rows) -> None:
    for at in range(0, len(rows), 300):
        write(engine, partial(write_records, values=rows[at : at + 300]))


def total(engine: Engine, which: RecordFilter) -> Total:
    return read(engine, lambda session: record_total(session, which))


def assert_exact(engine: Engine, rows: Rows, spans: Sequence[Any] = SPANS[:3]) -> None:
    for which in COUNTED:
        for since, until in spans:
            one = replace(which, since=since, until=until)
            assert total(engine, one) == Total(len(matching(rows, one)), exact=True), one


def assert_reads_no_record(engine: Engine) -> None:
    with statements(engine) as sent:
        for which in COUNTED:
            total(engine, which)
            total(engine, replace(which, since=JUNE, until=AUGUST))
    assert len(sent) > len(COUNTED)
    assert not [one for one, _ in sent if "FROM records" in one]


def test_totals_are_exact_and_read_no_record(ledger: Engine) -> None:
    rows = three_months(500)
    by_this_version(ledger, rows)
    assert_exact(ledger, rows, SPANS)
    assert_reads_no_record(ledger)


def _in_may(row: dict[str, Any]) -> bool:
    return bool(row["ended_at"] < JUNE)


def _every_other(row: dict[str, Any]) -> bool:
    return int(row["id"][1:]) % 2 == 0


def _from_noon(row: dict[str, Any]) -> bool:
    """What a coordinator of this version writes that takes over at a noon."""
    return bool(row["ended_at"] >= JUNE + timedelta(days=8, hours=12))


@pytest.mark.parametrize("old", [_every_other, lambda row: not _from_noon(row)])
def test_totals_are_exact_whoever_wrote_the_records(ledger: Engine, old: Callable[[dict[str, Any]], bool]) -> None:
    rows = three_months(240)
    by_an_older_version(ledger, [row for row in rows if old(row)])
    by_this_version(ledger, [row for row in rows if not old(row)])
    assert_exact(ledger, rows)
    assert count_days(ledger) > 0
    assert_exact(ledger, rows)
    assert_reads_no_record(ledger)
    assert count_days(ledger) == 0


def test_an_older_coordinator_that_leads_again_is_noticed(ledger: Engine) -> None:
    rows = three_months(240)
    by_this_version(ledger, [row for row in rows if _every_other(row)])
    by_an_older_version(ledger, [row for row in rows if not _every_other(row)])
    late = [row | {"id": f"b{number}"} for number, row in enumerate(rows[:40])]
    by_this_version(ledger, late)
    count_days(ledger)
    assert_exact(ledger, rows + late)


def test_a_day_that_lacks_deleted_records_is_never_counted(ledger: Engine) -> None:
    rows = three_months(240)
    by_an_older_version(ledger, rows)
    kept = [row for row in rows if not (_in_may(row) and _every_other(row))]
    gone = [row["id"] for row in rows if row not in kept]
    write(ledger, lambda session: session.execute(delete(Record).where(Record.id.in_(gone))))
    count_days(ledger)
    assert count_days(ledger) == 0
    assert_exact(ledger, kept)
    by_this_version(ledger, [row | {"id": f"b{row['id']}"} for row in rows])
    for which in COUNTED:
        assert total(ledger, which).number == len(matching([*kept, *rows], which))


def test_today_is_not_counted_before_it_has_ended(ledger: Engine) -> None:
    now = read(ledger, database_now)
    today = [row | {"ended_at": now} for row in three_months(50)]
    by_an_older_version(ledger, today)
    assert count_days(ledger) == 0
    assert rows_in(ledger, RecordPair) == 0
    assert count_days(ledger, now + WHOLE_DAY) == 1
    assert [one.has_all for one in read(ledger, lambda session: day_counts(session, (None, None))).values()] == [True]


def test_days_are_counted_once_while_others_count_and_write(ledger: Engine) -> None:
    rows = [row | {"ended_at": floor(row["ended_at"], WHOLE_DAY).replace(day=1 + at % 3)}
            for at, row in enumerate(three_months(300))]  # fmt: skip
    old, new = rows[:200], rows[200:]
    by_an_older_version(ledger, old)
    pieces: Sequence[Callable[[], object]] = [
        *(partial(by_this_version, ledger, new[at : at + 25]) for at in range(0, 100, 25)),
        *(partial(count_days, ledger) for _ in range(2)),
    ]
    at_once(pieces)
    count_days(ledger)
    assert_exact(ledger, rows)
    numbers = select(RecordPair.number).where(RecordPair.pair == "account phone")
    both = sum(row["account_id"] is not None for row in rows)
    assert sum(read(ledger, lambda session: session.scalars(numbers).all())) == both
