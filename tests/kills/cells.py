"""Cells of the matrix: a small canvas for each moment, and all that there is about it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from celery import group
from celery.canvas import Signature
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from chaos.judge import Deed
from models.responsible_use.approvals import NEEDED as APPROVED
from models.tables import ActionRow, Attempt, Campaign, Delivery, Edge, Phone, RefusedWrite, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.kills.fleet import CUSTOMER, KillFleet
from tests.kills.hold import Held
from tests.kills.moments import DESK, PHONE, Moment
from tests.kills.sample_tasks import after_it, grow_two
from workers.app import app
from workers.control.approvals import approve
from workers.control.review import Verdict, settle
from workers.dispatch.ring import ring
from workers.planting.plant import compile_for_planting, plant_campaign
from workers.tasks import directed


class Place(StrEnum):
    """Where the task runs that is struck."""

    PHONE = "phone"
    DESK = "desk"


Before = Mapping[tuple[Place, Moment], Moment]

LATEST_END = timedelta(minutes=10)
NOT_BEFORE: Before = {}
# Where nobody may stay for long these are held earlier, and go there, in this order, when all others are held.
# Nobody renews a lease that was just claimed; and who records has locks that another claim in the campaign waits for.
BEFORE: Before = {
    (Place.PHONE, Moment.CLAIMED): Moment.RECEIVED,
    (Place.DESK, Moment.CLAIMED): Moment.RECEIVED,
    (Place.DESK, Moment.RECORDING): Moment.RECEIVED,
    (Place.PHONE, Moment.OWING): Moment.CONCLUDED,
    (Place.PHONE, Moment.RECORDING): Moment.CONCLUDED,
}

R = TypeVar("R", Attempt, ActionRow, RefusedWrite)


@dataclass(frozen=True, slots=True)
class Cell:
    """A task that is struck at a moment, and its campaign."""

    moment: Moment
    place: Place
    words: str  # told apart by them on the app, and in results: of ours, or of the comment that is acted on
    task_id: str
    campaign_id: str


@dataclass(frozen=True, slots=True)
class Rows:
    """All that the ledger holds of one task."""

    task: Task
    attempts: Sequence[Attempt]
    actions: Sequence[ActionRow]
    refused: Sequence[RefusedWrite]


@dataclass(frozen=True, slots=True)
class Result:
    """A cell when all is over: who was held, the task, what was planted in its place, what came behind it."""

    cell: Cell
    held: Held | None
    struck: Rows
    in_place: Sequence[Rows]
    behind: Rows
    deeds: Sequence[Deed]
    owed: Sequence[str]  # the events that its customer is to be told of: of the task, then of the campaign
    for_customer: bool


def plant_cells(fleet: KillFleet, name: str, act: str = "comment") -> list[Cell]:
    """An act with a task behind it for each moment at a phone, a task that grows for each at the desk; rung."""
    acts = _comments(fleet, name) if act == "comment" else _against(fleet, act)
    by_words = {words: moment for moment, (words, _) in zip(PHONE, acts, strict=True)}
    canvas = group(signature | after_it.s() for _, signature in acts)
    cells = plant(fleet, name, canvas, lambda task: by_words.get(words_of(task.kwargs)), before=BEFORE)
    for cell in cells if act in APPROVED else ():
        approve(fleet.engine, cell.task_id, who="test", why="the test's own", ring_now=False)
    for moment in DESK:
        cells += plant_growing(fleet, f"{name} desk {moment}", moment, before=BEFORE)
    ring(fleet.engine, [cell.task_id for cell in cells])
    return cells


def _comments(fleet: KillFleet, name: str) -> list[tuple[str, Signature]]:
    """A comment for each moment, on one video: the even share then means each for a phone of its own."""
    author, title = fleet.next_video()
    words = [f"{name} {moment}" for moment in PHONE]
    return [(text, directed.si(kind="comment", author_id=author, title=title, text=text)) for text in words]


def _against(fleet: KillFleet, flow: str) -> list[tuple[str, Signature]]:
    """A dislike or a report for each moment, each of a comment of its own, from an account of its own."""
    reason = {"reason": "其他"} if flow == "report_comment" else {}
    accounts = read(
        fleet.engine, lambda session: session.scalars(select(Phone.account_id).order_by(Phone.serial)).all()
    )
    acts = []
    for account, target in zip(accounts, fleet.next_targets(len(PHONE)), strict=True):
        names = {"author_id": target.author_id, "title": target.title, "target_commenter": target.commenter}
        params = {**names, "target_comment": target.text, **reason}
        acts.append((target.text, app.signature(flow, kwargs=params, immutable=True, queue=f"account.{account}")))
    return acts


def words_of(kwargs: Mapping[str, Any]) -> str:
    """The words of an act: what it writes, or else the comment that it is about."""
    return str(kwargs.get("text") or kwargs.get("target_comment") or "")


def settle_reports(fleet: KillFleet, cells: Sequence[Cell]) -> int:
    """A person looks for each act that no app shows, and says what really happened. How many there were."""
    asked = select(Task.id).where(Task.id.in_([cell.task_id for cell in cells]), Task.state == State.NEEDS_REVIEW)
    reviews = read(fleet.engine, lambda session: set(session.scalars(asked)))
    if not reviews:  # as for most looks
        return 0
    truth = fleet.truth()
    for cell in cells:
        if cell.task_id in reviews:
            happened = any(cell.words in deed.key for deed in truth)
            verdict = Verdict.HAPPENED if happened else Verdict.NOT
            settle(fleet.engine, cell.task_id, verdict, who="test", ring_now=False)
    return len(reviews)


def plant_growing(fleet: KillFleet, name: str, *moments: Moment, before: Before = NOT_BEFORE) -> list[Cell]:
    """A task at the desk that grows, with a task behind it, to be held at these moments; not rung."""
    canvas = grow_two.si(name) | app.signature("gather")

    def meant(moment: Moment, task: Task) -> Moment | None:
        return moment if task.flow == "grow_two" else None

    return plant(fleet, name, canvas, *(partial(meant, moment) for moment in moments), before=before)


def plant(
    fleet: KillFleet,
    name: str,
    canvas: Signature,
    *meant: Callable[[Task], Moment | None],
    before: Before = NOT_BEFORE,
) -> list[Cell]:
    """Plant as submit does. Moments, and those before them, are armed before the commit: nobody saw the tasks."""
    planted = compile_for_planting(canvas, "all")
    campaign_id = str(uuid4())

    def work(session: Session) -> list[Cell]:
        campaign = Campaign(
            id=campaign_id,
            name=name,
            asked_by="test",
            join="all",
            seed=1,
            key_id=CUSTOMER,
            callback_url="https://customer.example/callbacks",
        )
        plant_campaign(session, campaign, planted, LATEST_END)
        tasks = session.scalars(select(Task).where(Task.campaign_id == campaign_id).order_by(Task.position)).all()
        cells = [
            Cell(moment, Place(task.runs_on), words_of(task.kwargs) or name, task.id, campaign_id)
            for task in tasks
            for moment_of in meant
            if (moment := moment_of(task)) is not None
        ]
        for cell in cells:
            fleet.board.arm(cell.moment, cell.task_id)
            if (cell.place, cell.moment) in before:
                fleet.board.arm(before[cell.place, cell.moment], cell.task_id)
        return cells

    return write(fleet.engine, work)


def read_result(fleet: KillFleet, cell: Cell) -> Result:
    """Everything about a cell."""
    held = fleet.board.held(cell.moment, cell.task_id)
    truth = [deed for deed in fleet.truth() if cell.words in deed.key]

    def work(session: Session) -> Result:
        in_place = session.scalars(select(Task.id).where(Task.in_place_of == cell.task_id).order_by(Task.position))
        behind = session.scalars(select(Edge.task_id).where(Edge.after_id == cell.task_id)).one()
        of_cell = (Delivery.task_id == cell.task_id) | (Delivery.subject == f"campaign:{cell.campaign_id}")
        owed = session.scalars(select(Delivery.event_type).where(of_cell).order_by(Delivery.number))
        return Result(
            cell,
            held,
            _rows(session, cell.task_id),
            [_rows(session, one) for one in in_place.all()],
            _rows(session, behind),
            truth,
            owed.all(),
            session.get_one(Campaign, cell.campaign_id).key_id is not None,
        )

    return read(fleet.engine, work)


def task_of(fleet: KillFleet, cell: Cell) -> Task:
    """The task's row, as it is now."""
    return read(fleet.engine, lambda session: session.get_one(Task, cell.task_id))


