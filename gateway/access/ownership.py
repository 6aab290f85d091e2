"""What a caller may see: its own customer's rows by id. What is another's is answered as what is not there."""

from __future__ import annotations

from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.problem import unknown
from models.tables import Campaign, Delivery, Phone, Task

MOST_ID = 191


def own_task(session: Session, caller: Caller, task_id: str) -> Task:
    """Raises Declined (not_found)."""
    task = session.get(Task, task_id) if len(task_id) <= MOST_ID else None
    if task is None or task.key_id not in caller.sees:
        raise unknown("task")
    return task


def own_campaign(session: Session, caller: Caller, campaign_id: str) -> Campaign:
    """Raises Declined (not_found)."""
    campaign = session.get(Campaign, campaign_id) if len(campaign_id) <= MOST_ID else None
    if campaign is None or campaign.key_id not in caller.sees:
        raise unknown("campaign")
    return campaign


def known_phone(session: Session, caller: Caller, serial: str) -> Phone:
    """A phone of the caller's sort: simulated for a sandbox key, real for any other. Raises Declined (not_found)."""
    phone = session.get(Phone, serial) if len(serial) <= MOST_ID else None
    if phone is None or phone.sandbox != caller.key.sandbox:
        raise unknown("phone")
    return phone


def own_delivery(session: Session, caller: Caller, delivery: Delivery | None) -> Delivery:
    """Raises Declined (not_found)."""
    if delivery is None or delivery.key_id not in caller.sees:
        raise unknown("delivery")
    return delivery
