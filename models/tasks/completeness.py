"""Completeness of a campaign: asked for, got, missing and why, counted in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import Attempt, CollectedTitle, CommentSighting, Task
from models.tasks.progress import actions_done
from models.tasks.states import State
from models.values.enums import RunsOn

BRINGING = ("collect_comments", "collect_titles")  # flows whose result has the numbers asked for and got
SHORT = "titles_shortfall"


@dataclass(slots=True)
class Counted:
    """Numbers of one flow: of its tasks, or of the titles or comments that they collected."""

    asked: int = 0
    got: int = 0
    why: dict[str, int] = field(default_factory=dict)  # failure code, or the state of an open task → number of tasks

    @property
    def missing(self) -> int:
        return self.asked - self.got

    def as_json(self) -> dict[str, Any]:
        """Returns the numbers, and the reasons for what is missing, as JSON values."""
        return {"asked": self.asked, "got": self.got, "missing": self.missing, "why": dict(sorted(self.why.items()))}


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
    counted = session.execute(
        select(Task.flow, Task.state, Task.failure_code, func.count())
        .where(Task.campaign_id == campaign_id, Task.runs_on == RunsOn.PHONE)
        .group_by(Task.flow, Task.state, Task.failure_code)
    )
    for flow, state, code, count in counted:
        if code == "not_needed":
            continue
        one = flows.setdefault(flow, Counted())
        one.asked += count
        if state == State.SUCCEEDED:
            one.got += count
        else:
            why = code or state
            one.why[why] = one.why.get(why, 0) + count
    brought = {flow: one for flow in BRINGING if (one := _brought(session, campaign_id, flow)).asked}
    return Completeness(flows, _collected(session, campaign_id), actions_done(session, campaign_id), brought)


def _brought(session: Session, campaign_id: str, flow: str) -> Counted:
    """Sums the numbers asked for and got, as succeeded tasks report them and tasks that failed for a shortfall."""
    mine = (Task.campaign_id == campaign_id, Task.flow == flow)
    asked_sum, got_sum = (func.sum(func.json_extract(Task.result, path)) for path in ("$.asked", "$.got"))
    asked, got = session.execute(select(asked_sum, got_sum).where(*mine, Task.state == State.SUCCEEDED)).one()
    last = select(func.max(Attempt.id)).join(Task, Task.id == Attempt.task_id)
    short = last.where(*mine, Task.state == State.FAILED, Attempt.failure_code == SHORT).group_by(Attempt.task_id)
    details = session.scalars(select(Attempt.details).where(Attempt.id.in_(short)))
    told = [(one.get("asked", 0), one.get("got", 0)) for one in details if isinstance(one, dict)]
    counted = Counted(int(asked or 0) + sum(one for one, _ in told), int(got or 0) + sum(one for _, one in told))
    if counted.missing > 0:
        counted.why["there were no more"] = counted.missing
    return counted


def _collected(session: Session, campaign_id: str) -> dict[str, int]:
    mine = select(Task.id).where(Task.campaign_id == campaign_id)
    titles = select(func.count()).select_from(CollectedTitle).where(CollectedTitle.comments_task_id.in_(mine))
    comments = select(func.count(CommentSighting.comment_id.distinct())).where(CommentSighting.task_id.in_(mine))
    return {"titles_with_comments": session.scalar(titles) or 0, "comments": session.scalar(comments) or 0}
