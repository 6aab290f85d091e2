"""Checks that a row belongs to the caller's customer. Another customer's row is answered as not_found."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from gateway.access.caller import Caller
from gateway.problem import unknown
from models.tables import Campaign, Delivery, Export, Phone, Task

MOST_ID = 191
_LARGE_COLUMNS = (defer(Task.result), defer(Task.root), defer(Task.args))
_LARGE_OF_CAMPAIGNS = (defer(Campaign.asked_for), defer(Campaign.root))


def own_task(session: Session, caller: Caller, task_id: str) -> Task:
    """Returns the caller's row with this id, without what may be megabytes. Raises ApiProblem (not_found)."""
    task = session.get(Task, task_id, options=_LARGE_COLUMNS) if len(task_id) <= MOST_ID else None
    if task is None or task.key_id not in caller.sees:
        raise unknown("task")
    return task


def own_task_told(session: Session, caller: Caller, task_id: str) -> tuple[Task, bool]:
    """Returns the same, and whether the row has a result, which is not read. Raises ApiProblem (not_found)."""
    told = select(Task, Task.result.is_not(None)).where(Task.id == task_id).options(*_LARGE_COLUMNS)
    found = session.execute(told).one_or_none() if len(task_id) <= MOST_ID else None
    if found is None or found[0].key_id not in caller.sees:
        raise unknown("task")
    return found[0], bool(found[1])


def own_campaign(session: Session, caller: Caller, campaign_id: str) -> Campaign:
    """Returns the caller's row with this id, without what may be megabytes. Raises ApiProblem (not_found)."""
    campaign = session.get(Campaign, campaign_id, options=_LARGE_OF_CAMPAIGNS) if len(campaign_id) <= MOST_ID else None
    if campaign is None or campaign.key_id not in caller.sees:
        raise unknown("campaign")
    return campaign


def known_phone(session: Session, caller: Caller, serial: str) -> Phone:
    """Returns the phone: a simulated one for a sandbox key, else a real one. Raises ApiProblem (not_found)."""
    phone = session.get(Phone, serial) if len(serial) <= MOST_ID else None
    if phone is None or phone.sandbox != caller.key.sandbox:
        raise unknown("phone")
    return phone


def own_export(session: Session, caller: Caller, export_id: str) -> Export:
    """Returns the caller's row with this id. Raises ApiProblem (not_found)."""
    export = session.get(Export, export_id) if len(export_id) <= MOST_ID else None
    if export is None or export.key_id not in caller.sees:
        raise unknown("export")
    return export


def own_delivery(session: Session, caller: Caller, delivery: Delivery | None) -> Delivery:
    """Returns the caller's row with this id. Raises ApiProblem (not_found)."""
    if delivery is None or delivery.key_id not in caller.sees:
        raise unknown("delivery")
    return delivery
