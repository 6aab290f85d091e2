"""Pages and totals of records, by every filter, against a plain look at all of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import Engine

from models.history.records import totals
from models.history.records.fill import write_records
from models.history.records.filters import RecordFilter
from models.history.records.read import records_page
from models.history.records.totals import MOST_COUNTED, Total, record_groups, record_total
from models.tables import Record
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drawn_records import START, drawn_record
from tests.support.ledger.fixtures import migrated_ledger

NUMBER = 1200
DAY = timedelta(days=1)
FIELDS = {
    "account": "account_id", "phone": "phone_serial", "author": "author_id", "campaign": "campaign_id", "flow": "flow",
    "outcome": "outcome", "code": "code", "culprit": "culprit", "step": "step", "task": "task_id",
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    drawn = random.Random(7)
    return [drawn_record(drawn, number) for number in range(NUMBER)]


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def records(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> Iterator[Engine]:
    """A ledger with these records, which no test changes."""
    with migrated_ledger(request, tmp_path_factory.mktemp("records")) as engine:
        write(engine, lambda session: write_records(session, rows))
        yield engine


def matching(rows: list[dict[str, Any]], which: RecordFilter) -> list[str]:
    """The ids of the records that match, newest first, by looking at each."""

    def fits(row: dict[str, Any]) -> bool:
        if which.keys is not None:
            mine = row["key_id"] in which.keys
        else:
            mine = which.campaign is not None or row["sandbox"] == which.sandbox
        of_kind = (
            row["kind"] not in ("attempt", "task") if which.kind == "action" else which.kind in (None, row["kind"])
        )
        timely = (which.since is None or row["ended_at"] >= which.since) and (
            which.until is None or row["ended_at"] < which.until
        )
        return (
            mine and of_kind and timely
            and all(getattr(which, name) in (None, row[column]) for name, column in FIELDS.items())
        )  # fmt: skip

    found = [(row["ended_at"], row["id"]) for row in rows if fits(row)]
    return [one for _, one in sorted(found, reverse=True)]


def paged(engine: Engine, which: RecordFilter, limit: int) -> list[str]:
    """The ids of all pages."""
    ids: list[str] = []
    place = None
    for _ in range(NUMBER):
        page, place = read(engine, lambda session, at=place: records_page(session, which, at, limit))  # type: ignore[misc]
        assert len(page) <= limit
        ids += [one.id for one in page]
        if place is None:
            return ids
    raise AssertionError("the list does not end")


def filters() -> Iterator[RecordFilter]:
    """Nothing, each filter alone, and every two."""
    week: dict[str, Any] = {"since": START, "until": START + 5 * DAY}
    values: dict[str, Any] = {
        "account": "acc1", "phone": "SIM2", "author": "xiaopeng", "campaign": "c3", "keys": ("key_a", "key_b"),
        "flow": "directed", "outcome": "failed", "kind": "action", "code": "video_not_found", "step": "video",
        "task": "t7", "sandbox": True,
    }  # fmt: skip
    yield RecordFilter()
    for name, value in values.items():
        yield RecordFilter(**{name: value}, **week)
    for one, other in combinations(values, 2):
        yield RecordFilter(**{one: values[one], other: values[other]}, **week)
    for names in (
        ("account", "phone", "author"), ("phone", "keys", "kind"), ("account", "author", "keys"),
        ("author", "flow", "outcome"), ("phone", "keys", "flow", "outcome"), ("account", "phone", "code", "sandbox"),
    ):  # fmt: skip
        yield RecordFilter(**{name: values[name] for name in names})
    yield RecordFilter(phone="SIM2", keys=tuple(f"key_{letter}" for letter in "abcdefg"))
    yield RecordFilter(since=START + DAY, until=START + DAY + timedelta(minutes=90))
    yield RecordFilter(keys=())
    yield RecordFilter(account="nobody")


def test_pages_have_every_record_that_matches_once_newest_first(records: Engine, rows: list[dict[str, Any]]) -> None:
    for which in filters():
        for limit in (7, 50) if which in (RecordFilter(), RecordFilter(account="nobody")) else (50,):
            assert paged(records, which, limit) == matching(rows, which), which


def test_a_total_is_the_number_of_records(records: Engine, rows: list[dict[str, Any]]) -> None:
    odd = timedelta(minutes=30)
    for which in filters():
        shorter = replace(which, since=START + DAY - odd, until=START + 2 * DAY + odd)
        for one in (which, shorter):
            assert read(records, lambda session, one=one: record_total(session, one)) == Total(  # type: ignore[misc]
                len(matching(rows, one)), exact=True
            ), one


def test_a_count_that_would_take_long_says_at_least(
    records: Engine, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "MOST_COUNTED", 20)
    for which in (
        RecordFilter(author="xiaopeng", flow="directed", sandbox=False, phone="SIM1", kind="attempt"),
        RecordFilter(phone="SIM1", account="acc1", kind="attempt"),
        RecordFilter(culprit="content", flow="nurture"),
    ):
        assert len(matching(rows, which)) > 20
        assert str(read(records, lambda session, one=which: record_total(session, one))) == "20+"  # type: ignore[misc]
    assert str(Total(MOST_COUNTED, exact=False)) == "10,000+"


def test_a_filter_that_no_index_serves_asks_for_seven_days(records: Engine) -> None:
    for given in ({"step": "video"}, {"kind": "action"}, {"task": "t7"}, {"culprit": "content"}):
        for times in ({}, {"since": START}, {"since": START, "until": START + 8 * DAY}):
            which = RecordFilter(**given, **times)  # type: ignore[arg-type]
            with pytest.raises(Refused, match="at most 7 days"):
                read(records, lambda session, one=which: records_page(session, one))  # type: ignore[misc]
    which = RecordFilter(step="video", flow="nurture")
    assert read(records, lambda session: records_page(session, which))[0]


def test_groups_count_by_each_dimension(records: Engine, rows: list[dict[str, Any]]) -> None:
    which = RecordFilter(since=START, until=START + 5 * DAY)
    mine = [row for row in rows if not row["sandbox"]]
    for by, column in (("flow", "flow"), ("account", "account_id"), ("code", "code"), ("kind", "kind")):
        found = read(records, lambda session, by=by: record_groups(session, which, by))  # type: ignore[misc]
        wanted = Counter((row[column], row["outcome"]) for row in mine if row[column] is not None)
        assert {(value, outcome): number for value, outcome, number, _ in found} == wanted
    with pytest.raises(Refused, match="since"):
        read(records, lambda session: record_groups(session, RecordFilter(), "flow"))
    with pytest.raises(Refused, match="not counted by account"):
        read(records, lambda session: record_groups(session, replace(which, author="xiaopeng"), "account"))


def test_a_page_goes_back_as_far_as_there_are_records(ledger: Engine) -> None:
    drawn = random.Random(3)
    back = (0, 3, 40, 41, 130, 600, 2000)
    rows = [
        drawn_record(drawn, number) | {"ended_at": START - timedelta(days=days), "sandbox": False, "kind": "reply"}
        for number, days in enumerate(back)
    ]
    write(ledger, lambda session: write_records(session, rows))
    for limit in (1, 2, 3, 50):
        assert paged(ledger, RecordFilter(), limit) == [f"a{number}" for number in range(len(back))]
    for until in (START - timedelta(days=39), START - timedelta(days=41), START - timedelta(days=3000)):
        which = RecordFilter(until=until)
        assert paged(ledger, which, 2) == matching(rows, which)
    early = RecordFilter(kind="reply", since=START - 601 * DAY, until=START - 599 * DAY)
    late = (START - 20 * DAY, "z")
    page, _ = read(ledger, lambda session: records_page(session, early, late))
    assert [one.id for one in page] == ["a5"]


def test_a_page_reads_the_columns_of_its_records(records: Engine, rows: list[dict[str, Any]]) -> None:
    (newest,), _ = read(records, lambda session: records_page(session, RecordFilter(campaign="c1"), limit=1))
    assert isinstance(newest, Record)
    (row,) = (row for row in rows if row["id"] == newest.id)
    assert {name: getattr(newest, name) for name in row} == row
