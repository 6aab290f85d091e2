"""Ledgers of earlier versions, with rows in every table, are migrated while workers work in them: nothing is lost.

The older workers are statements with the columns that their version knew, for their code is gone.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from celery import chain, group
from sqlalchemy import JSON, Engine, MetaData, Table, Text, insert, select, update
from sqlalchemy.orm import Session

import models
from models.database.engine import FLEET, connect
from models.history.records.fill import fill_records
from models.migrate import current, newest, upgrade
from models.tables import Attempt, Delivery, Record, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.support.console.monday import monday
from tests.support.installation import installation
from tests.support.ledger.drive import plant, ready, run_to_end, states, take, work
from tests.support.poll import wait_until
from workers.attempts.rescue import rescue_expired
from workers.coordinator.close_campaigns import close_ended
from workers.coordinator.overdue import end_overdue
from workers.runtime.db_retry import retry_while_unavailable

SCRIPTS = Path(models.__file__).parent / "migrations"
MOST_SECONDS = 60  # that a write of an older worker goes on trying
OLD_TASKS = 24  # that an older worker takes and ends, while the tables change
LIKE = {int: 1, float: 1.0, bool: False, str: "x", bytes: b"x", date: date(2026, 5, 1)} | {
    datetime: datetime(2026, 5, 1)  # noqa: DTZ001 - as stored
}
Rows = Mapping[str, list[dict[str, Any]]]


def the_one_before() -> str:
    """The version before the newest."""
    (text,) = (one.read_text() for one in (SCRIPTS / "versions").glob(f"{newest()}_*.py"))
    return text.partition('down_revision = "')[2].partition('"')[0]


def make(engine: Engine, revision: str) -> MetaData:
    """Makes the tables of an earlier version; what they are."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return tables_of(engine)


def tables_of(engine: Engine) -> MetaData:
    found = MetaData()
    found.reflect(engine)
    found.remove(found.tables["alembic_version"])
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type = Text()  # as it is stored
    return found


@pytest.fixture
def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Engine, str]]:
    """A ledger of this version: a standard day under way, and a campaign of which two tasks run and others wait."""
    with installation(tmp_path / "lived", monkeypatch) as here:
        monday(here.engine, 6)
        campaign = plant(here.engine, group(chain(work(1), work(2)), chain(work(3), work(4)), work(5)))
        for task in ready(here.engine, campaign)[:2]:
            take(here.engine, task)
        spare = plant(here.engine, group(*(work(number) for number in range(OLD_TASKS))))
        yield here.engine, spare


def copied(source: Engine, target: Engine, old: MetaData) -> None:
    """Copies what an older version had a place for; tables that stay empty get a row of their own."""
    new = tables_of(source)
    with source.connect() as giving, target.begin() as taking:
        for table in old.sorted_tables:
            given = [dict(row) for row in giving.execute(select(new.tables[table.name])).mappings()]
            rows = [{name: one[name] for name in one if name in table.c} for one in given]
            for row in rows or [{}]:
                taking.execute(insert(table).values(**_whole(table, row, taking)))


def _whole(table: Table, row: Mapping[str, Any], connection: Any) -> dict[str, Any]:
    """The row, with a value for each column that must have one."""
    found = dict(row)
    for column in table.columns:
        if column.name in found or column.nullable or column.server_default is not None:
            continue
        if column.primary_key and column.autoincrement is True:
            continue
        if column.foreign_keys:
            (key,) = column.foreign_keys
            found[column.name] = connection.scalar(select(key.column).limit(1))
        else:
            long = column.type.python_type is str and getattr(column.type, "length", None) is None  # JSON, as text
            found[column.name] = "{}" if long else LIKE[column.type.python_type]
    return found


def everything(engine: Engine, old: MetaData) -> Rows:
    """Every row of the older version's tables, by its columns, in one order."""
    with engine.connect() as connection:
        return {
            table.name: sorted((dict(row) for row in connection.execute(select(table)).mappings()), key=repr)
            for table in old.sorted_tables
        }


class OldWorker:
    """A worker of the older version: claims and ends tasks with the columns that it knows."""

    def __init__(self, engine: Engine, old: MetaData, ids: list[str]) -> None:
        self.engine, self.tasks, self.attempts = engine, old.tables["tasks"], old.tables["attempts"]
        self.ids, self.ended, self.stop_at = ids, 0, len(ids) // 3
        self.go_on = threading.Event()

    def run(self) -> None:
        """Takes and ends every task; after a third of them it waits until it may go on."""
        for task in self.ids:
            if self.ended == self.stop_at:
                assert self.go_on.wait(60)
            self._write(partial(self._claim, task))
            self._write(partial(self._end, task))
            self.ended += 1

    def _write(self, work: Callable[[Session], None]) -> None:
        """As workers write: what a change of tables holds up too long is tried again on a new connection."""
        until = time.monotonic() + MOST_SECONDS
        retry_while_unavailable("an older worker", lambda: write(self.engine, work), lambda: time.monotonic() < until)

    def _claim(self, task: str, session: Session) -> None:
        mine = update(self.tasks).where(self.tasks.c.id == task, self.tasks.c.state == "ready")
        taken = session.execute(mine.values(state="running", attempt=self.tasks.c.attempt + 1))
        assert taken.rowcount == 1  # type: ignore[attr-defined]
        row = _whole(self.attempts, {"task_id": task, "number": 1, "started_at": _now()}, session.connection())
        session.execute(insert(self.attempts).values(**row))

    def _end(self, task: str, session: Session) -> None:
        own = (self.attempts.c.task_id == task, self.attempts.c.ended_at.is_(None))
        ended = session.execute(update(self.attempts).where(*own).values(ended_at=_now(), outcome="succeeded"))
        assert ended.rowcount == 1  # type: ignore[attr-defined]
        done = update(self.tasks).where(self.tasks.c.id == task, self.tasks.c.state == "running")
        done = done.values(state="succeeded", ended_at=_now(), result='["old"]')
        assert session.execute(done).rowcount == 1  # type: ignore[attr-defined]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("revision", ["0017", "0021", the_one_before()])
