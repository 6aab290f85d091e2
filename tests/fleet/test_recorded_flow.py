"""docs/recorded-flow.md, followed as it is written: a flow is recorded without Python, packed, installed and run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from models.tables import Task
from models.transactions.read_write import read
from tests.support.documents import blocks
from tests.support.fleet import Fleet
from tests.support.newcomer import follow, written
from tests.support.workbooks import records

PAGES = ("docs/recorded-flow.md", "docs/recorded-flow.zh-CN.md")
NAME = "read_articles"
COLUMNS = ("official_account", "title", "published")


def test_both_languages_have_the_same_commands() -> None:
    english, chinese = ([block.text for block in blocks(page)] for page in PAGES)
    assert english == chinese


@pytest.mark.fleet
def test_a_flow_without_python(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    page, here, site = PAGES[0], tmp_path / "reader", tmp_path / "site"
    here.mkdir()
    typed = written(page, "find 9 account", "end\n")
    said = follow(here, written(page, "profile record"), {}, typed)
    account = re.findall(r"--param account='(gh_\w+)'", said)[-1]
    assert not list((here / NAME / NAME).glob("pages.py"))

    def with_account(*words: str) -> str:
        return written(page, *words).replace("ACCOUNT", account)

    said = follow(here, with_account("flow try"), {})
    assert "3 rows" in said
    assert "has no mistakes" in said
    assert "three is the same" in said
    installs = {"PIP_TARGET": str(site), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    follow(here, written(page, "flow pack"), installs)
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 1, owned=False, PYTHONPATH=str(site)) as fleet:
        script = next(block.text for block in blocks(page) if block.language == "python")
        (here / "plant_articles.py").write_text(script, encoding="utf-8")
        assert "succeeded" in follow(here, with_account("plant_articles.py ACCOUNT"), fleet.env)
        task = read(fleet.engine, lambda session: session.scalars(select(Task).where(Task.flow == NAME)).one())
        result: Any = task.result
        told = requests.get(f"{fleet.shelf.control}/articles", timeout=30).json()
        true = next(one for one in told if one["id"] == account)
        newest = true["articles"][:3]
        assert [one["official_account"] for one in result["rows"]] == [true["name"]] * 3
        titles = [
            (true["title"], row["title"].removesuffix("…")) for true, row in zip(newest, result["rows"], strict=True)
        ]
        assert [whole for whole, shown in titles if not (shown and whole.startswith(shown))] == []
        assert [set(one) for one in result["rows"]] == [set(COLUMNS)] * 3
        rows = records(here / "articles.xlsx", "公众号文章")
        assert [row["title"] for row in rows] == [one["title"] for one in result["rows"]]
