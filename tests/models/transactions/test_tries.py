"""A transaction that the database gave up for another one begins anew, after a pause that is spread by chance."""

from __future__ import annotations

from random import Random

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.tables import CapValue
from models.transactions.read_write import read, write

DEADLOCK, LOCK_WAIT, CHANGED, TOO_LARGE, DUPLICATE = 1213, 1205, 1020, 1153, 1062
TRIES = 8


class Work:
    """Writes a row, and fails with this error of the server's so often before it does not."""

    def __init__(self, number: int, times: int, name: str = "try") -> None:
        self.number, self.times, self.name = number, times, name
        self.tried = 0
        self.slept: list[float] = []

    def __call__(self, session: Session) -> str:
        self.tried += 1
        session.add(CapValue(name=f"{self.name} {self.tried}", value=self.tried))
        session.flush()
        if self.tried <= self.times:
            session.execute(text(f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {self.number}, MESSAGE_TEXT = 'no'"))
        return "written"

    def written(self, engine: Engine, seed: int = 1) -> str:
        return write(engine, self, sleep=self.slept.append, chance=Random(seed))


def rows(engine: Engine) -> list[str]:
    return read(engine, lambda session: [row.name for row in session.query(CapValue)])


@pytest.mark.parametrize("number", [DEADLOCK, LOCK_WAIT, CHANGED])
@pytest.mark.parametrize("times", [0, 1, TRIES - 1])
def test_it_begins_anew_from_its_start(mariadb_ledger: Engine, number: int, times: int) -> None:
    work = Work(number, times)
    assert work.written(mariadb_ledger) == "written"
    assert (work.tried, rows(mariadb_ledger)) == (times + 1, [f"try {times + 1}"])
    assert len(work.slept) == times


def test_pauses_double_and_are_spread(mariadb_ledger: Engine) -> None:
    work, other = Work(DEADLOCK, TRIES - 1), Work(DEADLOCK, TRIES - 1, "other")
    work.written(mariadb_ledger, seed=1)
    other.written(mariadb_ledger, seed=2)
    for one, another, most in zip(work.slept, other.slept, [0.04 * 2**doubled for doubled in range(7)], strict=True):
        assert one != another
        assert most / 4 <= min(one, another)
        assert max(one, another) <= most


@pytest.mark.parametrize("number", [DEADLOCK, LOCK_WAIT])
def test_the_last_try_tells_what_it_met(mariadb_ledger: Engine, number: int) -> None:
    work = Work(number, 100)
    with pytest.raises(DBAPIError) as told:
        work.written(mariadb_ledger)
    assert (told.value.orig.args[0], work.tried, rows(mariadb_ledger)) == (number, TRIES, [])  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [TOO_LARGE, DUPLICATE])
def test_what_is_final_is_tried_once(mariadb_ledger: Engine, number: int) -> None:
    work = Work(number, 1)
    with pytest.raises(DBAPIError):
        work.written(mariadb_ledger)
    assert (work.tried, work.slept) == (1, [])


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_what_is_not_the_databases_goes_through(mariadb_ledger: Engine, error: BaseException) -> None:
    tried = []

    def work(_session: Session) -> None:
        tried.append(1)
        raise error

    with pytest.raises(type(error)):
        write(mariadb_ledger, work, sleep=lambda _seconds: pytest.fail("nothing is waited for"))
    assert tried == [1]