def test_an_old_ledger_keeps_every_row(lived: tuple[Engine, str], tmp_path: Path, revision: str) -> None:
    source, _ = lived
    engine = connect(f"sqlite:///{tmp_path / 'old.db'}")
    try:
        old = make(engine, revision)
        copied(source, engine, old)
        before = everything(engine, old)
        assert all(before.values())
        assert {row["state"] for row in before["tasks"]} >= {"running", "waiting", "ready", "failed", "succeeded"}
        upgrade(engine)
        assert current(engine) == newest()
        assert everything(engine, old) == before
        assert_work_goes_on(engine)
    finally:
        engine.dispose()


def test_workers_of_the_old_version_go_on_while_it_is_migrated(
    lived: tuple[Engine, str], mariadb_database: str
) -> None:
    source, spare = lived
    engine = connect(mariadb_database, FLEET)  # a worker's time limits; the migration has its own
    try:
        old = make(engine, "0021")
        copied(source, engine, old)
        before = everything(engine, old)
        assert all(before.values())
        worker = OldWorker(engine, old, [row["id"] for row in before["tasks"] if row["campaign_id"] == spare])
        assert len(worker.ids) == OLD_TASKS
        with ThreadPoolExecutor(1) as pool:
            working: Future[None] = pool.submit(worker.run)
            wait_until(lambda: worker.ended == worker.stop_at, 60, "the worker to be under way")
            worker.go_on.set()  # from here on it and the migration disturb each other
            upgrade(engine)
            working.result(2 * MOST_SECONDS)
        assert current(engine) == newest()
        assert_ended_once(engine, spare)
        after = everything(engine, old)
        untouched = {name: rows for name, rows in after.items() if name not in ("tasks", "attempts")}
        assert untouched == {name: before[name] for name in untouched}
        assert len(after["tasks"]) == len(before["tasks"])
        assert len(after["attempts"]) == len(before["attempts"]) + OLD_TASKS
        assert_work_goes_on(engine)
        kinds = read(engine, lambda session: session.execute(select(Record.task_id, Record.kind)).all())
        mine = Counter(kind for task, kind in kinds if task in worker.ids)
        assert mine == {"attempt": OLD_TASKS}
    finally:
        engine.dispose()


def assert_ended_once(engine: Engine, campaign: str) -> None:
    """Each of the campaign's tasks succeeded in its one attempt."""
    assert states(engine, campaign) == {State.SUCCEEDED: OLD_TASKS}
    mine = select(Attempt.task_id, Attempt.outcome).join(Task).where(Task.campaign_id == campaign)
    found = read(engine, lambda session: session.execute(mine).all())
    assert len({task for task, _ in found}) == len(found) == OLD_TASKS
    assert {outcome for _, outcome in found} == {"succeeded"}


def assert_work_goes_on(engine: Engine) -> None:
    """A coordinator of this version rescues what ran, records what ended, and the campaigns come to their end."""
    owed = select(Delivery.id).where(Delivery.state == "owed")
    owing = read(engine, lambda session: set(session.scalars(owed)))
    past = datetime.now(UTC) - timedelta(hours=1)
    desk = Task.flow == "work"
    ran = read(engine, lambda session: set(session.scalars(select(Task.id).where(desk, Task.state == State.RUNNING))))
    assert len(ran) == 2
    write(engine, lambda session: session.execute(update(Task).where(Task.id.in_(ran)).values(lease_until=past)))
    rescue_expired(engine)
    end_overdue(engine)
    campaigns = read(engine, lambda session: set(session.scalars(select(Task.campaign_id).where(desk))))
    for campaign in campaigns:
        run_to_end(engine, campaign, random.Random(1))
        assert set(states(engine, campaign)) == {State.SUCCEEDED}
    close_ended(engine)
    while fill_records(engine):
        pass
    ended = select(Attempt.id).where(Attempt.ended_at.is_not(None))
    attempts = read(engine, lambda session: {f"a{one}" for one in session.scalars(ended)})
    recorded = read(engine, lambda session: list(session.scalars(select(Record.id).where(Record.id.like("a%")))))
    assert attempts <= set(recorded)
    assert len(recorded) == len(set(recorded))
    twice = select(Attempt.task_id).where(Attempt.task_id.in_(ran))
    assert Counter(read(engine, lambda session: list(session.scalars(twice)))) == dict.fromkeys(ran, 2)
    assert read(engine, lambda session: set(session.scalars(owed))) == owing
