"""Approvals: a named person lets a task do its one act on one comment, decides against it, or takes that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.content_key import content_key
from models.database.storable import storable_text
from models.history.audit_log import for_reason, record_change
from models.responsible_use.approvals import approvals_of, used_up
from models.responsible_use.caps import REPORT
from models.tables import Approval, Campaign, Task
from models.tasks.states import ENDED, State
from models.tasks.transitions import AWAITS_APPROVAL, TaskEnd, await_approval, lift_approval_hold
from models.transactions.read_write import read, write
from models.values.refused import refuse
from workers.lifecycle.dependents import end_task
from workers.policy.blame import written_params

HOURS = 24  # that an approval holds, if its person names no other time
MOST_HOURS = 168
MOST_WHY = 2000  # characters


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A task that waits for a named person: the comment that it would act on, and from which account."""

    task_id: str
    campaign: str
    flow: str
    account: str
    author_id: str
    title: str
    commenter: str
    comment: str
    reason: str  # of a report; empty otherwise
    asked_by: str
    since: datetime
    sandbox: bool


@dataclass(frozen=True, slots=True)
class Given:
    """An approval that a person gave, and what became of it: in force, used, withdrawn or expired."""

    task_id: str
    kind: str
    account: str
    approved_by: str
    why: str
    approved_at: datetime
    expires_at: datetime
    state: str


_WAIT = (Task.awaits_approval, Task.state == State.HELD)


def awaiting(engine: Engine, most: int = 100, *, key_id: str | None = None) -> Sequence[Awaiting]:
    """Returns the tasks that wait for an approval, oldest first; `key_id`: those of one customer."""

    def work(session: Session) -> list[Awaiting]:
        mine = () if key_id is None else (Task.key_id == key_id,)
        found = select(Task, Campaign).join(Campaign, Campaign.id == Task.campaign_id).where(*_WAIT, *mine)
        rows = session.execute(found.order_by(Task.created_at, Task.campaign_id, Task.position).limit(most))
        return [_awaiting(task, campaign) for task, campaign in rows]

    return read(engine, work)


def count_awaiting(session: Session) -> int:
    """Returns the number of all tasks that wait for an approval."""
    return session.scalar(select(func.count()).select_from(Task).where(*_WAIT)) or 0


def given_approvals(engine: Engine, most: int = 100) -> Sequence[Given]:
    """Returns the approvals that were given, newest first."""

    def work(session: Session) -> list[Given]:
        found = session.scalars(select(Approval).order_by(Approval.id.desc()).limit(most)).all()
        used, now = used_up(session, found), database_now(session)
        return [_given(one, used=one.id in used, now=now) for one in found]

    return read(engine, work)


def approve(
    engine: Engine, task_id: str, *, who: str, why: str, hours: float = HOURS, ring_now: bool = True
) -> datetime:
    """Lets a task do its one act, once, from the account that it names. Returns when that runs out. Raises Refused."""
    who, why = _named(who, why)
    if not 0 < hours <= MOST_HOURS:
        raise refuse("hours", f"{hours:g} is not between 0 and {MOST_HOURS}", "say for how many hours it holds")

    def work(session: Session) -> tuple[datetime, list[str]]:
        task, now = _awaiting_task(session, task_id), database_now(session)
        target, expires = _known_target(task), now + timedelta(hours=hours)
        session.add(
            Approval(
                task_id=task.id,
                sandbox=task.sandbox,
                kind=task.flow,  # the flow of such an act has its name
                comment_key=target.comment_key,
                account_id=task.pinned_account,
                text=target.reason,
                approved_by=who,
                why=why,
                approved_at=now,
                expires_at=expires,
            )
        )
        record_change(session, who, f"task:{task_id}", {"awaits_approval": True}, {"approved": True})
        return expires, [task.id] if lift_approval_hold(task, now) else []

    expires, ready = write(engine, work)
    _ring(engine, ready, ring_now=ring_now)
    return expires


