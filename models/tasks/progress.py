"""Counts a campaign's progress in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import ActionRow, Campaign, Task
from models.tasks.states import ENDED, State
from models.values.enums import ActionOutcome
from models.values.spoken import spoken


@dataclass(frozen=True, slots=True)
class Why:
    """Why no task of a campaign runs, since when if known, and the remedy."""

    reason: str
    remedy: str
    since: datetime | None = None

    def __str__(self) -> str:
        return f"nothing moves: {self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Progress:
    """The number of tasks of each flow in each state, and the actions done so far.

    `why`: why none of them runs, if whoever read the numbers looked for a reason and found one.
    """

    campaign_id: str
    name: str
    outcome: str | None
    tasks: Mapping[str, Mapping[str, int]]  # flow → state → number of tasks
    actions: Mapping[str, int]  # kind → number of actions done
    why: Why | None = None

    @property
    def total(self) -> int:
        return sum(sum(states.values()) for states in self.tasks.values())

    @property
    def ended(self) -> int:
        return sum(count for states in self.tasks.values() for state, count in states.items() if State(state) in ENDED)

    def __str__(self) -> str:
        parts = [
            f"{flow} " + " ".join(f"{state}={count}" for state, count in sorted(states.items()))
            for flow, states in sorted(self.tasks.items())
        ]
        english = "; ".join((f"{self.ended}/{self.total} ended", *parts, *([str(self.why)] if self.why else [])))
        return spoken("progress", self, english)


def read_progress(session: Session, campaign_id: str) -> Progress:
    """Returns the progress of a campaign. Raises sqlalchemy.exc.NoResultFound for an unknown id."""
    campaign = session.get_one(Campaign, campaign_id)
    tasks: dict[str, dict[str, int]] = {}
    counted = session.execute(
        select(Task.flow, Task.state, func.count())
        .where(Task.campaign_id == campaign_id)
        .group_by(Task.flow, Task.state)
    )
    for flow, state, count in counted:
        tasks.setdefault(flow, {})[state] = count
    return Progress(campaign.id, campaign.name, campaign.outcome, tasks, actions_done(session, campaign_id))


def actions_done(session: Session, campaign_id: str) -> dict[str, int]:
    """Returns the number of actions done in a campaign, by kind."""
    done = session.execute(
        select(ActionRow.kind, func.count())
        .join(Task, Task.id == ActionRow.task_id)
        .where(Task.campaign_id == campaign_id, ActionRow.outcome == ActionOutcome.DONE)
        .group_by(ActionRow.kind)
    )
    return dict(done.all())
