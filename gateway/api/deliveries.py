"""Callbacks: what was told, what is owed, and once more what was missed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from gateway.api import shown
from gateway.api.asked import ReplayAsked
from gateway.api.parts import ById, On, Who
from gateway.api.queries import DeliveriesAsked
from gateway.api.views import delivery_view
from gateway.caller import let_in_once
from gateway.lists import deliveries_page
from gateway.problem import Declined, answers
from gateway.seen import own_delivery
from models.delivery_log import Which, find_delivery, replay_all, replay_one
from models.engine import read
from models.refused import Refused

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])


@router.get("", responses=answers())
def list_deliveries(asked: Annotated[DeliveriesAsked, Query()], who: Who, on: On) -> shown.Page[shown.Delivery]:
    """Your callbacks, newest first."""
    which = Which(
        state=asked.state, task_id=asked.task, campaign_id=asked.campaign, since=asked.since, until=asked.until
    )

    def work(session: Session) -> shown.Page[shown.Delivery]:
        rows, following = deliveries_page(session, who, which.conditions(), asked.cursor, asked.limit)
        return shown.Page(items=[delivery_view(one) for one in rows], next=following)

    return on.look(who, work)


@router.get("/{delivery_id}", responses=answers())
def get_delivery(delivery_id: ById, who: Who, on: On) -> shown.Delivery:
    """How far a callback is, by its webhook-id."""
    return on.look(who, lambda session: delivery_view(own_delivery(session, who, find_delivery(session, delivery_id))))


@router.post("/replay", responses=answers("not_now"))
def replay(body: ReplayAsked, who: Who, on: On) -> shown.Replayed:
    """Send once more what came about in a time, in its order and with the ids that it had. Of this key alone."""
    which = Which(key_id=who.key.id, state=body.state, since=body.since, until=body.until)
    let_in_once(on.engine, who)
    try:
        return shown.Replayed(replayed=replay_all(on.engine, which, who=who.who))
    except Refused as refused:
        raise Declined.of(refused, "not_now") from None


@router.post("/{delivery_id}/replay", responses=answers("not_now"))
def replay_delivery(delivery_id: ById, who: Who, on: On) -> shown.Replayed:
    """Send one callback once more."""
    found = read(on.engine, lambda session: own_delivery(session, who, find_delivery(session, delivery_id)))
    let_in_once(on.engine, who)
    try:
        replay_one(on.engine, found.id, who=who.who, key_id=found.key_id)
    except Refused as refused:
        raise Declined.of(refused, "not_now") from None
    return shown.Replayed(replayed=1)