def attempt_lost(fleet: KillFleet, cell: Cell) -> bool:
    """Was an attempt at the task of a cell given up?"""
    lost = select(Attempt.id).where(Attempt.task_id == cell.task_id, Attempt.outcome == "lost")
    return read(fleet.engine, lambda session: session.scalar(lost)) is not None


def behind_ended(fleet: KillFleet, cell: Cell) -> bool:
    """Has the task behind a cell's ended?"""
    behind = select(Task.ended_at).join(Edge, Edge.task_id == Task.id).where(Edge.after_id == cell.task_id)
    return read(fleet.engine, lambda session: session.scalar(behind)) is not None


def ended(fleet: KillFleet, campaign_ids: set[str]) -> bool:
    """Have all these campaigns an outcome?"""
    open_ones = select(Campaign.id).where(Campaign.id.in_(campaign_ids), Campaign.outcome.is_(None)).limit(1)
    return read(fleet.engine, lambda session: session.scalar(open_ones)) is None


def _rows(session: Session, task_id: str) -> Rows:
    def of(table: type[R], own: ColumnElement[bool]) -> Sequence[R]:
        return session.scalars(select(table).where(own).order_by(table.id)).all()

    return Rows(
        session.get_one(Task, task_id),
        of(Attempt, Attempt.task_id == task_id),
        of(ActionRow, ActionRow.task_id == task_id),
        of(RefusedWrite, RefusedWrite.task_id == task_id),
    )
