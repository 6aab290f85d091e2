"""Control requests: stops and pauses of a running task, and the outcome to record for the attempt that leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from models.fleet.own_pauses import holds_back, why_held_back
from models.tables import Phone, Task
from models.tasks.campaign_control import heed_campaign
from models.tasks.pauses import why_paused
from models.values.enums import AttemptOutcome


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """The outcome to record for the attempt that leaves, and the reason for people."""

    outcome: Literal[AttemptOutcome.STOPPED, AttemptOutcome.PAUSED, AttemptOutcome.HANDED_BACK]
    why: str


def pending_request(session: Session, task: Task) -> ControlRequest | None:
    """Returns the request in force on a running task; a stop counts before a pause. None: none, or none any more."""
    if not task.stop_requested and not task.paused:
        heed_campaign(session, task)
    if task.stop_requested:
        return ControlRequest(AttemptOutcome.STOPPED, task.reason or "it was asked to stop")
    if task.paused:
        return ControlRequest(AttemptOutcome.PAUSED, why_paused(session, task))
    phone = session.get(Phone, task.phone_serial) if task.phone_serial is not None else None
    if phone is not None and phone.paused and not phone.draining:
        return ControlRequest(AttemptOutcome.HANDED_BACK, phone.paused_why or f"phone {phone.serial} is paused")
    if phone is not None and holds_back(session, phone, task.key_id):
        return ControlRequest(AttemptOutcome.HANDED_BACK, why_held_back(phone.serial))
    return None
