"""docs/first-flow.md, followed as it is written, from `phonefleet flow new` to the result in the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.tables import Task
from models.transactions.read_write import read
from tests.support.documents import blocks
from tests.support.fleet import Fleet
from tests.support.newcomer import follow, written
from tests.support.workbooks import records

PAGES = ("docs/first-flow.md", "docs/first-flow.zh-CN.md")
NAME = "read_accounts"
STARTS = "python -m phonesim"  # the fleet that the test starts itself


def test_both_languages_have_the_same_commands() -> None:
    english, chinese = ([block.text for block in blocks(page)] for page in PAGES)
    assert english == chinese


@pytest.mark.fleet
def test_the_first_flow(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    page, here = PAGES[0], tmp_path / "reader"
    here.mkdir()
    follow(here, written(page, "flow new"), {})
    said = follow(here, written(page, "flow try"), {})
    shown = written(page, "== list").splitlines()
    assert "== list" in said
    assert said.splitlines()[-1] == shown[-1] == "12 rows"
    said = follow(here, written(page, "flow check", "flow replay"), {})
    assert "first is the same" in said
    assert "three is the same" in said
    found = str(here / NAME)
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 1, owned=False, PHONEFLEET_FLOWS=found) as fleet:
        assert STARTS in written(page, "phonefleet up")
        script = next(block.text for block in blocks(page) if block.language == "python")
        (here / "plant.py").write_text(script, encoding="utf-8")
        said = follow(here, written(page, "plant.py"), fleet.env)
        assert "succeeded" in said
        assert "my first flow" in said
        task = read(fleet.engine, lambda session: session.scalars(select(Task).where(Task.flow == NAME)).one())
        result: Any = task.result
        assert [one["name"] for one in result["items"]][:2] == ["城市观察", "慢车站"]
        assert len(result["items"]) == 5
        rows = records(here / "items.xlsx", "列表采集")
        assert [row["编号"] for row in rows] == [one["id"] for one in result["items"]]
    assert "is built" in follow(here, written(page, "flow pack"), {})


def test_the_doctor_lists_it(tmp_path: Path) -> None:
    follow(tmp_path, written(PAGES[0], "flow new"), {})
    doctor = written(PAGES[0], "phonefleet doctor").replace("phonefleet doctor", "phonefleet doctor || true")
    assert f"Flow packages: {NAME}" in follow(tmp_path, doctor, {"PHONEFLEET_VAR": str(tmp_path / "var")})
