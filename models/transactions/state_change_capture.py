"""A session that records every move of a customer's task or campaign as a state change, in the same transaction.

Many places move tasks, and customers can read each move. The session records the moves, so that no place can forget
it. Code that bypasses the session's events (bulk inserts, an UPDATE of campaigns) calls `note` itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Update, event, select
from sqlalchemy.engine import Result
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.orm.attributes import get_history

from models import tables
from models.database.clock import database_now
from models.transactions.insert_many import insert_many
from models.transactions.insert_rows import insert_values, plain_insert
from models.values.enums import CampaignState

if TYPE_CHECKING:
    from models.tables import Campaign, Task

FEW = 100  # up to so many rows, the statement that is made once costs less than one with literals


class ChangeCapturingSession(Session):
    """A session that records the moves of customers' tasks and campaigns."""


def note(session: Session, changes: Iterable[dict[str, Any]]) -> None:
    """Writes a state change for each of these moves that has a key_id.

    A move has key_id, kind, subject_id, campaign_id, reference, state and failure_code. Either all moves have `at`,
    or none has: then the time is now.
    """
    rows = noted(changes)
    if rows and "at" not in rows[0]:
        now = database_now(session)
        rows = [{**row, "at": now} for row in rows]
    if len(rows) > FEW:
        insert_many(session, tables.StateChange, rows)
    elif rows:
        insert_values(session, plain_insert(tables.StateChange), rows)


def noted(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the moves of customers' tasks and campaigns, as rows of state changes."""
    return [change for change in changes if change["key_id"] is not None]


def campaign_change(campaign: Campaign, state: str) -> dict[str, Any]:
    """Returns the move of a campaign to this state."""
    return {
        "key_id": campaign.key_id,
        "kind": "campaign",
        "subject_id": campaign.id,
        "campaign_id": campaign.id,
        "reference": campaign.reference,
        "state": state,
        "failure_code": None,
    }


def task_change(task: Task) -> dict[str, Any]:
    """Returns the move of a task to its present state."""
    return {
        "key_id": task.key_id,
        "kind": "task",
        "subject_id": task.id,
        "campaign_id": task.campaign_id,
        "reference": task.reference,
        "state": str(task.state),
        "failure_code": task.failure_code,
    }


@event.listens_for(ChangeCapturingSession, "after_flush")
def _note_flushed(session: Session, _context: UOWTransaction) -> None:
    moved = [task_change(one) for one in session.dirty if isinstance(one, tables.Task) and _set(one, "state")]
    moved += [
        campaign_change(one, CampaignState.PAUSED if one.paused else CampaignState.OPEN)
        for one in session.dirty
        if isinstance(one, tables.Campaign) and _set(one, "paused")
    ]
    note(session, moved)
    planted = [one for one in session.new if isinstance(one, tables.Campaign)]
    note(session, [{**campaign_change(one, CampaignState.OPEN), "at": one.created_at} for one in planted])


@event.listens_for(ChangeCapturingSession, "do_orm_execute")
def _note_bulk(execution: ORMExecuteState) -> Result[Any] | None:
    """Runs an UPDATE that moves many tasks, and records the moves that it made."""
    statement = execution.statement
    if not isinstance(statement, Update) or not _moves_tasks(execution, statement):
        return None
    session = execution.session
    task = tables.Task
    mine = select(task.id, task.state).where(task.key_id.is_not(None)).with_for_update()
    if statement.whereclause is not None:
        mine = mine.where(statement.whereclause)
    before = dict(session.execute(mine).all())
    result: Result[Any] = execution.invoke_statement()
    if before:
        _note_moved(session, before)
    return result


def _note_moved(session: Session, before: dict[str, str]) -> None:
    task, ids = tables.Task, list(before)
    now = select(task.key_id, task.id, task.campaign_id, task.reference, task.state, task.failure_code).where(
        task.id.in_(ids)
    )
    note(
        session,
        [
            {
                "key_id": key_id,
                "kind": "task",
                "subject_id": task_id,
                "campaign_id": campaign_id,
                "reference": reference,
                "state": state,
                "failure_code": code,
            }
            for key_id, task_id, campaign_id, reference, state, code in session.execute(now)
            if before[task_id] != state
        ],
    )


def _moves_tasks(execution: ORMExecuteState, statement: Update) -> bool:
    mapper = execution.bind_mapper
    if mapper is None or mapper.class_ is not tables.Task:
        return False
    # SQLAlchemy has no public way to ask an UPDATE which columns it sets; tests check this one with both spellings.
    values: Iterable[Any] = statement._values or ()
    return any(getattr(column, "key", column) == "state" for column in values)


def _set(row: Task | Campaign, column: str) -> bool:
    return get_history(row, column).has_changes()