def decide_against(engine: Engine, task_id: str, *, who: str, why: str, ring_now: bool = True) -> None:
    """Ends a task whose act a person decides against: it fails with `approval_refused`. Raises Refused."""
    who, why = _named(who, why)

    def work(session: Session) -> list[str]:
        task = _awaiting_task(session, task_id)
        with for_reason(why):
            record_change(session, who, f"task:{task_id}", {"awaits_approval": True}, {"approved": False})
        reason = "a person decided against this act"
        end = TaskEnd(State.FAILED, code="approval_refused", kind="fatal", culprit="task", reason=reason)
        return end_task(session, task, end, database_now(session))

    _ring(engine, write(engine, work), ring_now=ring_now)


def withdraw(engine: Engine, task_id: str, *, who: str, why: str) -> None:
    """Takes a task's approvals back. One that has not begun waits for another one; one that runs ends without its act.

    Raises Refused when there is none to take back, or when an act used it up.
    """
    who, why = _named(who, why)

    def work(session: Session) -> None:
        task = _task(session, task_id)
        given = approvals_of(session, task_id, locked=True)
        used, now = used_up(session, given), database_now(session)
        if used:
            raise refuse(
                "task", f"the approval was used up by action {max(used.values())}", "see: phonefleet approvals"
            )
        valid = [one for one in given if one.withdrawn_at is None]
        if task is None or not valid or task.state in ENDED:
            raise refuse("task", f"{task_id!r} has no approval to take back", "see: phonefleet approvals")
        for one in valid:
            one.withdrawn_at, one.withdrawn_by, one.withdrawn_why = now, who, why
        record_change(session, who, f"task:{task_id}", {"approved": True}, {"awaits_approval": True})
        if task.state != State.RUNNING:
            await_approval(task, AWAITS_APPROVAL)

    write(engine, work)


@dataclass(frozen=True, slots=True)
class _Target:
    """The comment of a task's one act, and the reason of a report, as the journal stores them."""

    author_id: str
    title: str
    commenter: str
    comment: str
    reason: str

    @property
    def comment_key(self) -> str:
        return content_key(self.author_id, self.title, self.commenter, self.comment)


def _target(task: Task) -> _Target:
    """Returns what the task names; empty texts for what comes from a task before it."""
    given = written_params(task.args, task.kwargs)
    names = ("author_id", "title", "target_commenter", "target_comment", "reason")
    return _Target(*(storable_text(str(given.get(name) or "")) for name in names))


def _known_target(task: Task) -> _Target:
    target = _target(task)
    needed = [target.author_id, target.title, target.commenter, target.comment]
    if not all([*needed, target.reason] if task.flow == REPORT else needed):
        reason = "its comment comes from a task before it, so nobody can look at it yet"
        raise refuse("task", reason, "submit it with the comment's own words")
    return target


def _awaiting(task: Task, campaign: Campaign) -> Awaiting:
    one = _target(task)
    words = one.author_id, one.title, one.commenter, one.comment, one.reason
    asked = campaign.asked_by, task.created_at, task.sandbox
    return Awaiting(task.id, campaign.name, task.flow, task.pinned_account or "", *words, *asked)


def _named(who: str, why: str) -> tuple[str, str]:
    if not who.strip():
        raise refuse("who", "nobody is named", "say who decides")
    if not why.strip():
        raise refuse("why", "is empty", "say why: it stays with the approval")
    return who.strip(), storable_text(why.strip(), MOST_WHY)


def _task(session: Session, task_id: str) -> Task | None:
    return session.scalars(select(Task).where(Task.id == task_id).with_for_update()).one_or_none()


def _awaiting_task(session: Session, task_id: str) -> Task:
    task = _task(session, task_id)
    if task is None or task.state != State.HELD or not task.awaits_approval:
        state = "is unknown" if task is None else f"is {task.state}, and waits for no approval"
        raise refuse("task", f"{task_id!r} {state}", "see: phonefleet approvals")
    return task


def _given(one: Approval, *, used: bool, now: datetime) -> Given:
    state = _state(one, used=used, now=now)
    when = one.approved_at, one.expires_at
    return Given(one.task_id, one.kind, one.account_id, one.approved_by, one.why, *when, state)


def _state(one: Approval, *, used: bool, now: datetime) -> str:
    if used:
        return "used"
    if one.withdrawn_at is not None:
        return "withdrawn"
    return "expired" if one.expires_at <= now else "in force"


def _ring(engine: Engine, ready: list[str], *, ring_now: bool) -> None:
    if ring_now and ready:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring  # noqa: PLC0415 - Celery, which a command does without

        ring(engine, ready)
