"""Phones: how they are, and stop, pause and resume of one. A sandbox key sees simulated phones, any other real ones."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.ownership import known_phone
from gateway.api import responses
from gateway.api.dependencies import ById, CallerDep, GatewayDep
from gateway.api.views import phone_view
from gateway.problem import answers
from gateway.submissions.requests import Reason
from models.tables import Phone, Task
from models.tasks.states import State

router = APIRouter(prefix="/v1/phones", tags=["phones"])


@router.get("", responses=answers())
def list_phones(who: CallerDep, on: GatewayDep) -> responses.Phones:
    """Every phone: its state and why, the account on it, whether it works."""

    def work(session: Session) -> responses.Phones:
        phones = session.scalars(select(Phone).where(Phone.sandbox == who.key.sandbox).order_by(Phone.serial)).all()
        return responses.Phones(items=_views(session, who, phones))

    return on.look(who, work)


@router.get("/{serial}", responses=answers())
def get_phone(serial: ById, who: CallerDep, on: GatewayDep) -> responses.Phone:
    """One phone."""
    return on.look(who, lambda session: _views(session, who, [known_phone(session, who, serial)])[0])


@router.post("/{serial}/stop", responses=answers())
def stop_phone(serial: ById, who: CallerDep, on: GatewayDep, body: Reason | None = None) -> responses.Stopped:
    """End your tasks that run there, or are pinned to it or to the account on it. The phone goes on with other work."""
    report = on.control.stop_phone(who, serial, body.why if body else "")
    return responses.Stopped(stopped=report.stopped, leaving=report.leaving, in_review=report.in_review)


@router.post("/{serial}/pause", responses=answers("not_now"))
def pause_phone(serial: ById, who: CallerDep, on: GatewayDep, body: Reason | None = None) -> responses.Paused:
    """Leave a phone alone until it is resumed: what runs there goes elsewhere, what is pinned to it waits."""
    report = on.control.pause_phone(who, serial, body.why if body else "")
    return responses.Paused(held=report.held, leaving=report.leaving)


@router.post("/{serial}/resume", responses=answers("not_now"))
def resume_phone(serial: ById, who: CallerDep, on: GatewayDep) -> responses.Resumed:
    """Let a paused phone work again."""
    return responses.Resumed(ready=on.control.resume_phone(who, serial))


def _views(session: Session, who: Caller, phones: Sequence[Phone]) -> list[responses.Phone]:
    running = {
        serial: (task_id, key_id)
        for serial, task_id, key_id in session.execute(
            select(Task.phone_serial, Task.id, Task.key_id).where(Task.state == State.RUNNING, Task.runs_on == "phone")
        )
    }
    views = []
    for phone in phones:
        task_id, key_id = running.get(phone.serial, (None, None))
        views.append(phone_view(phone, task_id if key_id in who.sees else None, busy=task_id is not None))
    return views
