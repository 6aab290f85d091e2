"""Control: stops, pauses, resumes and re-prioritises the caller's own rows. Each request is carried out once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine, and_, or_, select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.ownership import known_phone, own_campaign, own_task
from gateway.problem import ApiProblem
from models.fleet.own_pauses import paused_for
from models.tables import Task
from models.tasks.pauses import Pause, newest_pause, pause_of_task
from models.tasks.states import OPEN, State
from models.transactions.read_write import read, write
from models.values.refused import Problem, Refused
from workers.campaigns.complete import plant_missing
from workers.control.own_pause import pause_phone_for, resume_phone_for
from workers.control.pause import (
    PauseReport,
    check_end,
    pause_campaign,
    pause_task,
    resume_campaign,
    resume_task,
)
from workers.control.reprioritise import reprioritise_campaign, reprioritise_task
from workers.control.stop import StopReport, stop_campaign, stop_task, stop_tasks_on
from workers.planting.validate import priority_problem

T = TypeVar("T")

MOST_ON_A_PHONE = 1000  # tasks stopped by one request; ask again for the rest
ONE_AT_A_TIME = "another request of yours that stops, pauses or resumes a campaign or a phone is being carried out"


class Control:
    """The control operations. All raise ApiProblem: not_found, not_now, and not_authenticated for a replay.

    A new priority that the key may not give raises refused.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._busy: set[tuple[str, bool]] = set()  # customers with a heavy request under way

    def stop_task(self, caller: Caller, task_id: str, why: str) -> StopReport:
        """Acts on the task, and on tasks that were planted in its place."""
        self._mine(caller, own_task, task_id)
        return _now(lambda: stop_task(self._engine, task_id, who=caller.who, why=why, at_once=False))

    def pause_task(self, caller: Caller, task_id: str, why: str) -> PauseReport:
        """Acts on the task, and on tasks that were planted in its place."""
        self._mine(caller, own_task, task_id)
        return _now(lambda: pause_task(self._engine, task_id, who=caller.who, why=why, at_once=False))

    def resume_task(self, caller: Caller, task_id: str) -> int:
        """Returns the number of tasks that are ready now."""
        self._mine(caller, _task_to_resume, task_id)
        act = partial(resume_task, self._engine, task_id, who=caller.who, ring_now=False, at_once=False)
        return _now(act)

    def reprioritise_task(self, caller: Caller, task_id: str, priority: int) -> int:
        """Returns the number of tasks that have the priority now."""
        self._mine(caller, own_task, task_id)
        _check_priority(caller, priority)
        act = partial(reprioritise_task, self._engine, task_id, priority, who=caller.who)
        return _now(lambda: act(ring_now=False, at_once=False))

    def stop_campaign(self, caller: Caller, campaign_id: str, why: str) -> StopReport:
        """Stops every task of the campaign; the coordinator ends what is left of it."""
        with self._alone(caller):
            self._mine(caller, own_campaign, campaign_id)
            return _now(lambda: stop_campaign(self._engine, campaign_id, who=caller.who, why=why, at_once=False))

    def pause_campaign(self, caller: Caller, campaign_id: str, why: str) -> PauseReport:
        """Pauses the campaign, and tasks that it plants meanwhile; the coordinator holds what is left of it."""
        with self._alone(caller):
            self._mine(caller, own_campaign, campaign_id)
            return _now(lambda: pause_campaign(self._engine, campaign_id, who=caller.who, why=why, at_once=False))

    def resume_campaign(self, caller: Caller, campaign_id: str) -> int:
        """Returns the number of tasks that may run now; the coordinator releases and rings them."""
        with self._alone(caller):
            self._mine(caller, _campaign_to_resume, campaign_id)
            act = partial(resume_campaign, self._engine, campaign_id, who=caller.who, ring_now=False, at_once=False)
            return _now(act)

    def plant_missing(self, caller: Caller, campaign_id: str) -> tuple[str, int]:
        """Plants what an ended campaign is missing. Returns the new campaign's id, and the number of its tasks."""
        with self._alone(caller):
            self._mine(caller, own_campaign, campaign_id)
            planted, lacking = _now(lambda: plant_missing(self._engine, campaign_id, who=caller.who))
            return planted, sum(piece.count for piece in lacking.pieces)

    def reprioritise_campaign(self, caller: Caller, campaign_id: str, priority: int) -> int:
        """Returns the number of tasks that have the priority now."""
        with self._alone(caller):
            self._mine(caller, own_campaign, campaign_id)
            _check_priority(caller, priority)
            act = partial(reprioritise_campaign, self._engine, campaign_id, priority, who=caller.who)
            return _now(lambda: act(ring_now=False, at_once=False))

    def stop_phone(self, caller: Caller, serial: str, why: str) -> StopReport:
        """Stops only the caller's own tasks: those that run there, or are pinned to the phone or to its account."""
        with self._alone(caller):
            self._mine(caller, known_phone, serial)
            find = partial(self._on_phone, caller=caller, serial=serial)
            return stop_tasks_on(self._engine, serial, find, who=caller.who, why=why, at_once=False)

    def pause_phone(self, caller: Caller, serial: str, why: str, until: datetime | None = None) -> PauseReport:
        """Keeps the customer's own tasks off the phone, until it resumes it or until that time. Raises refused, too."""
        self._mine(caller, known_phone, serial)
        try:
            read(self._engine, lambda session: check_end(session, until))
        except Refused as refused:
            raise ApiProblem.of(refused) from None
        act = partial(pause_phone_for, self._engine, serial, caller.key.customer, who=caller.who, why=why, until=until)
        return _now(act)

    def resume_phone(self, caller: Caller, serial: str) -> int:
        """Lets the customer's own tasks on the phone again."""
        self._mine(caller, _phone_to_resume, serial)
        return _now(lambda: resume_phone_for(self._engine, serial, caller.key.customer, who=caller.who))

    @contextmanager
    def _alone(self, caller: Caller) -> Iterator[None]:
        """Lets one heavy request of a customer through at a time. Raises ApiProblem (too_many_requests)."""
        customer = (caller.key.customer, caller.key.sandbox)
        with self._lock:
            if customer in self._busy:
                raise ApiProblem("too_many_requests", ONE_AT_A_TIME, headers={"retry-after": "1"})
            self._busy.add(customer)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(customer)

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

    def _on_phone(self, session: Session, *, caller: Caller, serial: str) -> list[str]:
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
    if phone.paused and caller.key.customer not in paused_for(phone):
        problem = Problem("phone", "it was paused by somebody else", "ask the operator")
        raise ApiProblem("not_now", problems=[problem])


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
