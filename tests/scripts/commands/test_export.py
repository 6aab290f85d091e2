"""`phonefleet export` makes a workbook, lists exports, and goes on with an interrupted one; `import` reads it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.exports import making, selection
from models.history.records.fill import fill_records
from models.tables import AuditEntry, CollectedComment, CollectedTitle, Export
from models.transactions.read_write import read
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.ended import VIDEO, add, add_campaign, comments, standard, task_row
from tests.support.workbooks import cells, records


def test_it_makes_a_workbook_and_tells_where(here: Installation, run: Run, tmp_path: Path) -> None:
    standard(here.engine)
    said = run("export", "--who", "王工")
    assert said.status == 0, said.err
    (export,) = read(here.engine, lambda session: session.scalars(select(Export)).all())
    path = Path(said.out.splitlines()[-1])
    assert path == here.var / "exports" / export.id / str(export.file)
    assert f"export {export.id[:8]}: {export.rows} rows, {path.stat().st_size} bytes; kept for 7 days" in said.out
    assert {"养号", "标题采集", "数据采集", "定向任务", "尝试"} < set(cells(path))
    (entry,) = read(here.engine, lambda session: session.scalars(select(AuditEntry)).all())
    assert (entry.who, entry.subject) == ("王工", f"export {export.id}")
    target = tmp_path / "月报.xlsx"
    said = run("export", target, "--flow", "directed", "--campaign", "c1", "--language", "en", "--since", "2026-05-01")
    assert said.out.splitlines()[-1] == str(target)
    assert [row["task id"] for row in records(target, "directed")] == ["t-directed"]
    assert "nurture" not in cells(target)
    listed = run("export", "--list").out
    assert listed.count("done") == 2


def test_records_of_one_task_or_one_customer(here: Installation, run: Run, tmp_path: Path) -> None:
    standard(here.engine)
    fill_records(here.engine)
    target = tmp_path / "records.xlsx"
    said = run("export", target, "--records", "--campaign", "c1", "--task", "t-direct")
    assert said.status == 0, said.err
    assert {row["任务ID"] for row in records(target, "记录")} == {"t-directed"}
    for arguments, field in (
        (("--records", "--task", "c1"), "--task"),
        (("--records", "--customer", "nobody"), "customer"),
        (("--task", "t-directed"), "task"),
    ):
        said = run("export", *arguments)
        assert said.status == 2
        assert field in said.err


def test_mistakes_are_refused_by_name(here: Installation, run: Run, tmp_path: Path) -> None:
    for arguments, field in (
        (("--since", "yesterday"), "--since"),
        (("--state", "done"), "state"),
        (("--language", "fr"), "language"),
        (("--campaign", "nothing"), "what"),
        (("--resume", "nothing"), "--resume"),
        ((tmp_path / "no" / "x.xlsx",), "FILE"),
    ):
        said = run("export", *arguments)
        assert said.status == 2
        assert f"\n  {field}: " in said.err
    assert read(here.engine, lambda session: session.scalar(select(func.count()).select_from(Export))) == 0


def test_ctrl_c_leaves_an_export_that_can_be_resumed(
    here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "LOOKED_AT", 2)
    standard(here.engine)
    reading = selection.task_step
    steps: list[int] = []

    def at_the_third(*arguments: object) -> object:
        steps.append(1)
        if len(steps) == 3:
            signal.raise_signal(signal.SIGINT)
        return reading(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "task_step", at_the_third)
    said = run("export")
    assert said.status == 1
    command = said.out.partition("go on: phonefleet ")[2].split()
    assert command[:2] == ["export", "--resume"]
    assert f"interrupted, {2 * len(steps)} of 9 tasks" in run("export", "--list").out
    said = run(*command)
    assert said.status == 0
    assert len(records(Path(said.out.splitlines()[-1]), "标题采集")) == 3
    assert len(steps) == 5  # of nine tasks, two a step


def test_import_reads_what_export_wrote(here: Installation, run: Run, tmp_path: Path) -> None:
    here.know_authors("xiaopeng")
    add_campaign(here.engine, "c1")
    texts = ("很好", "=1+1", "\u202e反 😀", "_x0041_")
    add(here.engine, [task_row("t1", "c1", "collect_comments", VIDEO, result=comments(*texts))], [])
    target = tmp_path / "out.xlsx"
    assert run("export", target).status == 0
    said = run("import", target, "--apply")
    assert said.status == 0, said.err
    stored = read(here.engine, lambda session: session.scalars(select(CollectedComment.text)).all())
    assert sorted(stored) == sorted(texts)
    titles = read(here.engine, lambda session: session.scalars(select(CollectedTitle.title)).all())
    assert titles == [VIDEO["title"]]
