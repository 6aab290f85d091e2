"""What is old is deleted, a bounded number at once; what is still owed stays, and so do the actions that caps count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from models.history.records.fill import fill_records
from models.retention import campaigns, comments, records
from models.retention.campaigns import delete_old_campaigns
from models.retention.comments import delete_old_comments
from models.retention.records import delete_old_records
from models.tables import (
    ActionRow,
    Attempt,
    Campaign,
    CollectedComment,
    CollectedTitle,
    CommentSighting,
    Delivery,
    Edge,
    Record,
    RecordHour,
    Task,
)
from models.tasks.collected import note_result
from models.transactions.read_write import read, write
from tests.support.ledger import ended
from tests.support.ledger.drive import rows_in
from tests.support.ledger.ended import ENDED_AT, action_row
from workers.coordinator.retention import delete_old
from workers.settings import Settings
from workers.settings.declaration import read_settings

LATER = ENDED_AT + timedelta(days=1)
RESULT = ended.comments("很好", "@SUM(A1)", "😀\u202e")


def plant_old(engine: Engine, campaign_id: str = "c1", count: int = 3, **more: Any) -> None:
    """An ended campaign of ended tasks, one after the other, all recorded."""
    ended.add_campaign(engine, campaign_id, outcome="succeeded", ended_at=ENDED_AT, **more)
    names = [f"{campaign_id}-{number}" for number in range(count)]
    tasks = [ended.task_row(name, campaign_id, "collect_titles", {}) for name in names]
    ended.add(engine, tasks, [ended.attempt_row(name) for name in names])
    edges = [{"task_id": b, "after_id": a, "on_failure": False} for a, b in pairwise(names)]
    if edges:
        write(engine, lambda session: session.execute(insert(Edge), edges))
    fill_records(engine)


def forgotten(engine: Engine, deleting: Callable[[Session, Any], int], before: Any = LATER) -> int:
    """How many rows go, over all runs."""
    return sum(iter(lambda: write(engine, lambda session: deleting(session, before)), 0))


def ids(engine: Engine, column: Any) -> list[Any]:
    return list(read(engine, lambda session: session.scalars(select(column).order_by(column)).all()))


def change(engine: Engine, table: Any, which: Any, **values: Any) -> None:
    write(engine, lambda session: session.execute(update(table).where(which).values(**values)))


def test_an_old_campaign_goes_as_a_whole_and_its_records_stay(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "MOST_TASKS", 2)  # it takes several runs
    plant_old(ledger)
    ended.add_campaign(ledger, "young", outcome="succeeded", created_at=LATER, ended_at=LATER)
    write(ledger, lambda session: session.execute(insert(ActionRow), [action_row(1, "c1-0")]))
    fill_records(ledger)
    assert forgotten(ledger, delete_old_campaigns) == 3
    assert ids(ledger, Campaign.id) == ["young"]
    assert [rows_in(ledger, table) for table in (Task, Attempt, Edge)] == [0, 0, 0]
    assert rows_in(ledger, ActionRow) == 1, "the caps count it without an end"
    assert rows_in(ledger, Record) == 4


def adding(table: Any, row: dict[str, Any]) -> Callable[[Engine], object]:
    """Inserts one row more."""
    return lambda engine: write(engine, lambda session: session.execute(insert(table), [row]))


def callback(**more: Any) -> Callable[[Engine], object]:
    """A callback that is still owed."""
    return adding(Delivery, ended.delivery_row(**more))


@pytest.mark.parametrize(
    "owes",
    [
        pytest.param(
            lambda engine: change(engine, Campaign, Campaign.id == "c1", outcome=None, ended_at=None), id="open"
        ),
        pytest.param(lambda engine: change(engine, Campaign, Campaign.id == "c1", ended_at=LATER), id="ended lately"),
        pytest.param(lambda engine: change(engine, Campaign, Campaign.id == "c1", complete_until=LATER), id="goes on"),
        pytest.param(lambda engine: change(engine, Task, Task.id == "c1-1", state="needs_review"), id="review"),
        pytest.param(lambda engine: change(engine, Task, Task.id == "c1-1", owes_record=True), id="owes a record"),
        pytest.param(
            lambda engine: change(engine, Attempt, Attempt.task_id == "c1-1", recorded=False), id="unrecorded"
        ),
        pytest.param(callback(campaign_id="c1"), id="its callback"),
        pytest.param(callback(task_id="c1-0"), id="a task's callback"),
        pytest.param(
            adding(ActionRow, action_row(1, "c1-0", outcome="declared", ended_at=None)), id="an action in doubt"
        ),
        pytest.param(
            lambda engine: ended.add_campaign(engine, "c2", completes="c1", created_at=LATER), id="it is completed"
        ),
    ],
)
def test_a_campaign_that_still_owes_something_stays(ledger: Engine, owes: Callable[[Engine], object]) -> None:
    plant_old(ledger)
    plant_old(ledger, "other", 1)
    owes(ledger)
    assert forgotten(ledger, delete_old_campaigns) == 1
    assert "c1" in ids(ledger, Campaign.id)
    assert rows_in(ledger, Task) == 3


def collect(engine: Engine, task_id: str, result: dict[str, Any], at: Any) -> None:
    """A task of c1 that collected comments at a moment."""
    row = ended.task_row(task_id, "c1", "collect_comments", ended.VIDEO, result=result, ended_at=at)
    ended.add(engine, [row], [])
    write(engine, lambda session: note_result(session, "collect_comments", task_id, result, at, sandbox=False))


def test_old_comments_go_and_their_titles_stay_collected(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments, "MOST_COMMENTS", 2)
    ended.add_campaign(ledger, "c1", outcome="succeeded", ended_at=ENDED_AT)
    collect(ledger, "old", RESULT, ENDED_AT)
    seen_again = {**RESULT, "comments": RESULT["comments"][:1]}
    collect(ledger, "new", seen_again, LATER)
    assert forgotten(ledger, delete_old_comments) == 2
    assert ids(ledger, CollectedComment.text) == ["很好"]
    assert rows_in(ledger, CommentSighting) == 2
    title = read(ledger, lambda session: session.scalars(select(CollectedTitle)).one())
    assert title.comments_collected_at is not None
    results = {one: read(ledger, lambda session, one=one: session.get_one(Task, one).result) for one in ("old", "new")}  # type: ignore[misc]
    assert results["old"] == {**RESULT, "comments": []}, "its numbers stay"
    assert results["new"] == seen_again


def test_comments_of_an_open_campaign_stay(ledger: Engine) -> None:
    ended.add_campaign(ledger, "c1")
    collect(ledger, "old", RESULT, ENDED_AT)
    assert forgotten(ledger, delete_old_comments) == 0
    change(ledger, Campaign, Campaign.id == "c1", outcome="succeeded", ended_at=ENDED_AT)
    assert forgotten(ledger, delete_old_comments) == 3


def test_old_records_go_and_their_hours_stay(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_RECORDS", 2)
    plant_old(ledger)
    ended.add(ledger, [ended.task_row("young", "c1", "nurture", {})], [ended.attempt_row("young", ended_at=LATER)])
    fill_records(ledger)
    hours = rows_in(ledger, RecordHour)
    assert forgotten(ledger, delete_old_records) == 3
    assert ids(ledger, Record.task_id) == ["young"]
    assert rows_in(ledger, RecordHour) == hours


def kept(**days: int) -> Settings:
    """Settings that keep each kind for so many days, and the others for ever."""
    return read_settings({f"PHONEFLEET_KEEP_{name.upper()}_DAYS": str(number) for name, number in days.items()})


def test_each_kind_has_its_days_and_none_means_for_ever(ledger: Engine) -> None:
    plant_old(ledger)
    collect(ledger, "old", RESULT, ENDED_AT)
    assert delete_old(ledger, kept()) == 0
    assert delete_old(ledger, kept(comment=1)) == 3
    assert (rows_in(ledger, Task), rows_in(ledger, Record)) == (4, 3)
    assert delete_old(ledger, kept(record=1)) == 3
    assert delete_old(ledger, kept(task=1)) == 4
    assert [rows_in(ledger, table) for table in (Campaign, Task, Record)] == [0, 0, 0]
