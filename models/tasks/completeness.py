"""Completeness of a campaign: asked for, got, missing and why, counted in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from models import tables
from models.tables import Task
from models.tasks.progress import actions_done
from models.tasks.states import ENDED, State
from models.values.enums import RunsOn

BRINGING = ("collect_comments", "collect_titles")  # flows whose result has the numbers asked for and got
SHORT = "titles_shortfall"
OPEN = "open"  # stands for the state of a task that had not ended at the cut
Group = tuple[str, str, str | None, str | None]  # campaign, flow, author, account


@dataclass(slots=True)
class Counted:
    """Numbers of one flow: of its tasks, or of the titles or comments that they collected."""

    asked: int = 0
    got: int = 0
    why: dict[str, int] = field(default_factory=dict)  # failure code, or the state of an open task → number of tasks

    def add(self, asked: int, got: int, why: Mapping[str, int]) -> None:
        """Adds the numbers of another group."""
        self.asked += asked
        self.got += got
        for code, count in why.items():
            self.why[code] = self.why.get(code, 0) + count

    @property
    def missing(self) -> int:
        return self.asked - self.got

    def as_json(self) -> dict[str, Any]:
        """Returns the numbers, and the reasons for what is missing, as JSON values."""
        return {"asked": self.asked, "got": self.got, "missing": self.missing, "why": dict(sorted(self.why.items()))}


@dataclass(slots=True)
class Numbers:
    """Tasks asked for and got, and titles or comments; `why` counts the codes or states of the tasks that miss."""

    asked: int = 0
    got: int = 0
    items_asked: int = 0
    items_got: int = 0
    why: dict[str, int] = field(default_factory=dict)

    def add(self, other: Numbers) -> None:
        """Adds the numbers of another group."""
        self.asked += other.asked
        self.got += other.got
        self.items_asked += other.items_asked
        self.items_got += other.items_got
        for code, count in other.why.items():
            self.why[code] = self.why.get(code, 0) + count


@dataclass(frozen=True, slots=True)
class Completeness:
    """The numbers of a campaign's tasks on phones, asked for and done. Tasks of the desk are not counted."""

    flows: Mapping[str, Counted]
    collected: Mapping[str, int]  # titles_with_comments and comments → their number
    actions: Mapping[str, int]  # kind → number of actions done
    # flow → the titles or comments that its ended tasks were asked for and collected
    brought: Mapping[str, Counted] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Returns the numbers in total and for each flow, as JSON values."""
        total = Counted(sum(one.asked for one in self.flows.values()), sum(one.got for one in self.flows.values()))
        return {
            "asked": total.asked,
            "got": total.got,
            "missing": total.missing,
            "flows": {name: one.as_json() for name, one in sorted(self.flows.items())},
            "collected": dict(self.collected),
            "actions": dict(self.actions),
            "brought": {name: one.as_json() for name, one in sorted(self.brought.items())},
        }


def completeness(session: Session, campaign_id: str) -> Completeness:
    """Counts a campaign. An errback that no failure called counts as not asked for."""
    flows: dict[str, Counted] = {}
    brought: dict[str, Counted] = {}
    for (_, flow, _, _), numbers in numbers_of_tasks(session, [Task.campaign_id == campaign_id]).items():
        flows.setdefault(flow, Counted()).add(numbers.asked, numbers.got, numbers.why)
        if numbers.items_asked:
            brought.setdefault(flow, Counted()).add(numbers.items_asked, numbers.items_got, {})
    for one in brought.values():
        if one.missing > 0:
            one.why["there were no more"] = one.missing
    in_order = {flow: brought[flow] for flow in BRINGING if flow in brought}
    return Completeness(flows, _collected(session, campaign_id), actions_done(session, campaign_id), in_order)


def numbers_of_tasks(session: Session, which: Sequence[Any], cut_at: datetime | None = None) -> Mapping[Group, Numbers]:
    """Counts the tasks on phones that match the conditions. One that had not ended at the cut is missing."""
    account = func.coalesce(Task.pinned_account, Task.account_id)
    ended = Task.state.in_(ENDED) if cut_at is None else Task.state.in_(ENDED) & (Task.ended_at <= cut_at)
    which = [Task.runs_on == RunsOn.PHONE, *which]
    state = Task.state if cut_at is None else case((ended, Task.state), else_=OPEN)
    code = Task.failure_code if cut_at is None else case((ended, Task.failure_code), else_=None)
    bringing = Task.flow.in_(BRINGING) & ended
    told = [func.sum(case((bringing, func.json_extract(Task.result, path)))) for path in ("$.asked", "$.got")]
    by = (Task.campaign_id, Task.flow, Task.author_id, account, state, code)
    found: dict[Group, Numbers] = {}
    for campaign, flow, author, whose, stood, why, count, items, got in session.execute(
        select(*by, func.count(), *told).where(*which).group_by(*by).order_by(*by)
    ):
        if why == "not_needed":
            continue
        done = stood == State.SUCCEEDED
        reasons = {} if done else {why or stood: count}
        numbers = Numbers(count, count if done else 0, int(items or 0), int(got or 0), reasons)
        found.setdefault((campaign, flow, author, whose), Numbers()).add(numbers)
    for group, items, got in _shortfalls(session, which, ended, account):
        if group in found:
            found[group].add(Numbers(items_asked=items, items_got=got))
    return found


def _shortfalls(session: Session, which: Sequence[Any], ended: Any, account: Any) -> list[tuple[Group, int, int]]:
    """Returns the numbers that tasks had told when they failed for a shortfall."""
    attempt = tables.Attempt
    last = (
        select(func.max(attempt.id))
        .join(Task, Task.id == attempt.task_id)
        .where(*which, ended, Task.state == State.FAILED, attempt.failure_code == SHORT)
        .group_by(attempt.task_id)
    )
    asked_path, got_path = (func.json_extract(attempt.details, path) for path in ("$.asked", "$.got"))
    rows = session.execute(
        select(Task.campaign_id, Task.flow, Task.author_id, account, asked_path, got_path)
        .join(attempt, attempt.task_id == Task.id)
        .where(attempt.id.in_(last))
    )
    return [((row[0], row[1], row[2], row[3]), int(row[4] or 0), int(row[5] or 0)) for row in rows]


def _collected(session: Session, campaign_id: str) -> dict[str, int]:
    mine = select(Task.id).where(Task.campaign_id == campaign_id)
    titles = (
        select(func.count()).select_from(tables.CollectedTitle).where(tables.CollectedTitle.comments_task_id.in_(mine))
    )
    comments = select(func.count(tables.CommentSighting.comment_id.distinct())).where(
        tables.CommentSighting.task_id.in_(mine)
    )
    return {"titles_with_comments": session.scalar(titles) or 0, "comments": session.scalar(comments) or 0}
