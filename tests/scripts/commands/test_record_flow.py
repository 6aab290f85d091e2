"""`phonefleet profile record` of a flow: a person walks through an app, and a package that runs comes of it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.failures import FlowFailure
from flows.packages.recording import Recording, RecordingPhone
from flows.packages.replay import replay
from flows.session import Session
from models.values.refused import Refused
from phonesim.reader.app import ReaderApp
from scripts.commands.flow_packages.check import check
from scripts.commands.flow_packages.run import Loaded, checked, load_package
from scripts.commands.profiles.write_flow import write_flow
from tests.support.app_phone import AppPhone
from tests.support.drift import NOON, reader
from tests.support.memory import MemoryJournal, MemoryWatch
from tests.support.recorder import Person
from workers.policy.recorder.steps_text import steps_of
from workers.policy.recorder.typed_steps import TypedSteps
from workers.policy.recorder.walk import profile_of, walk
from workers.policy.recorder.walked import Walked

PACKAGE = "com.phonefleet.reader"
NAME = "read_own_articles"
WALK = (
    "accounts", "find <#item_id> account",
    "account", "read <#account_name> official_account", "read <#item_title> title", "read <#item_date> at moment",
    "back", "accounts", "end",
)  # fmt: skip


def app() -> ReaderApp:
    started = reader().start(None)
    assert isinstance(started, ReaderApp)
    return started


def recorded(*answers: str) -> tuple[Walked, Person]:
    person = Person(*answers)
    return walk(
        AppPhone(app()), Walked(PACKAGE, "1.3.0", typed=TypedSteps()), person.ask, person.tell, person.show
    ), person


def package(into: Path, *answers: str) -> Path:
    walked, _ = recorded(*(answers or WALK))
    text, profile, _ = profile_of(walked)
    return write_flow(walked, NAME, into, text, steps_of(walked, "自己的文章", profile))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The package of the walk; its module is forgotten afterwards."""
    path = [*sys.path]
    yield package(tmp_path)
    sys.path[:] = path
    for name in [one for one in sys.modules if one.partition(".")[0] == NAME]:
        del sys.modules[name]


def run(loaded: Loaded, recording: Recording, **given: Any) -> Any:
    params = checked(loaded.flow, [f"{name}={value}" for name, value in given.items()])
    recording.params = params.model_dump(mode="json")
    moment = datetime.fromtimestamp(NOON, UTC)
    recording.now = moment.isoformat()
    session = Session(
        phone=RecordingPhone(AppPhone(app()), recording), profile=loaded.profile, account_id="", rng=random.Random(1),
        journal=MemoryJournal(), watch=MemoryWatch(), pause=lambda _: None, now=lambda: moment,
    )  # fmt: skip
    return loaded.flow.run(session, params)


def test_a_walk_makes_a_flow_that_reads_what_the_app_has(folder: Path) -> None:
    account = app().articles.accounts[1]
    loaded, recording = load_package(folder), Recording(NAME)
    result = run(loaded, recording, account=account.id, most=4)
    assert [one["official_account"] for one in result.rows] == [account.name] * 4
    assert [one["title"][:23] for one in result.rows] == [one.title[:23] for one in account.articles[:4]]
    assert all(datetime.fromisoformat(one["at"]) for one in result.rows)
    assert (result.got, result.gaps) == (4, 0)
    recording.result = result.model_dump(mode="json")
    assert replay(loaded.flow, loaded.profile, recording) == result


def test_it_has_no_mistakes_and_its_steps_are_those_of_the_walk(folder: Path) -> None:
    assert check(folder) == []
    flow = load_package(folder).flow
    assert flow.steps == ("1_open", "2_find", "3_read", "4_list")
    assert [one.key for one in flow.columns] == ["official_account", "title", "at"]
    assert (flow.acts, flow.heading) == (frozenset(), "自己的文章")
    assert set(flow.params_model.model_fields) == {"account", "most"}


def test_a_row_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(FlowFailure, match="gh_nobody is not among") as failed:
        run(load_package(folder), Recording(NAME), account="gh_nobody")
    assert failed.value.code == "row_not_found"
    assert failed.value.details["rows"] == []


def test_the_parameter_has_the_value_that_was_shown() -> None:
    walked, person = recorded(*WALK)
    assert walked.typed is not None
    assert walked.typed.examples["account"] in {one.id for one in app().articles.accounts}
    assert any("title: of every row" in line for line in person.told)
    assert any("official_account: of the page" in line for line in person.told)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("read 999 title", "an element that has an id"),
        ("read <#item_id> Title", "small letters"),
        ("read <#item_id> title other", "small letters"),
        ("find <#page_accounts> account", "in no row of a list"),
    ],
)
def test_what_cannot_be_a_step_is_told_and_is_none(typed: str, told: str) -> None:
    walked, person = recorded("accounts", typed, "end")
    assert any(told in line for line in person.told)
    assert walked.typed is not None
    assert [one["do"] for one in walked.typed.steps] == ["open"]


def test_a_walk_that_reads_nothing_makes_no_flow() -> None:
    walked, _ = recorded("accounts", "tap <#account_item>", "account", "end")
    _, profile, _ = profile_of(walked)
    with pytest.raises(Refused, match="nothing is read"):
        steps_of(walked, "x", profile)


def test_flow_check_names_the_line_of_a_step_that_may_act(folder: Path) -> None:
    steps = folder / NAME / "steps.yaml"
    lines = steps.read_text("utf-8").replace("do: find", "do: tap").replace("  equals: account\n", "")
    steps.write_text(lines.replace("  to: account\n", "  to: accounts\n", 1), encoding="utf-8")
    found = check(folder)
    at = dict(enumerate(steps.read_text("utf-8").splitlines(), 1))
    assert {one.file for one in found} == {f"{NAME}/steps.yaml"}
    (tap,) = [one for one in found if "opens no other page" in one.reason]
    assert "to: accounts" in at[tap.line]
    assert "only reads" in tap.remedy
    assert any("no step uses it" in one.reason for one in found)
    with pytest.raises(Refused, match="opens no other page"):
        load_package(folder)
