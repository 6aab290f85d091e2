"""collect_articles, a flow package on an app of its own, held against what the reader has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.failures import FlowFailure
from flows.flow import Flow
from flows.packages.code import Code, code_of
from flows.packages.find import find
from flows.packages.load import load
from flows.specs.catalogue import OURS
from phonesim.world.formats import count_text
from tests.flows.rig import Rig

FOLDER = Path(__file__).parents[2] / "packages" / "collect_articles"
NAME = "collect_articles"


@pytest.fixture(scope="module")
def code() -> Iterator[Code]:
    path = [*sys.path]
    loaded = code_of(load(*find([FOLDER]), ours=OURS))
    assert not loaded.problems
    yield loaded
    sys.path[:] = path


def run(rig: Rig, code: Code, **params: Any) -> Any:
    """Run the flow as a worker does: with the profile that its package brings."""
    flow: Flow[Any, Any] = code.flows[NAME]
    session = replace(rig.session(), profile=code.profiles[NAME])
    return flow.run(session, flow.params_model.model_validate(params))


def accounts(rig: Rig) -> list[dict[str, Any]]:
    return rig.shelf.get("/articles")  # type: ignore[no-any-return]


def test_articles_are_those_of_the_account(rig: Rig, code: Code) -> None:
    """With the history unfolded once."""
    account = accounts(rig)[1]
    result = run(rig, code, author_id=account["id"], most=10)
    assert (result.author_id, result.author) == (account["id"], account["name"])
    assert (result.asked, result.got, result.ended, result.gaps) == (10, 10, False, 0)
    for read, true in zip(result.articles, account["articles"], strict=False):
        assert read.title == true["title"]
        assert read.text == "\n".join(part for part in true["parts"] if part)
        assert read.images == true["parts"].count("")
        assert count_text(read.reads) == count_text(true["reads"])
        assert count_text(read.likes) == count_text(true["likes"])
        assert read.at is not None


def test_an_account_is_read_to_its_end(rig: Rig, code: Code) -> None:
    account = min((one for one in accounts(rig) if one["articles"]), key=lambda one: len(one["articles"]))
    result = run(rig, code, author_id=account["id"], most=200)
    assert [one.title for one in result.articles] == [one["title"] for one in account["articles"]]
    assert result.ended


def test_an_account_without_articles_has_none(rig: Rig, code: Code) -> None:
    result = run(rig, code, author_id=accounts(rig)[0]["id"])
    assert (result.articles, result.ended) == ((), True)


def test_an_account_that_is_not_there_is_author_not_found(rig: Rig, code: Code) -> None:
    with pytest.raises(FlowFailure) as failed:
        run(rig, code, author_id="gh_nobody")
    assert failed.value.code == "author_not_found"


def test_a_list_that_does_not_load_tells_what_was_read(rig: Rig, code: Code) -> None:
    rig.shelf.fault("loading_fails", times=100)
    with pytest.raises(FlowFailure) as failed:
        run(rig, code, author_id=accounts(rig)[1]["id"])
    assert failed.value.code == "list_not_loaded"
    assert failed.value.details["articles"] == []


def test_the_fleets_app_is_found_afterwards(rig: Rig, code: Code) -> None:
    """The worker stops the reader; a flow on the fleet's app then starts its own."""
    run(rig, code, author_id=accounts(rig)[0]["id"])
    rig.phone.stop_app(code.profiles[NAME].package)
    author, video = rig.video(0, 5)
    assert rig.run("collect_comments", author_id=author, title=video["title"]).title == video["title"]


def test_its_own_tests_replay_what_was_recorded() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", "."]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("room", ["workers", "models", "gateway", "flows"])
def test_no_room_names_the_flow_or_its_app(room: str, code: Code) -> None:
    names = (NAME, code.profiles[NAME].package)
    files = [path for path in (FOLDER.parents[1] / room).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(files) > 20
    assert not [path for path in files if any(name.encode() in path.read_bytes() for name in names)]
