"""The tables of tasks and of the edges between them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, Key, LongText, Name, Word
from models.tables.campaigns import Campaign


class Task(Base):
    """One task: its flow, parameters and state. This row alone decides; Redis holds no state of it."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_state_queue", "state", "rung_queue"),
        Index("ix_tasks_campaign", "campaign_id", "state", "flow"),
        Index("ix_tasks_in_place_of", "in_place_of"),
        Index("ix_tasks_stop", "stop_requested", "state"),
        Index("ix_tasks_video", "campaign_id", "video_key", "state"),
        Index("ix_tasks_incarnation", "incarnation", "state"),
        Index("ix_tasks_latest_end", "state", "latest_end"),
        Index("ix_tasks_flow_video", "flow", "video_key", "state"),
        Index("ix_tasks_author", "author_id", "created_at"),
        Index("ix_tasks_capped", "capped", "state"),
        # for the next ticket of each customer: workers/dispatch/standings.py
        Index(
            "ix_tasks_owed",
            "state",
            "rung_at",
            "runs_on",
            "pinned_phone",
            "pinned_account",
            "sandbox",
            "key_id",
            "priority",
            "not_before",
            "position",
        ),
        Index("ix_tasks_begun", "state", "rung_at", "attempt"),
        Index("ix_tasks_pinned_account", "pinned_account", "state"),
        Index("ix_tasks_pinned_phone", "pinned_phone", "state"),
        # for customers' lists: gateway/api/pages.py
        Index("ix_tasks_key", "key_id", "created_at", "id"),
        Index("ix_tasks_key_state", "key_id", "state", "created_at", "id"),
        Index("ix_tasks_key_flow", "key_id", "flow", "created_at", "id"),
        Index("ix_tasks_key_author", "key_id", "author_id", "created_at", "id"),
        Index("ix_tasks_key_account", "key_id", "account_id", "created_at", "id"),
        Index("ix_tasks_key_phone", "key_id", "phone_serial", "created_at", "id"),
        Index("ix_tasks_key_pinned_account", "key_id", "pinned_account", "created_at", "id"),
        Index("ix_tasks_key_pinned_phone", "key_id", "pinned_phone", "created_at", "id"),
        Index("ix_tasks_campaign_created", "campaign_id", "created_at", "id"),
        Index("ix_tasks_key_reference", "key_id", "reference"),
        Index("ix_tasks_owes_record", "owes_record", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    campaign_id: Mapped[Id] = mapped_column(ForeignKey(Campaign.id))
    position: Mapped[int]  # source order inside the campaign
    flow: Mapped[Name]
    flow_version: Mapped[Word]
    # expressions over the results of other tasks; evaluated when the task is claimed
    args: Mapped[Json]
    kwargs: Mapped[Json]
    seed: Mapped[int]

    state: Mapped[Word]
    held_from: Mapped[Word | None]  # the state that it returns to when it is released
    # why it is held: by a person's pause, by a hold, or by several of these. It is released when none is left.
    # On a running task `paused` is a request: its worker leaves the phone, and then the task is held.
    paused: Mapped[bool] = mapped_column(default=False)
    hold_id: Mapped[int | None]
    awaits_approval: Mapped[bool] = mapped_column(default=False)  # or because a named person must approve it first
    waits_for: Mapped[LongText | None]  # why it is not running yet, for people
    missing: Mapped[int]  # prerequisites that have not ended
    # all: runs when every prerequisite succeeded; settled: when every one ended. A delegated task succeeds
    # when all, or some, of the tasks planted in its place succeeded
    join: Mapped[Word]
    is_errback: Mapped[bool]  # runs once, when a task that it watches has failed
    prerequisite_failed: Mapped[Id | None]
    # the task in whose place this one was planted, and how deep such planting is nested
    in_place_of: Mapped[Id | None]
    depth: Mapped[int]
    root: Mapped[Json | None]  # of a delegated task: the expression of its result

    # of a customer's task: its key, its own reference, and the callback address
    key_id: Mapped[Word | None]
    reference: Mapped[Name | None]
    callback_url: Mapped[LongText | None]
    sandbox: Mapped[bool] = mapped_column(default=False)  # it runs on simulated phones only

    runs_on: Mapped[Word]  # a RunsOn
    acts: Mapped[bool]  # writes on the platform
    pinned_account: Mapped[Name | None]
    pinned_phone: Mapped[Name | None]
    # while one of its actions is in doubt, it is pinned to the account that acted; while a version of its flow is on
    # trial with it, to a phone of the trial; `own_pins` keeps its own pins
    verifying: Mapped[bool]
    own_pins: Mapped[Json | None]
    # its content, as far as known: the author, the video, the comment
    author_id: Mapped[Name | None]
    video_key: Mapped[Key | None]
    comment_key: Mapped[Key | None]
    meant_for: Mapped[Name | None]  # of an acting task in the pool: the account that the even share plans for it
    priority: Mapped[int]
    not_before: Mapped[datetime]
    capped: Mapped[bool] = mapped_column(default=False)  # it sleeps until `not_before`, or until a cap may have room
    countdown: Mapped[float]  # seconds that it waits after it is first ready
    latest_end: Mapped[datetime]
    soft_limit: Mapped[int]  # seconds
    hard_limit: Mapped[int]

    # the lease: its holder, and its end (database time)
    attempt: Mapped[int]
    incarnation: Mapped[Id | None]
    lease_until: Mapped[datetime | None]
    stop_requested: Mapped[bool]
    account_id: Mapped[Name | None]  # of the current or last attempt
    phone_serial: Mapped[Name | None]
    step: Mapped[Word | None]

    rung_at: Mapped[datetime | None]  # null: a ticket is owed
    rung_queue: Mapped[Name | None]
    rung_step: Mapped[int | None]  # the priority of its ticket
    ticket: Mapped[int] = mapped_column(default=0)  # the number of its ticket, raised when that is taken back
    passed_on: Mapped[int] = mapped_column(default=0)  # number of times that its ticket was passed on since it was rung
    tickets_failed: Mapped[int] = mapped_column(default=0)  # tickets in a row that failed before a claim

    result: Mapped[Json | None]
    failure_code: Mapped[Word | None]
    failure_kind: Mapped[Word | None]
    culprit: Mapped[Word | None]
    reason: Mapped[LongText | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    owes_record: Mapped[bool | None]  # it ended without an attempt, and the records do not have it yet; else null


class Edge(Base):
    """`task_id` runs after `after_id` has ended; with `on_failure`, as soon as `after_id` has failed."""

    __tablename__ = "edges"
    __table_args__ = (Index("ix_edges_after", "after_id"),)

    task_id: Mapped[Id] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    after_id: Mapped[Id] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    on_failure: Mapped[bool] = mapped_column(primary_key=True)
