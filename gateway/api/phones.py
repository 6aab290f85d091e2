"""Phones: lists, stops, pauses and resumes them. A sandbox key sees simulated phones, any other key real ones."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.ownership import known_phone
from gateway.access.parsed_body import ParsedRoute
from gateway.api import responses
from gateway.api.dependencies import ById, CallerDep, GatewayDep
from gateway.api.views import phone_view
from gateway.problem import answers
from gateway.submissions.requests import PauseAsked, Reason
from models.fleet.own_pauses import paused_until
from models.tables import Phone, Task
from models.tasks.states import State

router = APIRouter(prefix="/v1/phones", tags=["phones"], route_class=ParsedRoute)


@router.get("", responses=answers())
def list_phones(who: CallerDep, on: GatewayDep) -> responses.Phones:
    """Lists every phone: its state with the reason, its account, and whether it is busy."""

    def work(session: Session) -> responses.Phones:
        phones = session.scalars(select(Phone).where(Phone.sandbox == who.key.sandbox).order_by(Phone.serial)).all()
        return responses.Phones(items=_views(session, who, phones))

    return on.look(who, work)


@router.get("/{serial}", responses=answers())
def get_phone(serial: ById, who: CallerDep, on: GatewayDep) -> responses.Phone:
    """Returns one phone."""
    return on.look(who, lambda session: _views(session, who, [known_phone(session, who, serial)])[0])


@router.post("/{serial}/stop", responses=answers())
def stop_phone(serial: ById, who: CallerDep, on: GatewayDep, body: Reason | None = None) -> responses.Stopped:
    """Stops your tasks that run on a phone or are pinned to it or to its account. It continues with other work."""
    report = on.control.stop_phone(who, serial, body.why if body else "")
    return responses.Stopped(stopped=report.stopped, leaving=report.leaving, in_review=report.in_review)


@router.post("/{serial}/pause", responses=answers("not_now"))
def pause_phone(serial: ById, who: CallerDep, on: GatewayDep, body: PauseAsked | None = None) -> responses.Paused:
    """Keeps your tasks off a phone until you resume it, or until a time: your tasks pinned to it wait, others work."""
    report = on.control.pause_phone(who, serial, body.why if body else "", body.until if body else None)
    return responses.Paused(held=report.held, leaving=report.leaving)


@router.post("/{serial}/resume", responses=answers("not_now"))
def resume_phone(serial: ById, who: CallerDep, on: GatewayDep) -> responses.Resumed:
    """Lets your tasks on a phone again that you paused for them."""
    return responses.Resumed(ready=on.control.resume_phone(who, serial))


def _views(session: Session, who: Caller, phones: Sequence[Phone]) -> list[responses.Phone]:
    running = {
        serial: (task_id, key_id)
        for serial, task_id, key_id in session.execute(
            select(Task.phone_serial, Task.id, Task.key_id).where(Task.state == State.RUNNING, Task.runs_on == "phone")
        )
    }
    ends = paused_until(session, phones, who.key.customer)
    views = []
    for phone in phones:
        task_id, key_id = running.get(phone.serial, (None, None))
        own = task_id if key_id in who.sees else None
        until = ends.get(phone.serial)
        views.append(phone_view(phone, own, busy=task_id is not None, customer=who.key.customer, until=until))
    return views
