"""Pauses and resumes a task, a campaign or a phone.

A pause holds tasks that have not begun at once. It asks a running task to leave its phone before the next touch, and
holds it then. An action in doubt is verified first. A paused phone takes no work: the task that ran there goes to
another phone, and tasks that are pinned to it wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, func, select, update
from sqlalchemy.orm import Session

from models.database.storable import storable_text
from models.fleet.phones import owe_tickets_again
from models.history.audit_log import record_change
from models.tables import Campaign, Phone, Task
from models.tasks.pauses import PAUSED, RESUMED, in_words, newest_pause
from models.tasks.states import OPEN, State
from models.tasks.transitions import hold_tasks, release_tasks
from models.transactions.read_write import write
from models.values.refused import Refused, refuse
from workers.control.stop import open_campaign, open_task, tree


@dataclass(frozen=True, slots=True)
class PauseReport:
    """The numbers of tasks that were held, that are leaving their phones, that are verified on the app first, and that
    stay in a person's review."""

    held: int
    leaving: int
    looked_for: int = 0
    in_review: int = 0


def pause_campaign(engine: Engine, campaign_id: str, *, who: str, why: str = "", anew: bool = True) -> PauseReport:
    """Pauses a campaign that has not ended, and the tasks that it plants meanwhile. Raises Refused.

    `anew=False`: accepts a campaign that is paused already, and keeps its reason.
    """

    def ask(session: Session) -> PauseReport:
        campaign = open_campaign(session, campaign_id)
        if campaign.paused and not anew:
            raise _paused_already(session, "campaign", campaign_id)
        record_change(session, who, f"campaign:{campaign_id}", {"paused": campaign.paused}, {PAUSED: why})
        campaign.paused = True
        return _pause(session, Task.campaign_id == campaign_id, who, why)

    return write(engine, ask)


def pause_task(engine: Engine, task_id: str, *, who: str, why: str = "", anew: bool = True) -> PauseReport:
    """Pauses one task, with the tasks that it plants in its place, also later. Raises Refused; `anew` as above."""

    def ask(session: Session) -> PauseReport:
        task = open_task(session, task_id)
        if task.paused and not anew:
            raise _paused_already(session, "task", task_id, f"campaign:{task.campaign_id}")
        record_change(session, who, f"task:{task_id}", {"paused": task.paused}, {PAUSED: why})
        return _pause(session, Task.id.in_(tree(session, task_id)), who, why)

    return write(engine, ask)


def pause_phone(
    engine: Engine,
    serial: str,
    *,
    who: str,
    why: str = "",
    of_customer: bool = False,
    ring_now: bool = True,
    anew: bool = True,
) -> PauseReport:
    """Pauses a phone: it takes no more work, and its running task leaves it. Raises Refused; `anew` as above.

    Everyone whose tasks wait for the phone sees the reason. With `of_customer`, only the audit log has the customer
    and the reason, because other customers must not see them.
    """
    said = ("is paused over the API", "") if of_customer else (f"is paused by {who}", why)

    def ask(session: Session) -> PauseReport:
        phone = known_phone(session, serial)
        if phone.paused and not anew:
            raise _paused_already(session, "phone", serial)
        record_change(session, who, f"phone:{serial}", {"paused": phone.paused}, {PAUSED: why})
        phone.paused = True
        phone.paused_why = storable_text(in_words(f"phone {serial}", *said))
        owe_tickets_again(session, serial)
        runs = (Task.state == State.RUNNING, Task.phone_serial == serial)
        return PauseReport(0, session.scalar(select(func.count()).select_from(Task).where(*runs)) or 0)

    report = write(engine, ask)
    if ring_now:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring_ready  # noqa: PLC0415 - Celery, which a command does without

        ring_ready(engine)  # tickets of its queue go to other phones, or their tasks get the reason why they wait
    return report


