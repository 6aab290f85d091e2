"""Several changed tasks written with one UPDATE: the same rows and state changes as a flush makes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import group
from sqlalchemy import Engine, event, inspect, select, update
from sqlalchemy.orm import Session

from models.tables import StateChange, Task
from models.tasks.states import State
from models.tasks.transitions import TaskEnd, end, spend_ticket, take
from models.transactions.read_write import read, write
from models.transactions.update_together import update_together
from tests.support.ledger.drive import plant, ready, work

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RESULTS: list[Any] = [None, [], {"评论": "好看😀", "quote": "'; --"}, "x" * 3000, 1.5, False]


def planted(ledger: Engine) -> list[str]:
    """Ready tasks, half of them of a customer's key."""
    ids = ready(ledger, plant(ledger, group(work(number) for number in range(len(RESULTS)))))

    def give_key(session: Session) -> None:
        session.execute(update(Task).where(Task.id.in_(ids[::2])).values(key_id="k1", reference="ref"))

    write(ledger, give_key)
    return ids


def change(session: Session, ids: list[str], step: str) -> list[Task]:
    """Move the tasks as workers do; they are not written yet."""
    found = {one.id: one for one in session.scalars(select(Task).where(Task.id.in_(ids)))}
    rows = [found[one] for one in ids]
    with session.no_autoflush:
        for number, row in enumerate(rows):
            if step == "take":
                row.attempt += number  # so that the attempts differ
                take(row, NOW, NOW + timedelta(seconds=9), incarnation="life", serial=None, account_id=None)
            elif step == "end":
                end(row, TaskEnd(State.SUCCEEDED, result=RESULTS[number]), NOW)
            elif number % 2:  # some change, and others do not
                spend_ticket(row, NOW + timedelta(days=number), f"why {number}")
    return rows


def told(ledger: Engine, ids: list[str]) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    """All columns of the tasks but those that no two plantings share, and the state changes."""
    columns = [one.key for one in inspect(Task).columns if one.key not in ("id", "campaign_id", "created_at", "seed")]
    columns = [one for one in columns if one not in ("latest_end", "not_before") or one == "waits_for"]

    def rows(session: Session) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
        found = {one.id: one for one in session.scalars(select(Task).where(Task.id.in_(ids)))}
        wanted = select(StateChange).where(StateChange.subject_id.in_(ids)).order_by(StateChange.id)
        changes = [(ids.index(one.subject_id), one.state, one.kind, one.reference) for one in session.scalars(wanted)]
        return [{name: getattr(found[one], name) for name in columns} for one in ids], sorted(changes)

    return read(ledger, rows)


@pytest.mark.parametrize("steps", [["take"], ["take", "end"], ["spend"], ["spend", "take", "end"]])
def test_rows_and_state_changes_are_those_of_a_flush(ledger: Engine, steps: list[str]) -> None:
    one_by_one, together = planted(ledger), planted(ledger)
    for step in steps:
        write(ledger, lambda session, step=step: change(session, one_by_one, step))  # type: ignore[misc]
        write(
            ledger,
            lambda session, step=step: update_together(session, change(session, together, step)),  # type: ignore[misc]
        )
    assert told(ledger, together) == told(ledger, one_by_one)


EQUAL_TO_PYTHON: list[list[Any]] = [
    [1, True, 1.0],
    [True, 1, 1],
    [0, False, -0.0, 0.0],
    [[1], [True], [1.0]],
    [{"ok": True}, {"ok": 1}],
    [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
    [None, None],
]


@pytest.mark.parametrize("results", EQUAL_TO_PYTHON, ids=repr)
def test_each_task_gets_its_own_result_though_python_takes_them_for_equal(ledger: Engine, results: list[Any]) -> None:
    one_by_one, together = planted(ledger)[: len(results)], planted(ledger)[: len(results)]
    for ids, write_rows in ((one_by_one, Session.flush), (together, None)):
        write(ledger, lambda session, ids=ids: change(session, ids, "take"))  # type: ignore[misc]

        def end_all(session: Session, ids: list[str] = ids, flush: Any = write_rows) -> None:
            found = {one.id: one for one in session.scalars(select(Task).where(Task.id.in_(ids)))}
            rows = [found[one] for one in ids]
            with session.no_autoflush:
                for row, result in zip(rows, results, strict=True):
                    end(row, TaskEnd(State.SUCCEEDED, result=result), NOW)
            if flush is None:
                update_together(session, rows)

        write(ledger, end_all)
    stored = [
        read(ledger, lambda session, one=one: session.get_one(Task, one).result)  # type: ignore[misc]
        for one in (*one_by_one, *together)
    ]
    told_apart = [repr(one) for one in stored]
    assert told_apart[len(results) :] == told_apart[: len(results)]


def test_one_update_is_sent_and_none_when_the_session_flushes(ledger: Engine) -> None:
    ids = planted(ledger)
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    def take_all(session: Session) -> None:
        rows = change(session, ids, "take")
        event.listen(ledger, "before_cursor_execute", note)
        update_together(session, rows)
        session.flush()
        event.remove(ledger, "before_cursor_execute", note)

    write(ledger, take_all)
    assert len([one for one in sent if one.startswith("UPDATE tasks")]) == 1


def test_nothing_is_sent_where_nothing_changed(ledger: Engine) -> None:
    ids = planted(ledger)
    write(ledger, lambda session: update_together(session, change(session, ids[:1], "spend")))
    write(ledger, lambda session: update_together(session, []))
    assert told(ledger, ids)[1] == []
