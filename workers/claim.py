"""Claim: one compare-and-set turns a ticket into the right to run its task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session

from models.authors import read_caps
from models.caps import content_key, operator_day
from models.engine import database_now, write
from models.fence import Fence
from models.states import State
from models.tables import Account, ActionRow, Attempt, Campaign, Phone, Task
from workers.canvas.rows import evaluate, from_json, refs
from workers.follow import Past, unable
from workers.may_take import Meant, Room, Seated, Share, Verdict, Wanted, decide
from workers.seat import Seat, phone_queue


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this incarnation holds: what to run, for whom, and until when."""

    fence: Fence
    campaign_id: str
    asked_by: str
    flow: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    account_id: str | None
    serial: str | None
    seed: int
    depth: int
    soft_limit: int
    hard_limit: int


@dataclass(frozen=True, slots=True)
class NotMine:
    """The ticket runs nothing here; `passed_to` names the phone whose queue it goes to, if any."""

    why: str
    passed_to: str | None = None
    flow: str = ""
    priority: int = 6


def claim(engine: Engine, seat: Seat, task_id: str, *, lease: float, zone: str) -> Claim | NotMine:
    """Take the task, or say why not. Delivered ten times, a ticket is claimed once."""

    def work(session: Session) -> Claim | NotMine:
        task = session.scalars(select(Task).where(Task.id == task_id).with_for_update()).one_or_none()
        if task is None:
            return NotMine("no such task: a ticket without a row runs nothing")
        now = database_now(session)
        refused = _not_claimable(task, now)
        if refused is not None:
            return refused
        campaign = session.get_one(Campaign, task.campaign_id)
        args, kwargs = _evaluated(session, task)
        phone = session.get(Phone, seat.serial) if seat.serial is not None else None
        if seat.serial is not None:
            if phone is None or phone.account_id is None:
                return _wait(task, f"phone {seat.serial} does not know its account yet")
            refused = _not_for(session, task, kwargs, phone, now, zone)
            if refused is not None:
                return refused
        return _take(session, task, campaign, seat, phone, now, lease, args, kwargs)

    return write(engine, work)


def _not_claimable(task: Task, now: datetime) -> NotMine | None:
    if task.state != State.READY:
        return NotMine(f"the task is {task.state}")
    if task.stop_requested:
        return NotMine("the task is asked to stop")
    if task.latest_end <= now:
        return NotMine("the task is past its latest end")
    if task.not_before > now:
        return _wait(task, "its time has not come yet")
    return None


def _wait(task: Task, why: str) -> NotMine:
    """The ticket is used up; the coordinator rings again."""
    task.rung_at, task.rung_queue, task.waits_for = None, None, why
    return NotMine(why)


def _not_for(
    session: Session, task: Task, kwargs: Mapping[str, Any], phone: Phone, now: datetime, zone: str
) -> NotMine | None:
    """Does the task go to another phone? The common case, a reading task tried by nobody, asks nothing."""
    pinned = task.pinned_account is not None or task.pinned_phone is not None
    if not task.acts and not pinned and task.attempt == 0:
        return None
    verdict = _verdict(session, task, kwargs, phone, now, zone)
    if verdict.take:
        return None
    if verdict.pass_to is None:
        return _wait(task, verdict.waits_for)
    task.rung_at, task.rung_queue = now, phone_queue(verdict.pass_to)
    return NotMine(f"passed on to {verdict.pass_to}", verdict.pass_to, task.flow, task.priority)


def _verdict(
    session: Session, task: Task, kwargs: Mapping[str, Any], phone: Phone, now: datetime, zone: str
) -> Verdict:
    past = session.execute(
        select(Attempt.phone_serial, Attempt.account_id, Attempt.failure_code).where(
            Attempt.task_id == task.id, Attempt.outcome == "failed"
        )
    ).tuples()
    unable_phones, unable_accounts = unable([Past(serial, account, code) for serial, account, code in past if code])
    if task.pinned_account is not None or task.pinned_phone is not None:
        unable_phones, unable_accounts = frozenset(), frozenset()  # its one phone is tried again, or the task ends
    wanted = Wanted(task.acts, task.pinned_account, task.pinned_phone, unable_phones, unable_accounts)
    spread = task.acts and task.pinned_account is None and task.pinned_phone is None
    if spread:  # shares are counted one claim at a time
        session.execute(select(Campaign.id).where(Campaign.id == task.campaign_id).with_for_update())
    verdict = decide(
        Seated(phone.serial, phone.account_id),
        wanted,
        _seated(session),
        _room(session, kwargs, now, zone) if spread else Room(),
        _meant(session, task) if spread else None,
        _share(session, task) if spread else None,
    )
    if verdict.swap:
        _swap(session, task, phone.account_id)
    return verdict


