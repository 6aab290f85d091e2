"""Which janitors rest while no task is open; that each is called when it would find something to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Engine, insert, inspect, select, update

from models.database.clock import database_now
from models.tables import (
    ActionRow,
    ApiKey,
    Attempt,
    Campaign,
    CampaignSchedule,
    CollectedComment,
    CollectedTitle,
    Delivery,
    PauseEnd,
    Phone,
    PhoneShow,
    Recording,
    StateChange,
    Task,
    Watch,
    WatchLook,
)
from models.transactions.read_write import read, write
from tests.support.ledger.drive import online_worker, owned_author, plant, titles
from workers.coordinator.at_rest import (
    AS_ALWAYS,
    IDLE_SECONDS,
    LESS_OFTEN,
    SETTLED,
    TASKS,
    UNHURRIED,
    WHATEVER_WAS_TOLD,
    WITH_TASKS,
    Rest,
    what_is_due,
)

IDLE_AGAIN = timedelta(hours=1)
PAST, AHEAD = timedelta(minutes=-1), timedelta(minutes=1)
LOOP = Path(__file__).parents[3] / "workers" / "coordinator" / "loop.py"

Change = Callable[[datetime], Mapping[str, Any]]

# what makes a janitor due: a row with these values, by the ledger's time
ROWS: list[tuple[str, type, Change]] = [
    ("control", Campaign, lambda now: {"control": "stop", "outcome": "succeeded"}),
    ("pauses", PauseEnd, lambda now: {"ends_at": now + PAST}),
    ("close", Campaign, lambda now: {"outcome": None}),
    ("watches", Watch, lambda now: {"next_due": now + PAST, "removed_at": None}),
    ("schedules", CampaignSchedule, lambda now: {"next_due": now + PAST, "removed_at": None}),
    ("verdicts", WatchLook, lambda now: {"outcome": "planted"}),
    ("verdicts", WatchLook, lambda now: {"outcome": "looked"}),
    ("verdicts", Watch, lambda now: {"judge_at": now + PAST, "next_due": now + AHEAD}),
    ("find", PhoneShow, lambda now: {"asked_until": now + AHEAD}),
    ("record", Recording, lambda now: {"asked_until": now + AHEAD}),
    ("deliver", Delivery, lambda now: {"state": "owed", "next_at": now + PAST}),
    ("records", Attempt, lambda now: {"recorded": False, "ended_at": now}),
    ("records", ActionRow, lambda now: {"recorded": False, "ended_at": now}),
    ("records", Task, lambda now: {"owes_record": True, "state": "succeeded"}),
    ("texts", CollectedTitle, lambda now: {"searchable": False}),
    ("texts", CollectedComment, lambda now: {"searchable": False}),
]
# what the phone is set to
PHONES: list[tuple[str, Change]] = [
    ("silence", lambda now: {"seen_at": now + PAST}),
    ("acquaint", lambda now: {"account_read_at": None}),
    ("acquaint", lambda now: {"account_read_at": now - 2 * IDLE_AGAIN}),
    ("hub", lambda now: {"state": "offline", "why": "it was unplugged", "state_since": now}),
]
# what such a row belongs to, as one in which nothing is due
PARENTS: Mapping[str, Callable[[datetime], tuple[type, Mapping[str, Any]]]] = {
    "campaigns": lambda now: (Campaign, {"outcome": "succeeded"}),
    "tasks": lambda now: (Task, {"state": "succeeded"}),
    "watches": lambda now: (Watch, {"next_due": now + AHEAD}),
    "titles": lambda now: (CollectedTitle, {"id": 1, "searchable": True}),
}


@pytest.fixture(autouse=True)
def idle_phone(ledger: Engine) -> None:
    """One phone that is online and has nothing to do."""
    owned_author(ledger)
    online_worker(ledger, "p1")
    write(ledger, lambda session: session.execute(update(Phone).values(account_read_at=database_now(session))))


def due(ledger: Engine) -> set[str]:
    """The janitors that would find something now."""
    asked = dict(what_is_due(read(ledger, database_now), IDLE_AGAIN))
    row = read(ledger, lambda session: session.execute(select(*asked.values())).one())
    return {name for name, found in zip(asked, row, strict=True) if found}


def add(ledger: Engine, table: Any, values: Mapping[str, Any]) -> None:
    """A row with these values, and with any in the columns that must have one."""
    some = {
        str: "x",
        int: 1,
        float: 1.0,
        bool: True,
        datetime: read(ledger, database_now),
        bytes: b"x",
        dict: {},
        date: read(ledger, database_now).date(),
    }
    needed = [
        one
        for one in inspect(table).local_table.columns
        if not one.nullable and one.default is None and one.server_default is None and one.autoincrement is not True
    ]
    filled = {one.name: some[_python_type(one)] for one in needed}
    for parent in {key.column.table.name for one in needed for key in one.foreign_keys}:
        add(ledger, *PARENTS[parent](read(ledger, database_now)))
    write(ledger, lambda session: session.execute(insert(table).values({**filled, **values})))


def _python_type(column: Any) -> Any:
    stored = getattr(column.type, "impl", column.type)
    return dict if isinstance(stored, JSON) else stored.python_type


def test_nothing_is_due_in_an_idle_fleet(ledger: Engine) -> None:
    assert due(ledger) == set()


def test_an_open_task_is_seen(ledger: Engine) -> None:
    plant(ledger, titles())
    assert {TASKS, "close"} <= due(ledger)


@pytest.mark.parametrize(("janitor", "table", "values"), ROWS)
def test_a_row_that_a_janitor_would_find_is_seen(ledger: Engine, janitor: str, table: type, values: Change) -> None:
    add(ledger, table, values(read(ledger, database_now)))
    assert due(ledger) == {janitor}


@pytest.mark.parametrize(("janitor", "values"), PHONES)
def test_a_phone_that_a_janitor_would_find_is_seen(ledger: Engine, janitor: str, values: Change) -> None:
    changed = update(Phone).values(values(read(ledger, database_now)))
    write(ledger, lambda session: session.execute(changed))
    assert due(ledger) == {janitor}


def test_a_change_without_a_position_is_seen(ledger: Engine) -> None:
    add(ledger, ApiKey, {"id": "k"})
    assert due(ledger) == set()
    add(ledger, StateChange, {"key_id": "k", "position": None})
    assert due(ledger) == {"number"}


def test_each_janitor_is_told_of_or_named_as_one_that_is_not(ledger: Engine) -> None:
    janitors = re.findall(r'Janitor\("([\w ]+)"', LOOP.read_text(encoding="utf-8"))
    told = [name for name, _ in what_is_due(read(ledger, database_now), IDLE_AGAIN) if name != TASKS]
    assert sorted([*told, *WITH_TASKS, *LESS_OFTEN, *AS_ALWAYS]) == sorted(janitors)


def test_janitors_rest_some_time_after_the_last_task_and_wake_with_the_next(ledger: Engine) -> None:
    rest = Rest(ledger, IDLE_AGAIN)
    rest.look(0.0)
    assert not rest.may_rest("ring", 0.0)
    rest.look(SETTLED + 1)
    assert rest.may_rest("ring", SETTLED + 1)
    assert rest.may_rest("versions", SETTLED + 1)
    assert not rest.may_rest("versions", SETTLED + 1 + LESS_OFTEN["versions"])
    assert not any(rest.may_rest(name, SETTLED + 1) for name in AS_ALWAYS)
    assert not rest.may_rest("ring", WHATEVER_WAS_TOLD)  # whatever was told

    plant(ledger, titles())
    rest.look(SETTLED + 1.5)  # within a second of the last look: not asked again
    assert rest.may_rest("rescue", SETTLED + 1.5)
    rest.look(SETTLED + 3)
    assert not any(rest.may_rest(name, SETTLED + 3) for name in WITH_TASKS)


def test_a_janitor_that_is_due_works_while_the_others_rest(ledger: Engine) -> None:
    rest = Rest(ledger, IDLE_AGAIN)
    rest.look(0.0)
    add(ledger, PauseEnd, {"ends_at": read(ledger, database_now) + PAST})
    rest.look(SETTLED + 1)
    assert not rest.may_rest("pauses", SETTLED + 1)
    assert rest.may_rest("close", SETTLED + 1)


def test_the_unhurried_rest_while_tasks_run_until_they_are_due(ledger: Engine) -> None:
    rest = Rest(ledger, IDLE_AGAIN)
    assert not any(rest.may_rest(name, 0.0) for name in UNHURRIED)  # nobody looked yet
    plant(ledger, titles())
    rest.look(1.0)
    assert all(rest.may_rest(name, 1.0) for name in UNHURRIED)
    assert not any(rest.may_rest(name, 1.0) for name in (*WITH_TASKS, *AS_ALWAYS, "deliver", "control", "number"))
    add(ledger, PauseEnd, {"ends_at": read(ledger, database_now) + PAST})
    rest.look(3.0)
    assert {name for name in UNHURRIED if not rest.may_rest(name, 3.0)} == {"pauses"}
    assert not any(rest.may_rest(name, 1.0 + WHATEVER_WAS_TOLD) for name in UNHURRIED)


def test_idle_phones_are_looked_for_together_and_unknown_ones_at_once(ledger: Engine) -> None:
    rest, at = Rest(ledger, IDLE_AGAIN), SETTLED + 1
    rest.look(0.0)

    def acquaints(now: float) -> bool:
        rest.look(now)
        return not rest.may_rest("acquaint", now)

    was_read(ledger, read(ledger, database_now) - 2 * IDLE_AGAIN)
    assert acquaints(at)
    assert not acquaints(at + 1)
    assert acquaints(at + IDLE_SECONDS)
    assert not acquaints(at + IDLE_SECONDS + 1)
    was_read(ledger, None)
    assert acquaints(at + IDLE_SECONDS + 2)


def was_read(ledger: Engine, at: datetime | None) -> None:
    write(ledger, lambda session: session.execute(update(Phone).values(account_read_at=at)))


def test_all_look_for_themselves_after_a_look_that_failed(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = Rest(ledger, IDLE_AGAIN)
    rest.look(0.0)
    rest.look(SETTLED + 1)
    assert rest.may_rest("ring", SETTLED + 1)
    monkeypatch.setattr("workers.coordinator.at_rest.what_is_due", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rest.look(SETTLED + 3)
    assert not rest.may_rest("ring", SETTLED + 3)
