"""Control: stops, pauses, resumes and re-prioritises the caller's own rows. Each request is carried out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine, and_, or_, select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.ownership import known_phone, own_campaign, own_task
from gateway.problem import ApiProblem
from models.tables import Task
from models.tasks.pauses import Pause, newest_pause, pause_of_task
from models.tasks.states import OPEN, State
from models.transactions.read_write import read, write
from models.values.refused import Problem, Refused
from workers.control.pause import (
    PauseReport,
    pause_campaign,
    pause_phone,
    pause_task,
    resume_campaign,
    resume_phone,
    resume_task,
)
from workers.control.reprioritise import reprioritise_campaign, reprioritise_task
from workers.control.stop import StopReport, stop_campaign, stop_task
from workers.planting.validate import priority_problem

T = TypeVar("T")

MOST_ON_A_PHONE = 1000  # tasks stopped by one request; ask again for the rest


class Control:
    """The control operations. All raise ApiProblem: not_found, not_now, and not_authenticated for a replay.

    A new priority that the key may not give raises refused.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def stop_task(self, caller: Caller, task_id: str, why: str) -> StopReport:
        """Acts on the task, and on tasks that were planted in its place."""
        self._mine(caller, own_task, task_id)
        return _now(lambda: stop_task(self._engine, task_id, who=caller.who, why=why))

    def pause_task(self, caller: Caller, task_id: str, why: str) -> PauseReport:
        """Acts on the task, and on tasks that were planted in its place."""
        self._mine(caller, own_task, task_id)
        return _now(lambda: pause_task(self._engine, task_id, who=caller.who, why=why))

    def resume_task(self, caller: Caller, task_id: str) -> int:
        """Returns the number of tasks that are ready now."""
        self._mine(caller, _task_to_resume, task_id)
        return _now(lambda: resume_task(self._engine, task_id, who=caller.who))

    def reprioritise_task(self, caller: Caller, task_id: str, priority: int) -> int:
        """Returns the number of tasks that have the priority now."""
        self._mine(caller, own_task, task_id)
        _check_priority(caller, priority)
        return _now(lambda: reprioritise_task(self._engine, task_id, priority, who=caller.who))

    def stop_campaign(self, caller: Caller, campaign_id: str, why: str) -> StopReport:
        """Stops every task of the campaign."""
        self._mine(caller, own_campaign, campaign_id)
        return _now(lambda: stop_campaign(self._engine, campaign_id, who=caller.who, why=why))

    def pause_campaign(self, caller: Caller, campaign_id: str, why: str) -> PauseReport:
        """Pauses the campaign, and tasks that it plants meanwhile."""
        self._mine(caller, own_campaign, campaign_id)
        return _now(lambda: pause_campaign(self._engine, campaign_id, who=caller.who, why=why))

    def resume_campaign(self, caller: Caller, campaign_id: str) -> int:
        """Returns the number of tasks that are ready now."""
        self._mine(caller, _campaign_to_resume, campaign_id)
        return _now(lambda: resume_campaign(self._engine, campaign_id, who=caller.who))

    def reprioritise_campaign(self, caller: Caller, campaign_id: str, priority: int) -> int:
        """Returns the number of tasks that have the priority now."""
        self._mine(caller, own_campaign, campaign_id)
        _check_priority(caller, priority)
        return _now(lambda: reprioritise_campaign(self._engine, campaign_id, priority, who=caller.who))

    def stop_phone(self, caller: Caller, serial: str, why: str) -> StopReport:
        """Stops only the caller's own tasks: those that run there, or are pinned to the phone or to its account."""
        self._mine(caller, known_phone, serial)
        reports = []
        for task_id in read(self._engine, lambda session: self._on_phone(session, caller, serial)):
            try:
                reports.append(stop_task(self._engine, task_id, who=caller.who, why=why))
            except Refused:  # the task ended meanwhile
                continue
        return StopReport(
            sum(one.stopped for one in reports),
            sum(one.leaving for one in reports),
            sum(one.in_review for one in reports),
        )

    def pause_phone(self, caller: Caller, serial: str, why: str) -> PauseReport:
        """Pauses the whole phone, for the tasks of every customer."""
        self._mine(caller, known_phone, serial)
        return _now(lambda: pause_phone(self._engine, serial, who=caller.who, why=why, of_customer=True))

    def resume_phone(self, caller: Caller, serial: str) -> int:
        """Returns the number of tickets that were rung."""
        self._mine(caller, _phone_to_resume, serial)
        return _now(lambda: resume_phone(self._engine, serial, who=caller.who))

    def _mine(self, caller: Caller, find: Callable[[Session, Caller, str], object], what: str) -> None:
        """Checks ownership and records the request id: the request is accepted once, whatever its outcome."""

        def work(session: Session) -> ApiProblem | None:
            caller.once(session)
            try:
                find(session, caller, what)
            except ApiProblem as declined:
                return declined
            return None

        declined = write(self._engine, work)
        if declined is not None:
            raise declined

    def _on_phone(self, session: Session, caller: Caller, serial: str) -> list[str]:
        phone = known_phone(session, caller, serial)
        there = or_(
            and_(Task.state == State.RUNNING, Task.phone_serial == serial),
            Task.pinned_phone == serial,
            and_(Task.pinned_account.is_not(None), Task.pinned_account == phone.account_id),
        )
        wanted = select(Task.id).where(Task.key_id.in_(caller.sees), Task.state.in_(list(OPEN)), there)
        return list(session.scalars(wanted.order_by(Task.position.desc()).limit(MOST_ON_A_PHONE)))


def _task_to_resume(session: Session, caller: Caller, task_id: str) -> None:
    task = own_task(session, caller, task_id)
    _own_pause(caller, pause_of_task(session, task) if task.paused else None, "task")


def _campaign_to_resume(session: Session, caller: Caller, campaign_id: str) -> None:
    campaign = own_campaign(session, caller, campaign_id)
    _own_pause(caller, newest_pause(session, [f"campaign:{campaign_id}"]) if campaign.paused else None, "campaign")


def _phone_to_resume(session: Session, caller: Caller, serial: str) -> None:
    phone = known_phone(session, caller, serial)
    _own_pause(caller, newest_pause(session, [f"phone:{serial}"]) if phone.paused else None, "phone")


def _own_pause(caller: Caller, pause: Pause | None, what: str) -> None:
    """Raises ApiProblem (not_now) for a pause by the operator or by another customer."""
    if pause is not None and not caller.did(pause.who):
        problem = Problem(what, "it was paused by somebody else", "ask the operator")
        raise ApiProblem("not_now", problems=[problem])


def _check_priority(caller: Caller, priority: int) -> None:
    problems = list(priority_problem(caller.key.highest_priority, priority, "priority"))
    if problems:
        raise ApiProblem.of(Refused(problems))


def _now(act: Callable[[], T]) -> T:
    try:
        return act()
    except Refused as refused:
        raise ApiProblem.of(refused, "not_now") from None
