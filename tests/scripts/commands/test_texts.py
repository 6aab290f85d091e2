"""`phonefleet comments` and `phonefleet titles` list what was collected, and find what it contains."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.texts import collect, filled

START = datetime(2026, 5, 1, 4, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def collected(here: Installation) -> Installation:
    """Two videos of one author, and one of another."""
    collect(here.engine, "xiaopeng", "新款发布会", ["很好看", "=1+1", "😀\u202e[red]x"], START)
    collect(here.engine, "xiaopeng", "新款试驾", ["好看的 " + "长" * 21_000 + "终点"], START + timedelta(days=1))
    collect(here.engine, "chenzhen", "发布会", ["不好看"], START + timedelta(days=2))
    filled(here.engine)
    return here


def told(run: Run, *words: str) -> list[str]:
    said = run(*words, "--json")
    assert said.status == 0, said.err
    lines = [json.loads(line) for line in said.out.splitlines()]
    return [one["text"][:9] if "text" in one else one["title"] for one in lines]


def test_which_comments_of_an_authors_video(run: Run) -> None:
    found = told(run, "comments", "--author", "xiaopeng", "--title", "新款发布会")
    assert sorted(found) == sorted(["很好看", "=1+1", "😀\u202e[red]x"])
    said = run("comments", "--author", "xiaopeng", "--title", "新款发布会")
    assert "collected comments (times: Asia/Shanghai)" in said.out
    assert "[red]x" in said.out
    assert "\u202e" not in said.out


def test_what_they_contain_is_found(run: Run) -> None:
    assert told(run, "comments", "好看") == ["不好看", "好看的 长长长长长", "很好看"]
    assert told(run, "comments", "好看", "--author", "xiaopeng") == ["好看的 长长长长长", "很好看"]
    assert told(run, "comments", "长终点") == ["好看的 长长长长长"]
    assert told(run, "comments", "😀[red]") == ["😀\u202e[red]x"]
    assert told(run, "comments", "好看", "--since", "2026-05-03") == ["不好看"]
    assert told(run, "titles", "发布会") == ["发布会", "新款发布会"]
    assert told(run, "titles", "--until", "2026-05-02") == ["新款发布会"]
    assert run("titles", "试飞").out.startswith("collected titles: none")


def test_a_list_goes_on_behind_the_place_that_it_named(run: Run) -> None:
    said = run("comments", "好看", "--last", "1")
    after = said.out.split("--after ")[1].split()[0]
    assert told(run, "comments", "好看", "--after", after) == ["好看的 长长长长长", "很好看"]


@pytest.mark.parametrize(
    "words",
    [("comments", "a"), ("comments", "--title", "发布会"), ("titles", "--since", "x"), ("titles", "--after", "-1")],
)
def test_what_cannot_be_searched_is_refused(run: Run, words: tuple[str, ...]) -> None:
    said = run(*words)
    assert said.status == 2
    assert said.err
