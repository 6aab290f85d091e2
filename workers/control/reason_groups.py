"""Groups a campaign's tasks that share a reason: their number, the reason, the remedy, and the first few tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer

from flows.failures import remedy_for
from models.tables import Attempt, Campaign, Task
from models.tasks.states import State
from workers.control.about import about, evidence_of

MOST_GROUPS = 20
MOST_NAMED = 3
NOT_SUCCEEDED = (State.FAILED, State.STOPPED, State.NEEDS_REVIEW)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of tasks: their number, what they have in common, the reason, the remedy, and the first few tasks."""

    count: int
    head: str
    why: str
    remedy: str
    named: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sort:
    """A way of grouping: the tasks, the columns to group by, and the function that returns reason and remedy.

    `stated`: the tasks of a group share flow and state, and both name it.
    """

    which: ColumnElement[bool]
    by: tuple[Any, ...]
    told: Callable[[Session, Campaign, Task], tuple[str, str]]
    stated: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """How the reader's language says a text with `{names}`, and a code of the ledger."""

    text: Callable[..., str]
    word: Callable[[str, object], str]


def groups_of(session: Session, campaign: Campaign, words: Words) -> Mapping[str, Sequence[Group]]:
    """Returns the groups of what did not succeed, is held and waits, the largest first, each with its first tasks.

    Reasons and remedies stay English.
    """
    return {name: _groups(session, campaign, sort, words) for name, sort in _SORTS.items()}


def _groups(session: Session, campaign: Campaign, sort: Sort, words: Words) -> list[Group]:
    mine = (Task.campaign_id == campaign.id, sort.which)
    counted = session.execute(
        select(func.count(), *sort.by).where(*mine).group_by(*sort.by).order_by(func.count().desc()).limit(MOST_GROUPS)
    )
    groups = []
    for count, *values in counted.all():
        alike = [column.is_not_distinct_from(value) for column, value in zip(sort.by, values, strict=True)]
        first = session.scalars(
            select(Task).where(*mine, *alike).options(defer(Task.result)).order_by(Task.position).limit(MOST_NAMED)
        ).all()
        why, remedy = sort.told(session, campaign, first[0])
        if sort.stated:
            head = f"{words.word('flow', first[0].flow)} {words.word('state', first[0].state)}"
        else:
            head = _flows(session, words, *mine, *alike)
        groups.append(Group(count, head, why, remedy, [_named(session, words, one) for one in first]))
    return groups


def _flows(session: Session, words: Words, *which: ColumnElement[bool]) -> str:
    """Returns the number of tasks of each flow, the largest first; for a single flow its name."""
    counted = session.execute(
        select(Task.flow, func.count()).where(*which).group_by(Task.flow).order_by(func.count().desc(), Task.flow)
    ).all()
    if len(counted) == 1:
        return words.word("flow", counted[0][0])
    return words.text("tasks: {list}", list=", ".join(f"{count} {words.word('flow', flow)}" for flow, count in counted))


def _named(session: Session, words: Words, task: Task) -> str:
    known = about(task, words.text)
    line = f"{task.id[:8]}  {words.word('flow', task.flow)}{f': {known}' if known else ''}"
    if task.state not in NOT_SUCCEEDED:
        return line
    evidence = evidence_of(last_attempt(session, task))
    return f"{line}\n                {words.text('evidence: {place}', place=evidence)}" if evidence else line


def last_attempt(session: Session, task: Task) -> Attempt | None:
    """Returns a task's newest attempt, if any."""
    wanted = select(Attempt).where(Attempt.task_id == task.id).order_by(Attempt.number.desc()).limit(1)
    return session.scalars(wanted).first()


def _failure(session: Session, campaign: Campaign, task: Task) -> tuple[str, str]:
    last = last_attempt(session, task)
    why = ": ".join(filter(None, (task.failure_code, task.reason)))
    remedy = remedy_for(task.failure_code or "", None if last is None else last.details)
    if task.state == State.NEEDS_REVIEW:
        remedy = "look at the app, then settle it: phonefleet review"
    return why, remedy


def _held(session: Session, campaign: Campaign, task: Task) -> tuple[str, str]:
    if task.awaits_approval and not task.paused:
        return task.waits_for or "", "phonefleet approvals"
    resumed = campaign.id if campaign.paused else task.id
    return task.waits_for or "", f"phonefleet resume {resumed[:8]}" if task.paused else "see: phonefleet holds"


def _waiting(session: Session, campaign: Campaign, task: Task) -> tuple[str, str]:
    return task.waits_for or "", ""


# What a page and a command show of a campaign, in this order.
_SORTS = {
    "not succeeded": Sort(
        Task.state.in_(NOT_SUCCEEDED), (Task.flow, Task.state, Task.failure_code), _failure, stated=True
    ),
    "held": Sort(Task.state == State.HELD, (Task.paused, Task.waits_for), _held),
    "waiting": Sort((Task.state == State.READY) & Task.waits_for.is_not(None), (Task.waits_for,), _waiting),
}
