"""Events: the contents of customers' callbacks, as they were when the event happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import tables
from models.tables import Campaign, Task
from models.tasks.completeness import Completeness
from models.tasks.states import State
from models.values.customer_alerts import for_customers
from models.values.customer_words import customer_words

TASK_EVENTS = {
    State.SUCCEEDED: "task.succeeded",
    State.FAILED: "task.failed",
    State.STOPPED: "task.stopped",
    State.NEEDS_REVIEW: "task.needs_review",
}
CAMPAIGN_ENDED = "campaign.ended"
ALERT, QUARANTINED = "alert", "phone.quarantined"
EVENT_TYPES = (*TASK_EVENTS.values(), CAMPAIGN_ENDED, ALERT, QUARANTINED)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Events of one subject (task:<id>, campaign:<id>, alert:<id>) are sent in order."""

    type: str  # one of EVENT_TYPES
    subject: str
    payload: Mapping[str, Any]
    task_id: str | None = None
    campaign_id: str | None = None


def task_event(task: Task, evidence: Any) -> Event:
    """Returns the event of a task's state, with its result or failure. `evidence`: of its last attempt, or None."""
    failed = task.failure_code is not None
    payload = {
        "task_id": task.id,
        "campaign_id": task.campaign_id,
        "reference": task.reference,
        "flow": task.flow,
        "state": str(task.state),
        "account": task.account_id,
        "phone": task.phone_serial,
        "attempts": task.attempt,
        "started_at": _time(task.started_at),
        "ended_at": _time(task.ended_at),
        "result": task.result,
        "failure": {
            "code": task.failure_code,
            "kind": task.failure_kind,
            "culprit": task.culprit,
            "reason": customer_words(task.reason),
            "evidence": _evidence_address(task, evidence),
        }
        if failed
        else None,
    }
    return Event(TASK_EVENTS[State(task.state)], f"task:{task.id}", payload, task.id, task.campaign_id)


def _evidence_address(task: Task, evidence: Any) -> str | None:
    """Returns the path of the last attempt's evidence in the API; customers do not see its place in the storage."""
    if not isinstance(evidence, dict) or not evidence.get("url") or evidence.get("stored") is False:
        return None
    return f"/v1/tasks/{task.id}/attempts/{task.attempt}/evidence/"


def campaign_event(campaign: Campaign, outcome: str, ended_at: datetime, counted: Completeness) -> Event:
    """Returns the event of a campaign's end, with the numbers of what is missing and the reasons."""
    payload = {
        "campaign_id": campaign.id,
        "reference": campaign.reference,
        "name": campaign.name,
        "outcome": outcome,
        "created_at": _time(campaign.created_at),
        "ended_at": _time(ended_at),
        "completeness": counted.as_json(),
    }
    return Event(CAMPAIGN_ENDED, f"campaign:{campaign.id}", payload, campaign_id=campaign.id)


def alert_event(alert: tables.Alert) -> Event:
    """Returns the event of an alert, with its remedy, in words for customers."""
    told = for_customers(alert.kind, alert.subject, alert.text, alert.remedy, alert.details)
    payload = {
        "alert_id": alert.id,
        "kind": alert.kind,
        "subject": told.subject,
        "text": told.text,
        "remedy": told.remedy,
        "details": told.details,
        "at": _time(alert.at),
    }
    event_type = QUARANTINED if alert.kind == "phone_quarantined" else ALERT
    return Event(event_type, f"alert:{alert.id}", payload)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
