"""Rows of tasks in memory.

They have the columns of `models.tables.Task` that decisions read, so the product's own moves
(`models.tasks.transitions`) change them. What the ledger answers by its indexes is in `shelf_counts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.shelf_day import Job
from benchmarks.shelf_ledger import params_of, pin_of
from flows.specs.catalogue import SPECS
from models.tasks.states import State
from models.tasks.transitions import first_state
from models.values.enums import RunsOn
from workers.policy.content import content_of


@dataclass(slots=True, eq=False)
class Row:
    """A task's row."""

    id: str
    campaign_id: int
    position: int
    flow: str
    runs_on: str
    acts: bool
    priority: int
    not_before: datetime
    state: State
    missing: int
    pinned_account: str | None = None
    author_id: str | None = None
    video_key: str | None = None
    comment_key: str | None = None
    meant_for: str | None = None
    pinned_phone: str | None = None
    key_id: str | None = None
    sandbox: bool = False
    verifying: bool = False
    paused: bool = False
    capped: bool = False
    countdown: float = 0.0
    attempt: int = 0
    incarnation: str | None = None
    lease_until: datetime | None = None
    account_id: str | None = None
    phone_serial: str | None = None
    step: str | None = None
    waits_for: str | None = None
    held_from: str | None = None
    awaits_approval: bool = False
    rung_at: datetime | None = None
    rung_queue: str | None = None
    rung_step: int | None = None
    ticket: int = 0
    passed_on: int = 0
    tickets_failed: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: Any = None
    failure_code: str | None = None
    failure_kind: str | None = None
    culprit: str | None = None
    reason: str | None = None
    prerequisite_failed: str | None = None
    owes_record: bool | None = None

    @property
    def pinned(self) -> bool:
        return self.pinned_account is not None

    @property
    def again(self) -> bool:
        """True when it runs, and not for the first time."""
        return self.attempt > 1

    @property
    def owed(self) -> bool:
        """True when it is ready and has no ticket."""
        return self.state == State.READY and self.rung_at is None


def row_of(job: Job, campaign: int, position: int, now: datetime) -> Row:
    flow, params = params_of(job)
    spec = SPECS.get(flow)
    missing = len(job.after)
    content = content_of(params)
    return Row(
        id=job.name,
        campaign_id=campaign,
        position=position,
        flow=flow,
        runs_on=str(RunsOn.DESK if spec is None else RunsOn.PHONE),
        acts=bool(spec is not None and spec.acts),
        priority=job.priority,
        not_before=now,
        state=first_state(missing),
        missing=missing,
        pinned_account=pin_of(job),
        author_id=content.author_id,
        video_key=content.video_key,
        comment_key=content.comment_key,
    )
