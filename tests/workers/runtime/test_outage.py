"""A ledger that is away for long is told: in the log while it lasts, by one alert when it is over."""

from __future__ import annotations

import logging
import sqlite3

import pytest
from MySQLdb import OperationalError as MySqlOperationalError
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from models.database.error_kinds import SEE, remedy_for
from models.tables import Alert
from models.transactions.read_write import read
from workers.runtime.outage import LASTS, Outage


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def away(number: int = 2006) -> OperationalError:
    return OperationalError("UPDATE", None, MySqlOperationalError(number, f"said the server, {number}"))


def alerts(engine: Engine) -> list[tuple[str, str, str]]:
    found = read(engine, lambda session: list(session.scalars(select(Alert).order_by(Alert.id))))
    return [(one.kind, one.text, one.remedy) for one in found]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(1021, "free space"), (1040, "max_connections"), (1290, "writable"), (1205, "locks"), (2006, "doctor")],
)
def test_one_that_lasted_is_told_once_with_reason_and_remedy(
    ledger: Engine, number: int, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    mine, theirs = Outage(clock), Outage(clock)
    for one in (mine, theirs):
        one.saw(away(number))
    clock.now += LASTS + 10
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert mine.saw(away(number))
    assert [record.message.count("has been away") for record in caplog.records] == [1]
    theirs.saw(away(number))
    assert alerts(ledger) == []
    for one in (mine, theirs, mine):
        one.over(ledger)
    ((kind, text, told),) = alerts(ledger)
    assert (kind, text.startswith("the ledger was away for 40 s: ")) == ("ledger_away", True)
    assert f"said the server, {number}" in text
    assert remedy in told


def test_a_short_one_and_what_is_no_outage_raise_nothing(ledger: Engine) -> None:
    clock = Clock()
    outage = Outage(clock)
    assert outage.saw(away())
    clock.now += LASTS - 1
    outage.over(ledger)
    clock.now += 1000
    assert not outage.saw(away(4025))
    assert not outage.saw(ValueError("x"))
    clock.now += 1000
    outage.over(ledger)
    assert alerts(ledger) == []


def test_remedies_of_sqlite() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert "free space" in remedy_for(OperationalError("x", None, full))
    assert remedy_for(OperationalError("x", None, ConnectionError())) == SEE