def resume_campaign(engine: Engine, campaign_id: str, *, who: str, ring_now: bool = True) -> int:
    """Resumes a paused campaign with all its paused tasks. Returns the number of tasks ready now. Raises Refused."""

    def work(session: Session) -> Sequence[str]:
        campaign = open_campaign(session, campaign_id)
        if not campaign.paused:
            raise refuse("campaign", f"{campaign_id!r} is not paused", "see: phonefleet status")
        record_change(session, who, f"campaign:{campaign_id}", {"paused": True}, {RESUMED: True})
        campaign.paused = False
        session.flush()
        return release_tasks(session, Task.campaign_id == campaign_id)

    return _rung(engine, write(engine, work), ring_now=ring_now)


def resume_task(engine: Engine, task_id: str, *, who: str, ring_now: bool = True) -> int:
    """Resumes a paused task, with the tasks in its place. Returns the number of tasks ready now. Raises Refused.

    A task of a paused campaign is resumed with the campaign.
    """

    def work(session: Session) -> Sequence[str]:
        task = open_task(session, task_id)
        if session.get_one(Campaign, task.campaign_id).paused:
            remedy = f"phonefleet resume {task.campaign_id}"
            raise refuse("task", f"{task_id!r} belongs to a campaign that is paused", remedy)
        mine = Task.id.in_(tree(session, task_id))
        if session.scalar(select(Task.id).where(mine, Task.paused, Task.state.in_(list(OPEN))).limit(1)) is None:
            raise refuse("task", f"{task_id!r} is not paused", "see: phonefleet status")
        record_change(session, who, f"task:{task_id}", {"paused": True}, {RESUMED: True})
        return release_tasks(session, mine)

    return _rung(engine, write(engine, work), ring_now=ring_now)


def resume_phone(engine: Engine, serial: str, *, who: str, ring_now: bool = True) -> int:
    """Resumes a paused phone. Returns the number of tickets that were rung. Raises Refused."""

    def work(session: Session) -> None:
        phone = known_phone(session, serial)
        if not phone.paused:
            raise refuse("phone", f"{serial!r} is not paused", "see: phonefleet phones")
        record_change(session, who, f"phone:{serial}", {"paused": True}, {RESUMED: True})
        phone.paused, phone.paused_why = False, None

    write(engine, work)
    if not ring_now:  # the coordinator does, within half a second
        return 0
    from workers.dispatch.ring import ring_ready  # noqa: PLC0415 - Celery, which a command does without

    return ring_ready(engine)


def known_phone(session: Session, serial: str) -> Phone:
    """Returns the phone's row, locked. Raises Refused."""
    phone = session.get(Phone, serial, with_for_update=True)
    if phone is None:
        raise refuse("phone", f"{serial!r} is unknown", "see: phonefleet phones")
    return phone


def _paused_already(session: Session, kind: str, one: str, *above: str) -> Refused:
    by = newest_pause(session, [f"{kind}:{one}", *above])
    told = "is paused already" if by is None else in_words(f"is paused already: {by.who}", "paused it", by.why)
    return refuse(kind, f"{one!r} {told}", f"to go on: phonefleet resume {one}")


def _pause(session: Session, which: ColumnElement[bool], who: str, why: str) -> PauseReport:
    """Writes the request into every row first, in one statement, so that no task changes its state in between."""
    session.flush()
    session.execute(update(Task).where(which, Task.state.in_(list(OPEN))).values(paused=True))
    held = hold_tasks(session, which, storable_text(in_words(who, "paused it", why)))
    counted = session.execute(select(Task.state, func.count()).where(which, Task.paused).group_by(Task.state))
    left = dict(counted.all())
    return PauseReport(held, left.get(State.RUNNING, 0), left.get(State.READY, 0), left.get(State.NEEDS_REVIEW, 0))


def _rung(engine: Engine, ready: Sequence[str], *, ring_now: bool) -> int:
    if ring_now:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring  # noqa: PLC0415 - Celery, which a command does without

        ring(engine, ready)
    return len(ready)
