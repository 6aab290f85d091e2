"""Deliveries: records each callback that is owed, in the transaction of its event.

A bad callback address never fails that transaction: a task ends whether or not its callback can be sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from models import tables
from models.database.base import new_id
from models.database.content_key import content_key
from models.database.insert_if_absent import insert_if_absent
from models.notify.addresses import Address, read_address
from models.notify.events import Event, alert_event, campaign_event, task_event
from models.notify.subscribers import subscribers
from models.tables import Campaign, Task
from models.tasks.completeness import completeness
from models.tasks.states import State
from models.values.enums import DeliveryState
from models.values.refused import Refused

GIVE_UP = timedelta(days=7)  # the schedule takes 76 hours; a breaker that is open may double that


def owe_task(session: Session, task: Task, now: datetime) -> None:
    """Owes the callback of a task that ended or needs review. Owes nothing if the task named no address."""
    if task.callback_url is None or task.key_id is None:
        return
    evidence = session.scalars(
        select(tables.Attempt.evidence)
        .where(tables.Attempt.task_id == task.id)
        .order_by(tables.Attempt.number.desc())
        .limit(1)
    ).one_or_none()
    owe(session, task.key_id, task.callback_url, task_event(task, evidence), now)


def owe_campaign(session: Session, campaign: Campaign, outcome: str, now: datetime) -> None:
    """Owes the callback of a campaign that ended, with its completeness. Owes nothing if it named no address."""
    if campaign.callback_url is None or campaign.key_id is None:
        return
    event = campaign_event(campaign, outcome, now, completeness(session, campaign.id))
    owe(session, campaign.key_id, campaign.callback_url, event, now)


def owe_alert(session: Session, alert: tables.Alert, now: datetime) -> None:
    """Owes an alert's callback to every key that subscribed to its type and may see its subject."""
    event = alert_event(alert)
    asking = subscribers(session, event.type)
    if not asking:
        return
    may_see = _who_may_see(session, alert.subject)
    for key in asking:
        assert key.events_url is not None, "subscribers have an address"
        if may_see(key):
            owe(session, key.id, key.events_url, event, now)


def _who_may_see(session: Session, subject: str) -> Callable[[tables.ApiKey], bool]:
    """Returns the function that decides whether a key may see an alert's subject.

    Keys of the owning customer see a task, an endpoint or a watch; keys of the customers whose tasks it holds see a
    hold; keys of the same sort, sandbox or real, see a phone, an account or a page; keys of the real fleet see every
    other subject. No customer sees the operator's own tasks, watches, schedules and settings.
    """
    kind, _, name = subject.partition(":")
    if kind == "phone":
        phone = session.get(tables.Phone, name)
        return lambda key: phone is not None and key.sandbox == phone.sandbox
    if kind == "account":
        on_phones = session.scalars(select(tables.Phone.sandbox).where(tables.Phone.account_id == name)).all()
        simulated = bool(on_phones) and all(on_phones)
        return lambda key: key.sandbox == simulated
    if kind == "hold" and name.isdigit():
        held = select(Task.key_id).where(Task.state == State.HELD, Task.hold_id == int(name)).distinct()
        theirs = select(tables.ApiKey.customer, tables.ApiKey.sandbox).where(tables.ApiKey.id.in_(held)).distinct()
        whose = {(customer, sandbox) for customer, sandbox in session.execute(theirs)}
        return lambda key: (key.customer, key.sandbox) in whose
    if kind in ("schedule", "setting"):
        return lambda _key: False
    if kind not in ("task", "endpoint", "watch"):
        return lambda key: key.sandbox == kind.startswith("sandbox-")
    table = Task if kind == "task" else tables.Endpoint if kind == "endpoint" else tables.Watch
    key_id = session.scalar(select(table.key_id).where(table.id == name))
    owner = session.get(tables.ApiKey, key_id) if key_id is not None else None
    return lambda key: owner is not None and (key.customer, key.sandbox) == (owner.customer, owner.sandbox)


def owe(session: Session, key_id: str, url: str, event: Event, now: datetime) -> None:
    """Owes one callback to an address of a key. One subject's deliveries to one endpoint are sent in this order."""
    delivery = tables.Delivery(
        id=new_id(),
        key_id=key_id,
        url=url,
        event_type=event.type,
        subject=event.subject,
        task_id=event.task_id,
        campaign_id=event.campaign_id,
        payload=dict(event.payload),
        created_at=now,
        state=DeliveryState.OWED,
        attempts=0,
        next_at=now,
        give_up_at=now + GIVE_UP,
    )
    try:
        delivery.lane, delivery.endpoint_id, disabled = _way(session, key_id, read_address(url))
    except Refused:  # the address was checked when it was given; the event must be recorded in any case
        delivery.lane = delivery.endpoint_id = content_key(key_id, url)
        delivery.state, delivery.last_error = DeliveryState.FAILED, "bad_address"
    else:
        if disabled:
            delivery.state, delivery.last_error = DeliveryState.DISABLED, "endpoint_disabled"
    session.add(delivery)


def end_those_of_key(session: Session, key_id: str) -> int:
    """Ends the unsent deliveries of a revoked key. Returns the number ended."""
    done = session.execute(
        update(tables.Delivery)
        .where(tables.Delivery.key_id == key_id, tables.Delivery.state == DeliveryState.OWED)
        .values(state=DeliveryState.FAILED, last_error="key_revoked", claimed_by=None)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def _way(session: Session, key_id: str, address: Address) -> tuple[str, str, bool]:
    """Returns the lane and the endpoint of an address, and whether the endpoint is disabled; inserts missing rows.

    The attempt to insert locks an existing endpoint, so that no transaction deletes it before this delivery is written.
    """
    lane, endpoint = content_key(key_id, address.origin), content_key(key_id, address.endpoint)
    if insert_if_absent(
        session, tables.Endpoint, id=endpoint, key_id=key_id, lane=lane, address=address.endpoint, failures=0
    ):
        insert_if_absent(session, tables.Lane, id=lane, key_id=key_id, origin=address.origin)
        return lane, endpoint, False
    return lane, endpoint, session.get_one(tables.Endpoint, endpoint, populate_existing=True).disabled_at is not None
