"""Exports that are interrupted, that die, that two processes want, and that are old."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, update

from gateway.exports import selection
from gateway.exports.asked import ExportFilters
from gateway.exports.background import ExportsWatch, delete_old, make_all
from gateway.exports.folders import folder_of
from gateway.exports.ledger import Lost, TooMany, claim_export, claim_next, finished, interrupted, start_export
from gateway.exports.making import PROGRESS, WORK, Interrupted, make
from models.database.clock import database_now
from models.tables import Export
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.ended import VIDEO, add, add_campaign, add_key, attempt_row, comments, task_row
from tests.support.poll import wait_until
from tests.support.workbooks import records
from workers.runtime.private_files import open_to_others
from workers.settings import Settings, read_settings

ZONE = ZoneInfo("Asia/Shanghai")
TASKS = 25


@pytest.fixture
def engine(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A ledger with 25 tasks, of which a step reads four."""
    monkeypatch.setattr(selection, "LOOKED_AT", 4)
    made = copied_ledger(sqlite_database)
    add_campaign(made, "c1")
    results = [comments(f"第{at}条", "又一条") for at in range(TASKS)]
    rows = [task_row(f"t{at:02}", "c1", "collect_comments", VIDEO, result=one) for at, one in enumerate(results)]
    add(made, rows, [attempt_row(row["id"]) for row in rows])
    yield made
    made.dispose()


def asked(engine: Engine, **more: Any) -> Export:
    return start_export(engine, ExportFilters(), "王工", **more)


def state(engine: Engine, export: Export) -> Export:
    return read(engine, lambda session: session.get_one(Export, export.id))


def let_leases_end(engine: Engine) -> None:
    """As if a day went by."""
    yesterday = read(engine, database_now) - timedelta(days=1)
    write(engine, lambda session: session.execute(update(Export).values(lease_until=yesterday)))


def after(steps: int, act: Callable[[], None]) -> Callable[[int, int | None], None]:
    """Told of progress, acts after so many steps."""
    seen: list[int] = []

    def told(_done: int, _total: int | None) -> None:
        seen.append(1)
        if len(seen) == steps:
            act()

    return told


class Died(BaseException):
    """What a process that is killed leaves: nothing is cleaned up by intent."""


def die() -> None:
    raise Died


def whole(path: Path) -> None:
    found = records(path, "数据采集")
    assert [row["任务ID"] for row in found] == [f"t{at:02}" for at in range(TASKS) for _ in range(2)]
    assert [row["任务ID"] for row in records(path, "尝试")] == [f"t{at:02}" for at in range(TASKS)]
    assert [row["应完成"] for row in records(path, "完整性")] == [TASKS]


@pytest.mark.parametrize("steps", [1, 3, 7, 8, 9, 10])
def test_a_process_that_dies_is_followed_by_one_that_goes_on(engine: Engine, tmp_path: Path, steps: int) -> None:
    export = asked(engine, background=False)
    with pytest.raises(Died):
        make(engine, claim_export(engine, export.id), tmp_path, ZONE, told=after(steps, die))
    began_at: list[int] = []
    let_leases_end(engine)
    kept = json.loads((folder_of(tmp_path, export.id) / WORK / PROGRESS).read_text())
    assert kept["done"] == min(4 * steps, TASKS)
    path = make(
        engine, claim_export(engine, export.id), tmp_path, ZONE, told=lambda done, _total: began_at.append(done)
    )
    whole(path)
    assert began_at[0] == min(4 * (steps + 1), TASKS)  # nothing was read a second time
    assert state(engine, export).tries == 2


def test_lost_files_begin_anew(engine: Engine, tmp_path: Path) -> None:
    export = asked(engine, background=False)
    claimed = claim_export(engine, export.id)
    with pytest.raises(Died):
        make(engine, claimed, tmp_path, ZONE, told=after(3, die))
    (folder_of(tmp_path, export.id) / WORK / "attempts.1.rows").write_bytes(b"")
    whole(make(engine, claimed, tmp_path, ZONE))


def test_an_interrupted_command_leaves_its_export_to_be_resumed(engine: Engine, tmp_path: Path) -> None:
    export = asked(engine, background=False)
    stop = threading.Event()
    claimed = claim_export(engine, export.id)
    with pytest.raises(Interrupted):
        make(engine, claimed, tmp_path, ZONE, told=after(2, stop.set), stopping=stop.is_set)
    interrupted(engine, claimed)
    assert state(engine, export).state == "interrupted"
    assert claim_next(engine) is None  # nobody takes it but a command
    whole(make(engine, claim_export(engine, export.id), tmp_path, ZONE))


