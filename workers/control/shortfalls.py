"""Shortfalls: tasks that ended with fewer titles or comments than they were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from models.tables import Attempt, Task
from models.tasks.states import State

COUNTED = {"collect_titles": ("count", "titles"), "collect_comments": ("most", "comments")}  # asked by, got as
MOST_TASKS = 5000
TRUE = (1, "true")  # as SQLite, and as the others read a true of JSON
NO_MORE = {"titles": "the author has no more videos", "comments": "the video has no more comments"}


@dataclass(frozen=True, slots=True)
class Fewer:
    """A task that collected less than it was asked for; `why` says why, and is empty when nothing tells."""

    task: Task
    asked: int
    got: int
    noun: str
    why: str


@dataclass(frozen=True, slots=True)
class AskedAndGot:
    """The numbers of one flow, asked for and collected, and the tasks that fell short."""

    noun: str
    asked: int
    got: int
    fewer: Sequence[Fewer]


def asked_and_got(session: Session, campaign_id: str) -> list[AskedAndGot]:
    """Returns the numbers of each collecting flow. The database counts, because results may be long."""
    return [one for flow in COUNTED if (one := _of_flow(session, campaign_id, flow)) is not None]


def asked_and_got_of(session: Session, task: Task) -> tuple[int, int, str, str] | None:
    """Returns the numbers asked for and collected by one task, the noun, and why fewer came if the list has no more.

    None if its flow does not count, or if it has not ended.
    """
    if task.flow not in COUNTED or task.state not in (State.SUCCEEDED, State.FAILED):
        return None
    asked_by, noun = COUNTED[task.flow]
    asked = task.kwargs.get(asked_by) if isinstance(task.kwargs, dict) else None
    if not isinstance(asked, int):
        return None
    if isinstance(task.result, dict) and isinstance(task.result.get(noun), list):
        got = len(task.result[noun])
        return asked, got, noun, NO_MORE[noun] if got < asked and task.result.get("ended") is True else ""
    vain = _got_in_vain(session, task)
    return None if vain is None else (asked, vain, noun, "")


def _of_flow(session: Session, campaign_id: str, flow: str) -> AskedAndGot | None:
    asked_by, noun = COUNTED[flow]
    dialect = session.get_bind().dialect.name
    length = func.json_array_length if dialect == "sqlite" else func.json_length
    ended = (Task.campaign_id == campaign_id, Task.flow == flow, Task.state.in_((State.SUCCEEDED, State.FAILED)))
    rows = session.execute(
        select(Task, length(Task.result, f"$.{noun}"), func.json_extract(Task.result, "$.ended"))
        .where(*ended)
        .options(defer(Task.result))
        .order_by(Task.position)
        .limit(MOST_TASKS)
    )
    asked = got = 0
    fewer: list[Fewer] = []
    for task, length_of, complete in rows:
        wanted = task.kwargs.get(asked_by) if isinstance(task.kwargs, dict) else None
        there = _got_in_vain(session, task) if length_of is None else length_of
        if not isinstance(wanted, int) or there is None:
            continue
        asked, got = asked + wanted, got + there
        if there < wanted:
            why = task.reason or (NO_MORE[noun] if complete in TRUE else "")
            fewer.append(Fewer(task, wanted, there, noun, why))
    return AskedAndGot(noun, asked, got, fewer) if asked else None


def _got_in_vain(session: Session, task: Task) -> int | None:
    """Returns the number that a failed task had collected, from the details of its last attempt."""
    details = session.scalar(
        select(Attempt.details).where(Attempt.task_id == task.id).order_by(Attempt.number.desc()).limit(1)
    )
    got = details.get("got") if isinstance(details, dict) else None
    return got if isinstance(got, int) else None
