"""The zygote rehearses a worker's day before it forks: no worker compiles its statements again, and no ledger knows."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from models.database.engine import connect
from tests.support.ledger.copied import copied_ledger, make_tables
from workers.host.stand_in_ledger import StandInLedger, one_by_one, translated

REHEARSE = """
import json, logging
import workers.host.zygote
from sqlalchemy import event, func, select
from workers.host.warm_up import warm_up
said = []
class Keep(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())
logging.getLogger().addHandler(Keep(logging.WARNING))
engine = warm_up()
from flows.profile import load_profile
from models.tables import metadata_of_all
from workers.execution.worker import Worker
from workers.host.rehearsal import Rehearsal, prepare, screen_of
from workers.host.stand_in_phone import StandInPhone
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings
with engine.connect() as connection:
    counted = {table.name: connection.scalar(select(func.count()).select_from(table))
        for table in metadata_of_all().sorted_tables}
prepare(engine, 2)  # the last tasks of a campaign are not recorded together
compiled = []
@event.listens_for(engine, "after_cursor_execute")
def note(_connection, _cursor, statement, _parameters, context, _many):
    if context.cache_hit.name == "CACHE_MISS":
        compiled.append(statement)
profile = load_profile(settings().profile)
with StandInPhone(screen_of(profile), profile.versions) as adb:
    worker = Worker.of(WorkerIdentity("s1", "s1", adb.port, "host", "first", own_slot()), engine, settings())
    rehearsal = Rehearsal(worker)
    rehearsal.act()
    rehearsal.act()
    worker.connection.close()
engine.dispose()
print(json.dumps({"said": said, "left_behind": {k: v for k, v in counted.items() if v}, "compiled": compiled}))
"""


def make_ledger(url: str) -> None:
    if make_url(url).get_backend_name() == "sqlite":
        copied_ledger(url).dispose()
        return
    engine = connect(url)
    make_tables(engine)
    engine.dispose()


def rehearse(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a program of its own prints as JSON."""
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", url)
    monkeypatch.setenv("PHONEFLEET_TASKS", "tests.support.host.sample_tasks")
    monkeypatch.delenv("PHONEFLEET_REHEARSALS", raising=False)  # as an operator's host
    done = subprocess.run([sys.executable, "-c", REHEARSE], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_worker_compiles_no_statement_that_was_rehearsed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ledger(database_url)
    found = rehearse(database_url, monkeypatch)
    assert found["said"] == []
    assert found["compiled"] == []


def test_a_rehearsal_writes_nothing_into_the_ledger(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ledger(database_url)
    assert set(rehearse(database_url, monkeypatch)["left_behind"]) <= {"customers"}


@pytest.mark.parametrize(
    ("statement", "other"),
    [
        ("SELECT 1 FROM t WHERE a = 1 FOR UPDATE SKIP LOCKED", "SELECT 1 FROM t WHERE a = 1"),
        ("SELECT 1 FROM t FORCE INDEX (ix) WHERE a <=> NULL", "SELECT 1 FROM t WHERE a IS NULL"),
        ("INSERT IGNORE INTO t (a) VALUES (1)", "INSERT OR IGNORE INTO t (a) VALUES (1)"),
        (
            "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)",
            "INSERT OR REPLACE INTO t (a) VALUES (1)",
        ),
    ],
)
def test_what_sqlite_does_not_know_is_left_out(statement: str, other: str) -> None:
    assert translated(statement) == other


def test_an_update_of_two_tables_is_one_of_each() -> None:
    both = "UPDATE t, u SET u.a='1, 2', t.b=3, t.c=NULL WHERE t.id = 7 AND u.t_id = t.id"
    assert one_by_one(both) == (
        "UPDATE t SET b=3, c=NULL FROM u WHERE t.id = 7 AND u.t_id = t.id",
        "UPDATE u SET a='1, 2' FROM t WHERE t.id = 7 AND u.t_id = t.id",
    )
    assert one_by_one("UPDATE t SET a=1 WHERE b = 2") == ("UPDATE t SET a=1 WHERE b = 2",)


def test_values_come_back_as_the_driver_gives_them(tmp_path: Path) -> None:
    ledger = StandInLedger(str(tmp_path / "ledger.db"))
    cursor = ledger.cursor()
    cursor.execute("CREATE TABLE t (a TEXT, b DATETIME, c INTEGER, d BLOB)")
    moment = datetime(2026, 1, 2, 3, 4, 5, 6)  # noqa: DTZ001 - as the driver has them
    cursor.execute("INSERT INTO t VALUES (%s, %s, %s, %s)", ("it's 100 %", moment, True, b"\\0x"))
    cursor.execute("SELECT a, b, c, d, UTC_TIMESTAMP(6) FROM t WHERE a = %s", ("it's 100 %",))
    (row,) = cursor.fetchall()
    assert row[:4] == ("it's 100 %", moment, 1, b"\\0x")
    assert isinstance(row[4], datetime)
    assert cursor.description[0][0] == "a"
    cursor.close()
    ledger.close()
