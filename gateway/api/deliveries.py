"""Callbacks: lists those that were sent or are owed, and replays those that were missed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from gateway.access.caller import accept_once
from gateway.access.ownership import own_delivery
from gateway.access.parsed_body import ParsedRoute
from gateway.api import responses
from gateway.api.cursors import from_numbers, to_numbers
from gateway.api.dependencies import ById, CallerDep, GatewayDep
from gateway.api.filters import DeliveriesAsked
from gateway.api.pages import deliveries_page
from gateway.api.views import delivery_view
from gateway.problem import ApiProblem, answers, unknown
from gateway.submissions.requests import ReplayAsked
from models.notify.delivery_log import Which, find_delivery
from models.notify.replays import MOST_REPLAYED, EndpointGone, NoSuchDelivery, Rest, replay_one, replay_some
from models.transactions.read_write import read
from models.values.refused import Refused

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"], route_class=ParsedRoute)

REPLAY = "replay"


@router.get("", responses=answers())
def list_deliveries(
    asked: Annotated[DeliveriesAsked, Query()], who: CallerDep, on: GatewayDep
) -> responses.Page[responses.Delivery]:
    """Lists your callbacks, newest first."""
    which = Which(
        state=asked.state, task_id=asked.task, campaign_id=asked.campaign, since=asked.since, until=asked.until
    )

    def work(session: Session) -> responses.Page[responses.Delivery]:
        rows, following = deliveries_page(session, who, which, asked.cursor, asked.limit)
        return responses.Page(items=[delivery_view(one) for one in rows], next=following)

    return on.look(who, work)


@router.get("/{delivery_id}", responses=answers())
def get_delivery(delivery_id: ById, who: CallerDep, on: GatewayDep) -> responses.Delivery:
    """Returns a callback, found by its webhook-id."""
    return on.look(who, lambda session: delivery_view(own_delivery(session, who, find_delivery(session, delivery_id))))


@router.post("/replay", responses=answers("not_now"))
def replay(body: ReplayAsked, who: CallerDep, on: GatewayDep) -> responses.ReplayedSome:
    """Replays your callbacks of a period under their old ids, at most 10000 for one request.

    Only callbacks of this key. Those of one task are sent in their order, those of different tasks in any order.
    """
    which = Which(key_id=who.key.id, state=body.state, since=body.since, until=body.until)
    rest = None if body.cursor is None else Rest(*from_numbers(REPLAY, body.cursor, 2))
    accept_once(on.engine, who)
    with _in_words_of_the_interface():
        done = replay_some(on.engine, which, who=who.who, most=MOST_REPLAYED, rest=rest)
    following = None if done.rest is None else to_numbers(REPLAY, done.rest.after, done.rest.last)
    return responses.ReplayedSome(replayed=done.replayed, next=following)


@router.post("/{delivery_id}/replay", responses=answers("not_now"))
def replay_delivery(delivery_id: ById, who: CallerDep, on: GatewayDep) -> responses.Replayed:
    """Replays one callback."""
    found = read(on.engine, lambda session: own_delivery(session, who, find_delivery(session, delivery_id)))
    accept_once(on.engine, who)
    with _in_words_of_the_interface():
        replay_one(on.engine, found.id, who=who.who, key_id=found.key_id)
    return responses.Replayed(replayed=1)


@contextmanager
def _in_words_of_the_interface() -> Iterator[None]:
    """Turns the ledger's refusals into the interface's words, because they name the operator's commands."""
    try:
        yield
    except NoSuchDelivery:  # it was deleted a moment ago
        raise unknown("delivery") from None
    except EndpointGone as gone:
        remedy = "when it is there again, ask the operator to enable it; then send this once more"
        raise ApiProblem("not_now", problems=[replace(one, remedy=remedy) for one in gone.problems]) from None
    except Refused as refused:
        raise ApiProblem.of(refused, "not_now") from None
