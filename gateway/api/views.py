"""Views: turn rows of the ledger into responses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows.failures import remedy_for
from gateway.api import responses
from models.fleet.own_pauses import paused_for
from models.tables import Attempt, Campaign, Delivery, Phone, StateChange, Task
from models.tasks.completeness import completeness
from models.tasks.progress import read_progress
from models.tasks.states import State
from models.values.customer_words import customer_words
from models.values.enums import CampaignState, DeliveryState, PhoneState, RunsOn


def failure(
    code: str | None, kind: str | None, culprit: str | None, reason: str | None, details: Any = None
) -> responses.Failure | None:
    """Builds the failure, with the remedy for its code and the attempt's counts."""
    if code is None:
        return None
    counted = details if isinstance(details, dict) else None
    return responses.Failure(
        code=code, kind=kind, culprit=culprit, reason=customer_words(reason), remedy=remedy_for(code, counted) or None
    )


def target(task: Task) -> str:
    """Returns the task's target, as a canvas names queues."""
    if task.pinned_phone is not None:
        return f"phone.{task.pinned_phone}"
    if task.pinned_account is not None:
        return f"account.{task.pinned_account}"
    return task.runs_on if task.runs_on == RunsOn.DESK else "pool"


def _line(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "campaign_id": task.campaign_id,
        "reference": task.reference,
        "flow": task.flow,
        "state": State(task.state),
        "paused": task.paused,
        "awaits_approval": task.awaits_approval,
        "waits_for": customer_words(task.waits_for),
        "target": target(task),
        "priority": task.priority,
        "account": task.account_id,
        "phone": task.phone_serial,
        "author": task.author_id,
        "attempts": task.attempt,
        "failure": failure(task.failure_code, task.failure_kind, task.culprit, task.reason),
        "created_at": task.created_at,
        "not_before": task.not_before,
        "latest_end": task.latest_end,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
    }


def task_line(task: Task) -> responses.TaskLine:
    """Builds the short form for a list."""
    return responses.TaskLine(**_line(task))


def task_view(task: Task) -> responses.Task:
    """Builds the full form."""
    return responses.Task(**_line(task), params=task.kwargs, step=task.step, result=task.result, sandbox=task.sandbox)


def attempt_view(attempt: Attempt) -> responses.Attempt:
    """Builds the response of one attempt."""
    return responses.Attempt(
        number=attempt.number,
        account=attempt.account_id,
        phone=attempt.phone_serial,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome,
        failure=failure(attempt.failure_code, attempt.failure_kind, attempt.culprit, attempt.reason, attempt.details),
        step=attempt.step,
        details=attempt.details,
        evidence={name: value for name, value in attempt.evidence.items() if name != "url"}
        if isinstance(attempt.evidence, dict)
        else None,
    )


def _campaign_state(campaign: Campaign) -> Any:
    return campaign.outcome or (CampaignState.PAUSED if campaign.paused else CampaignState.OPEN).value


def campaign_line(campaign: Campaign) -> responses.CampaignLine:
    """Builds the short form for a list."""
    return responses.CampaignLine(
        id=campaign.id,
        reference=campaign.reference,
        name=campaign.name,
        state=_campaign_state(campaign),
        sandbox=campaign.sandbox,
        created_at=campaign.created_at,
        ended_at=campaign.ended_at,
    )


def campaign_view(session: Session, campaign: Campaign) -> responses.Campaign:
    """Builds the full form, with its counts."""
    return responses.Campaign(
        **campaign_line(campaign).model_dump(),
        tasks={flow: dict(states) for flow, states in read_progress(session, campaign.id).tasks.items()},
        completeness=completeness(session, campaign.id).as_json(),
    )


def _phone_why(phone: Phone) -> str | None:
    """Returns why a phone is in its state, without the other accounts and phones that the operator is told of."""
    if phone.why is None or phone.state != PhoneState.ONLINE:
        return phone.why
    if phone.twice_since is not None:
        return f"the account on phone {phone.serial} is on another phone too"
    return f"phone {phone.serial} has no account that may be used" if phone.account_id is None else None


def _paused_why(phone: Phone, *, own: bool) -> str | None:
    """Returns who paused a phone, by role alone: the operator's name and reason are not for customers."""
    if phone.paused:
        return f"phone {phone.serial} is paused by the operator"
    return f"phone {phone.serial} is paused for your tasks, over the API" if own else None


def phone_view(
    phone: Phone, running: str | None, *, busy: bool, customer: str = "", until: datetime | None = None
) -> responses.Phone:
    """Builds the response of a phone for a customer, with its own task that runs there and the end of its pause."""
    own = customer in paused_for(phone)
    return responses.Phone(
        serial=phone.serial,
        host=phone.host,
        model=phone.model,
        state=phone.state,
        why=_phone_why(phone),
        account=phone.account_id,
        paused=phone.paused or own,
        paused_why=_paused_why(phone, own=own),
        paused_until=until,
        quarantined_until=phone.quarantined_until,
        # behind the colon stands the failure of somebody's task
        quarantine_why=(phone.quarantine_why or "").partition(":")[0] or None,
        unfit_why=phone.unfit_why,
        busy=busy,
        task_id=running,
        seen_at=phone.seen_at,
    )


def delivery_view(delivery: Delivery) -> responses.Delivery:
    """Builds the response of a callback, without its payload."""
    return responses.Delivery(
        id=delivery.id,
        event_type=delivery.event_type,
        url=delivery.url,
        task_id=delivery.task_id,
        campaign_id=delivery.campaign_id,
        state=delivery.state,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        next_at=delivery.next_at if delivery.state == DeliveryState.OWED else None,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        delivered_at=delivery.delivered_at,
    )


def change_view(change: StateChange) -> responses.Change:
    """Builds the response of a state change."""
    assert change.position is not None, "only numbered changes are read"
    return responses.Change(
        position=change.position,
        kind=change.kind,
        id=change.subject_id,
        campaign_id=change.campaign_id,
        reference=change.reference,
        state=change.state,
        failure_code=change.failure_code,
        at=change.at,
    )