def test_a_process_whose_export_was_taken_stops(engine: Engine, tmp_path: Path) -> None:
    export = asked(engine)
    first = claim_next(engine)
    assert first is not None
    with pytest.raises(Refused, match="another process"):
        claim_export(engine, export.id)
    let_leases_end(engine)
    second = claim_next(engine)
    assert second is not None
    with pytest.raises(Lost):
        make(engine, first, tmp_path / "elsewhere", ZONE)
    with pytest.raises(Lost):
        finished(engine, first, file="x", rows=0, size=0, sha256="")
    whole(make(engine, second, tmp_path, ZONE))


def config(var: Path) -> Settings:
    return read_settings({"PHONEFLEET_VAR": str(var)})


def test_exports_in_the_background_are_made_in_turn_and_failures_are_told(engine: Engine, tmp_path: Path) -> None:
    exports = [asked(engine) for _ in range(3)]
    blocked = folder_of(config(tmp_path).exports, exports[1].id)
    blocked.parent.mkdir()
    blocked.write_text("a file where its folder shall be")
    assert make_all(engine, config(tmp_path), threading.Event()) == 2
    assert [state(engine, one).state for one in exports] == ["done", "failed", "done"]
    assert "cannot be written" in str(state(engine, exports[1]).reason)


def test_an_export_whose_processes_die_again_and_again_fails(engine: Engine) -> None:
    export = asked(engine)
    for _ in range(5):
        assert claim_next(engine) is not None
        let_leases_end(engine)
    assert claim_next(engine) is None
    assert (state(engine, export).state, state(engine, export).reason) == ("failed", "5 processes that made it ended")


def test_old_exports_are_deleted_and_younger_ones_stay(engine: Engine, tmp_path: Path) -> None:
    exports = [asked(engine), asked(engine), asked(engine, background=False)]
    make_all(engine, config(tmp_path), threading.Event())
    for export, days in zip(exports, (8, 6, 8), strict=True):
        moment = export.created_at - timedelta(days=days)
        values = {"ended_at": moment} if export.background else {"created_at": moment, "state": "interrupted"}
        write(engine, lambda session: session.execute(update(Export).where(Export.id == export.id).values(values)))  # noqa: B023
    root = config(tmp_path).exports
    assert delete_old(engine, root, 0) == 0
    assert delete_old(engine, root, 7) == 2
    assert [state(engine, one).state for one in exports] == ["deleted", "done", "deleted"]
    assert [folder_of(root, one.id).exists() for one in exports] == [False, True, False]
    with pytest.raises(Refused, match="is deleted"):
        claim_export(engine, exports[0].id)


def test_a_key_has_a_few_exports_at_once_and_a_day(ledger: Engine) -> None:
    for key in ("key_a", "key_b"):
        add_key(ledger, key)

    def ask(key: str = "key_a", most: int = 3) -> Export:
        return start_export(ledger, ExportFilters(), "acme", keys=[key], key_id=key, most_a_day=most)

    ask()
    ask()
    with pytest.raises(TooMany, match="2 exports are not made yet"):
        ask()
    ask("key_b")  # each key by itself
    write(ledger, lambda session: session.execute(update(Export).values(state="done")))
    ask()
    write(ledger, lambda session: session.execute(update(Export).values(state="done")))
    with pytest.raises(TooMany, match="in 24 hours"):
        ask()
    with pytest.raises(TooMany, match="in 24 hours"):
        ask("key_b", most=0)


def started(watch: ExportsWatch) -> subprocess.Popen[bytes] | None:
    return watch._process


def test_the_gateway_starts_a_process_that_makes_them_in_private_files(
    engine: Engine, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_VAR", str(tmp_path))
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", sqlite_database)
    watch = ExportsWatch(engine, config(tmp_path))
    watch.look()  # nothing waits
    assert started(watch) is None
    export = asked(engine)
    old = os.umask(0o022)
    try:
        watch.look()
    finally:
        os.umask(old)
    wait_until(lambda: state(engine, export).state == "done", 60, "the export is made")
    process = started(watch)
    assert process is not None
    assert process.wait(timeout=30) == 0
    made = [tmp_path / "exports", *(tmp_path / "exports").rglob("*")]
    assert len(made) == 3
    assert [path for path in made if open_to_others(path)] == []
    whole(made[-1])


def test_a_process_that_is_told_to_end_leaves_its_export_waiting(engine: Engine, tmp_path: Path) -> None:
    export = asked(engine)
    stop = threading.Event()
    stop.set()
    assert make_all(engine, config(tmp_path), stop) == 0
    claimed = claim_next(engine)
    assert claimed is not None
    interrupted(engine, claimed)
    assert (state(engine, export).state, state(engine, export).tries) == ("waiting", 0)


def test_a_gateway_needs_nothing_that_writes_workbooks() -> None:
    """It starts a process that does."""
    program = "import sys, gateway.exports.serve; print(sorted({'xlsxwriter', 'uvicorn'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "['uvicorn']"
