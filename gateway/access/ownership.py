"""Checks that a row belongs to the caller's customer. Another customer's row is answered as not_found."""

from __future__ import annotations

from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.problem import unknown
from models.tables import Campaign, Delivery, Phone, Task

MOST_ID = 191


def own_task(session: Session, caller: Caller, task_id: str) -> Task:
    """Returns the caller's row with this id. Raises ApiProblem (not_found)."""
    task = session.get(Task, task_id) if len(task_id) <= MOST_ID else None
    if task is None or task.key_id not in caller.sees:
        raise unknown("task")
    return task


def own_campaign(session: Session, caller: Caller, campaign_id: str) -> Campaign:
    """Returns the caller's row with this id. Raises ApiProblem (not_found)."""
    campaign = session.get(Campaign, campaign_id) if len(campaign_id) <= MOST_ID else None
    if campaign is None or campaign.key_id not in caller.sees:
        raise unknown("campaign")
    return campaign


def known_phone(session: Session, caller: Caller, serial: str) -> Phone:
    """Returns the phone: a simulated one for a sandbox key, else a real one. Raises ApiProblem (not_found)."""
    phone = session.get(Phone, serial) if len(serial) <= MOST_ID else None
    if phone is None or phone.sandbox != caller.key.sandbox:
        raise unknown("phone")
    return phone


def own_delivery(session: Session, caller: Caller, delivery: Delivery | None) -> Delivery:
    """Returns the caller's row with this id. Raises ApiProblem (not_found)."""
    if delivery is None or delivery.key_id not in caller.sees:
        raise unknown("delivery")
    return delivery
