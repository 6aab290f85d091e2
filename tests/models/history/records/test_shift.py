"""A shift, read from the hours, against a plain look at all records; and its slowest steps."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from models.history.records.fill import write_records
from models.history.records.shift import MOST_SLOWEST, attempts_by, hour_counts, slowest_steps, step_totals
from models.transactions.read_write import read, write
from tests.support.ledger.drawn_records import START, drawn_record
from tests.support.ledger.drive import plant, ready, take
from tests.support.ledger.fixtures import migrated_ledger
from workers.attempts.outcome import Succeeded
from workers.attempts.record import recorded
from workers.campaigns.stages import gather

UNTIL = START + timedelta(hours=12)
PHONES = ("SIM1", "SIM2", "nobody")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    drawn = random.Random(11)
    return [drawn_record(drawn, number) for number in range(1500)]


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def records(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> Iterator[Engine]:
    """A ledger with these records, which no test changes."""
    with migrated_ledger(request, tmp_path_factory.mktemp("records")) as engine:
        write(engine, lambda session: write_records(session, rows))
        yield engine


def of_shift(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of the first twelve hours, without those of simulated phones."""
    return [one for one in rows if START <= one["ended_at"] < UNTIL and not one["sandbox"]]


def test_the_hours_of_a_shift_count_each_record_once(records: Engine, rows: list[dict[str, Any]]) -> None:
    counts = read(records, lambda session: hour_counts(session, START, UNTIL))
    found = Counter({(one.hour, one.flow, one.kind, one.outcome): one.number for one in counts})
    wanted = Counter(
        (one["ended_at"].replace(minute=0), one["flow"], one["kind"], one["outcome"]) for one in of_shift(rows)
    )
    assert found == wanted
    assert sum(one.seconds for one in counts) == sum(one["seconds"] for one in of_shift(rows))


@pytest.mark.parametrize(
    ("dimension", "column", "values"),
    [
        ("phone", "phone_serial", PHONES),
        ("code", "code", ("video_not_found", "bad_input")),
        ("account", "account_id", ()),
    ],
)
def test_attempts_are_counted_by_value(
    records: Engine, rows: list[dict[str, Any]], dimension: str, column: str, values: tuple[str, ...]
) -> None:
    found = read(records, lambda session: attempts_by(session, dimension, values, START, UNTIL))
    wanted = Counter(
        (one[column], one["outcome"]) for one in of_shift(rows) if one[column] in values and one["kind"] == "attempt"
    )
    assert {(value, outcome): number for value, outcome, number, _ in found} == wanted
    assert sum(seconds for *_, seconds in found) == sum(wanted.values())


def test_the_slowest_steps_are_those_that_usually_take_longest() -> None:
    def ran(**took: float) -> list[dict[str, Any]]:
        return [{"name": name, "began": 0.0, "took": seconds, "times": 1} for name, seconds in took.items()]

    rows = [("nurture", ran(browse=10, act=2)), ("nurture", ran(browse=30)), ("nurture", ran(browse=11)), ("x", None)]
    found = step_totals(rows)
    assert [(one.name, one.attempts, one.usual, one.longest) for one in found] == [
        ("browse", 3, 11, 30),
        ("act", 1, 2, 2),
    ]
    many = [("nurture", ran(**{f"s{number}": float(number)})) for number in range(MOST_SLOWEST * 2)]
    assert len(step_totals(many)) == MOST_SLOWEST


def test_the_steps_of_the_attempts_of_a_shift_are_read(ledger: Engine) -> None:
    got = take(ledger, ready(ledger, plant(ledger, gather.s([])))[0])
    recorded(ledger, got, Succeeded([]), [{"name": "video", "began": 0.0, "took": 4.0, "times": 1}])
    assert [one.name for one in read(ledger, lambda session: slowest_steps(session, START))] == ["video"]
    later = START + timedelta(days=10_000)
    assert read(ledger, lambda session: slowest_steps(session, later)) == []
