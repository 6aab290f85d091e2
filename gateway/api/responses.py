"""What answers hold: models of tasks, campaigns, phones, callbacks and changes, as a customer sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from gateway.problem import Detail
from models.tasks.states import State

T = TypeVar("T")
CampaignState = Literal["open", "paused", "succeeded", "failed", "stopped"]


class Shown(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Shown, Generic[T]):
    """A part of a list, newest first. `next` goes on where it ends; none: it ends here."""

    items: list[T]
    next: str | None = None


class Failure(Shown):
    """Why a task did not succeed, whose fault it is, and what to do."""

    code: str
    kind: str | None
    culprit: str | None
    reason: str | None
    remedy: str | None


class TaskLine(Shown):
    """A task in a list."""

    id: str
    campaign_id: str
    reference: str | None = Field(description="Your own id, of a task that was asked for by itself.")
    flow: str
    state: State
    paused: bool
    waits_for: str | None = Field(description="For people: why it does not run yet.")
    target: str = Field(description="`pool`, `account.ID` or `phone.SERIAL`.")
    priority: int
    account: str | None = Field(description="Of the attempt that runs, or the last one.")
    phone: str | None
    author: str | None
    attempts: int
    failure: Failure | None
    created_at: datetime
    not_before: datetime
    latest_end: datetime
    started_at: datetime | None
    ended_at: datetime | None


class Task(TaskLine):
    """A task, whole."""

    params: dict[str, Any]
    step: str | None
    result: Any = Field(description="What the flow brought back; its fields are the flow's.")
    sandbox: bool


class Attempt(Shown):
    """One try of a task."""

    number: int
    account: str | None
    phone: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(description="None while it runs.")
    failure: Failure | None
    step: str | None
    details: dict[str, Any] | None = Field(description="What the flow counted up to then.")
    evidence: dict[str, Any] | None = Field(description="What was seen when it failed, in short.")


class Attempts(Shown):
    """All tries of a task, the first one first."""

    items: list[Attempt]


class EvidenceFile(Shown):
    """One file of what a failed attempt saw."""

    name: str
    media_type: str
    bytes: int
    content: str = Field(description="The file in base64.")


class CampaignLine(Shown):
    """A campaign in a list."""

    id: str
    reference: str | None
    name: str
    state: CampaignState
    sandbox: bool
    created_at: datetime
    ended_at: datetime | None


class Campaign(CampaignLine):
    """A campaign: how far it is, and what is missing of it and why."""

    tasks: dict[str, dict[str, int]] = Field(description="Flow, then state, then how many.")
    completeness: dict[str, Any] = Field(description="Asked for, got, missing and why, in total and for each flow.")


class Phone(Shown):
    """A phone."""

    serial: str
    host: str
    model: str
    state: str
    why: str | None
    account: str | None
    paused: bool
    paused_why: str | None
    quarantined_until: datetime | None
    quarantine_why: str | None
    unfit_why: str | None
    busy: bool
    task_id: str | None = Field(description="The task that runs on it, if it is yours.")
    seen_at: datetime


class Phones(Shown):
    """All phones, in order of their serials."""

    items: list[Phone]


class Stopped(Shown):
    """What a stop did."""

    stopped: int = Field(description="Tasks that had not begun, and have ended now.")
    leaving: int = Field(description="Tasks that run, and leave their phones.")
    in_review: int = Field(description="Tasks in doubt, which a person settles.")


class Paused(Shown):
    """What a pause did."""

    held: int = Field(description="Tasks that are held now.")
    leaving: int = Field(description="Tasks that run, and leave their phones.")


class Resumed(Shown):
    """What a resume did."""

    ready: int = Field(description="Tasks that may run now.")


class Prioritised(Shown):
    """What a new priority did."""

    changed: int = Field(description="Tasks that have not ended, and have this priority now.")


class Delivery(Shown):
    """A callback."""

    id: str = Field(description="Its webhook-id, the same in every try.")
    event_type: str
    url: str
    task_id: str | None
    campaign_id: str | None
    state: str = Field(description="owed, delivered, failed or disabled")
    attempts: int
    created_at: datetime
    next_at: datetime | None = Field(description="When it is tried next, while it is owed.")
    last_status: int | None
    last_error: str | None
    delivered_at: datetime | None


class Replayed(Shown):
    """How many callbacks are owed once more."""

    replayed: int


class ReplayedSome(Replayed):
    """The same of a request that may mean more than are replayed at once."""

    next: str | None = Field(description="There are more: the same request with this as `cursor` goes on. None: all.")


class Change(Shown):
    """A move of one of your tasks or campaigns."""

    position: int
    kind: str = Field(description="task or campaign")
    id: str
    campaign_id: str
    reference: str | None
    state: str
    failure_code: str | None
    at: datetime


class Changes(Shown):
    """Changes in order. Ask again with `next` as `since`; the positions have no gap."""

    items: list[Change]
    next: int


class Placement(Shown):
    """What a dry run says of the tasks of one flow with one target."""

    flow: str
    tasks: int
    target: str
    phones: list[str] = Field(description="Phones that are online and may take them now, at most 100.")
    accounts: list[str] = Field(description="The accounts on those phones.")
    waits_for: str | None = Field(description="What they would wait for, if no phone may take them now.")
    ahead: int = Field(description="Tasks that are ready and would be served before them.")


class Forecast(Shown):
    """What would happen. Nothing was written."""

    accepted: bool
    problems: list[Detail]
    tasks: int = Field(description="Tasks to begin with; a running task may plant more.")
    placements: list[Placement]
    more_placements: int = Field(description="Further flows and targets that are not listed one by one.")
