"""The models of answers: tasks, campaigns, phones, callbacks and changes, as a customer sees them."""

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
    """A page of a list, newest first. `next` is the cursor of the following page; null: this is the last one."""

    items: list[T]
    next: str | None = None


class Failure(Shown):
    """Why a task did not succeed: the reason, the culprit and the remedy."""

    code: str
    kind: str | None
    culprit: str | None
    reason: str | None
    remedy: str | None


class TaskLine(Shown):
    """A task in a list."""

    id: str
    campaign_id: str
    reference: str | None = Field(description="Your own id of a task that was submitted alone.")
    flow: str
    state: State
    paused: bool
    awaits_approval: bool = Field(description="True while a named person of the operator must approve its act first.")
    waits_for: str | None = Field(description="The reason why it does not run yet, for people.")
    target: str = Field(description="`pool`, `account.ID` or `phone.SERIAL`.")
    priority: int
    account: str | None = Field(description="The account of the running attempt, or of the last one.")
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
    """A task with all its fields."""

    params: dict[str, Any]
    step: str | None
    result: Any = Field(description="The flow's result; each flow has its own fields.")
    sandbox: bool


class Attempt(Shown):
    """One attempt at a task."""

    number: int
    account: str | None
    phone: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(description="Null while it runs.")
    failure: Failure | None
    step: str | None
    details: dict[str, Any] | None = Field(description="The numbers that the flow had counted until it failed.")
    evidence: dict[str, Any] | None = Field(description="A summary of the evidence of its failure.")


class Attempts(Shown):
    """All attempts at a task, oldest first."""

    items: list[Attempt]


class EvidenceFile(Shown):
    """One file of a failed attempt's evidence."""

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
    """A campaign with its progress, and the numbers of what is missing with the reasons."""

    tasks: dict[str, dict[str, int]] = Field(description="Flow → state → number of tasks.")
    completeness: dict[str, Any] = Field(
        description="The numbers asked for, got and missing with the reasons, in total and for each flow."
    )


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
    paused_until: datetime | None = Field(description="When its pause ends by itself; null: when it is resumed.")
    quarantined_until: datetime | None
    quarantine_why: str | None
    unfit_why: str | None
    busy: bool
    task_id: str | None = Field(description="The task that runs on it, if it is yours.")
    seen_at: datetime


class Phones(Shown):
    """All phones, by serial."""

    items: list[Phone]


class Stopped(Shown):
    """The result of a stop."""

    stopped: int = Field(description="The number of tasks that had not begun and have ended now.")
    leaving: int = Field(description="The number of running tasks that are leaving their phones.")
    in_review: int = Field(description="The number of tasks in doubt, which a person must settle.")


class Paused(Shown):
    """The result of a pause."""

    held: int = Field(description="The number of tasks that are held now.")
    leaving: int = Field(description="The number of running tasks that are leaving their phones.")


class Resumed(Shown):
    """The result of a resume."""

    ready: int = Field(description="The number of tasks that may run now.")


class Prioritised(Shown):
    """The result of a new priority."""

    changed: int = Field(description="The number of open tasks that have this priority now.")


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
    next_at: datetime | None = Field(description="The time of the next try, while it is owed.")
    last_status: int | None
    last_error: str | None
    delivered_at: datetime | None


class Replayed(Shown):
    """The number of callbacks that are owed again."""

    replayed: int


class ReplayedSome(Replayed):
    """The result of a replay that may continue with another request."""

    next: str | None = Field(
        description="Send the same request with this as `cursor` to continue. Null: it is complete."
    )


class Change(Shown):
    """One state change of one of your tasks or campaigns."""

    position: int
    kind: str = Field(description="task or campaign")
    id: str
    campaign_id: str
    reference: str | None
    state: str
    failure_code: str | None
    at: datetime


class Changes(Shown):
    """Changes in order. Send `next` as `since` for the following ones; the positions have no gap."""

    items: list[Change]
    next: int


class Record(Shown):
    """One ended attempt or action, or one task that ended without an attempt. It never changes."""

    id: str
    ended_at: datetime
    kind: str = Field(description="attempt, task, or the kind of an action, such as reply")
    flow: str
    outcome: str
    code: str | None = Field(description="The code of the failure.")
    culprit: str | None
    step: str | None
    reason: str | None = Field(description="The beginning of the reason, at most 191 characters.")
    account: str | None
    phone: str | None
    campaign_id: str
    task_id: str
    attempt: int | None
    author: str | None
    title: str | None = Field(description="The beginning of the title, at most 191 characters.")
    asked: int | None = Field(description="How many titles, comments or actions it was asked for.")
    got: int | None
    seconds: float | None = Field(description="From its start to its end.")
    evidence: bool = Field(description="The attempt left evidence.")


class Comment(Shown):
    """A comment that your tasks collected, as the last of them saw it."""

    author_id: str = Field(description="The author of the video.")
    author: str
    title: str = Field(description="The title of the video.")
    commenter: str
    text: str
    likes: int | None
    replies: int | None
    place: str
    time: str = Field(description="The time of posting as the app showed it.")
    at: datetime | None = Field(description="The moment that `time` stands for.")
    precision: str | None = Field(description="second, minute, hour, day, week, month or year")
    task_id: str = Field(description="The task that saw it last.")
    seen_at: datetime


class Total(Shown):
    """The number of records. Not `exact`: there are at least so many."""

    number: int
    exact: bool


class Placement(Shown):
    """The forecast for the tasks of one flow with one target."""

    flow: str
    tasks: int
    target: str
    phones: list[str] = Field(description="The online phones that may take them now, at most 100.")
    accounts: list[str] = Field(description="The accounts on those phones.")
    waits_for: str | None = Field(description="The reason why they would wait, if no phone may take them now.")
    ahead: int = Field(description="The number of ready tasks that are served before them.")


class Forecast(Shown):
    """The forecast of a dry run, which writes nothing."""

    accepted: bool
    problems: list[Detail] = Field(description="At most 20.")
    more_problems: int = Field(description="How many problems were found beside those listed.")
    tasks: int = Field(description="The number of tasks at the beginning; a running task may plant more.")
    placements: list[Placement]
    more_placements: int = Field(description="The number of further flows and targets that are not listed.")