def _meant(session: Session, task: Task) -> Meant | None:
    if task.meant_for is None:
        return None
    others = session.scalars(select(Task.meant_for).where(*_swappable(task)).distinct())
    return Meant(task.meant_for, frozenset(one for one in others if one is not None))


def _swappable(task: Task) -> tuple[ColumnElement[bool], ...]:
    """Tasks on the same video that nobody runs yet."""
    return (
        Task.campaign_id == task.campaign_id,
        Task.video_key == task.video_key,
        Task.state.in_([State.READY, State.WAITING]),
        Task.id != task.id,
    )


def _swap(session: Session, task: Task, account_id: str | None) -> None:
    """This account's task on the video goes to whom the one it takes was meant for."""
    other = session.scalars(
        select(Task).where(*_swappable(task), Task.meant_for == account_id).order_by(Task.position).limit(1)
    ).first()
    if other is not None:
        other.meant_for, task.meant_for = task.meant_for, account_id


def _seated(session: Session) -> list[Seated]:
    rows = session.execute(
        select(Phone.serial, Phone.account_id, Account.resting_since)
        .join(Account, Account.id == Phone.account_id)
        .where(Phone.state == "online")
        .order_by(Phone.serial)
    ).tuples()
    return [Seated(serial, account, resting is not None) for serial, account, resting in rows]


def _room(session: Session, kwargs: Mapping[str, Any], now: datetime, zone: str) -> Room:
    caps = read_caps(session)
    happened = ActionRow.outcome != "not_done"
    counted = session.execute(
        select(ActionRow.account_id, func.count())
        .where(ActionRow.day == operator_day(now, zone), happened)
        .group_by(ActionRow.account_id)
    ).tuples()
    full = frozenset(account for account, count in counted if count >= caps.actions_per_account_day)
    video = content_key(str(kwargs.get("author_id", "")), str(kwargs.get("title", "")))
    on_video = frozenset(
        session.scalars(select(ActionRow.account_id).where(ActionRow.video_key == video, happened).distinct())
    )
    return Room(on_video if len(on_video) >= caps.accounts_per_video else None, full)


def _share(session: Session, task: Task) -> Share:
    counted = session.execute(
        select(Task.state, Task.account_id, func.count())
        .where(
            Task.campaign_id == task.campaign_id,
            Task.flow == task.flow,
            Task.state.not_in([State.FAILED, State.STOPPED]),
        )
        .group_by(Task.state, Task.account_id)
    ).tuples()
    tasks = 0
    taken: dict[str, int] = {}
    for state, account, count in counted:
        tasks += count
        if account is not None and state in (State.RUNNING, State.SUCCEEDED, State.NEEDS_REVIEW):
            taken[account] = taken.get(account, 0) + count
    return Share(tasks, taken)


def _evaluated(session: Session, task: Task) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments, with the results of the tasks that they refer to in their places."""
    args = [from_json(one) for one in task.args]
    wanted = {ref for one in args for ref in refs(one)}
    results: dict[str, Any] = {}
    if wanted:
        rows = session.execute(select(Task.id, Task.result).where(Task.id.in_(wanted), Task.state == State.SUCCEEDED))
        results = dict(rows.tuples().all())
    return tuple(evaluate(one, results) for one in args), dict(task.kwargs)


def _take(
    session: Session,
    task: Task,
    campaign: Campaign,
    seat: Seat,
    phone: Phone | None,
    now: datetime,
    lease: float,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Claim:
    account = phone.account_id if phone is not None else None
    task.state = State.RUNNING
    task.attempt += 1
    task.incarnation, task.lease_until = seat.incarnation, now + timedelta(seconds=lease)
    task.account_id, task.phone_serial = account, seat.serial
    task.started_at = task.started_at or now
    task.waits_for, task.step = None, None
    session.add(
        Attempt(
            task_id=task.id,
            number=task.attempt,
            incarnation=seat.incarnation,
            phone_serial=seat.serial,
            account_id=account,
            started_at=now,
        )
    )
    return Claim(
        fence=Fence(task.id, task.attempt, seat.incarnation),
        campaign_id=task.campaign_id,
        asked_by=campaign.asked_by,
        flow=task.flow,
        args=args,
        kwargs=kwargs,
        account_id=account,
        serial=seat.serial,
        seed=task.seed,
        depth=task.depth,
        soft_limit=task.soft_limit,
        hard_limit=task.hard_limit,
    )
