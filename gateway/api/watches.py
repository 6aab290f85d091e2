"""Watches: a customer's own ones are made, tried, listed, changed, paused and deleted; their alerts come by webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.parsed_body import ParsedRoute
from gateway.api.dependencies import ById, CallerDep, Gateway, GatewayDep
from gateway.api.watch_models import (
    LEAST_MINUTES,
    TrialView,
    WatchAsked,
    Watches,
    WatchView,
    trial_view,
    watch_line,
    watch_view,
)
from gateway.problem import ApiProblem, answers, unknown
from models.database.clock import database_now
from models.tables import Watch
from models.transactions.read_write import write
from models.values.refused import Refused, refuse
from workers.campaigns.watches.manage import (
    Owner,
    add_watch,
    change_watch,
    latest_looks,
    list_watches,
    pause_watch,
    remove_watch,
    resume_watch,
    watch_named,
)
from workers.campaigns.watches.trial import DAYS, try_watch
from workers.planting.quota import TooManyWaiting
from workers.policy.schedule import Schedule, check_schedule

router = APIRouter(prefix="/v1/watches", tags=["watches"], route_class=ParsedRoute)

T = TypeVar("T")
LOOKED_AT = 300  # coming times of a cron line that are looked at


@router.get("", responses=answers())
def list_your_watches(who: CallerDep, on: GatewayDep) -> Watches:
    """Lists your watches in force, by name."""

    def work(session: Session) -> Watches:
        return Watches(items=[watch_line(one) for one in list_watches(session, _owner(who), words=False)])

    return on.look(who, work)


@router.post("", status_code=201, responses=answers("too_many_waiting"))
def add_your_watch(body: WatchAsked, response: Response, who: CallerDep, on: GatewayDep) -> WatchView:
    """Makes a watch. It looks for the first time at once; nothing in its first look is news."""

    def work(session: Session) -> WatchView:
        who.once(session)
        _check_cadence(session, on, body)
        return _view(session, add_watch(session, _owner(who), body.spec(), who.who, on.config.timezone))

    with _bytes_of_the_day():
        made = write(on.engine, work)
    response.headers["location"] = f"/v1/watches/{made.id}"
    return made


@router.post("/try", responses=answers())
def try_your_watch(body: WatchAsked, who: CallerDep, on: GatewayDep) -> TrialView:
    """Tells what such a watch would have done in the last 7 days, with what is collected. Writes nothing."""

    def work(session: Session) -> TrialView:
        _check_cadence(session, on, body)
        return trial_view(try_watch(session, _owner(who), body.spec(), on.config.timezone), DAYS)

    return on.look(who, work)


@router.get("/{watch_id}", responses=answers())
def get_your_watch(watch_id: ById, who: CallerDep, on: GatewayDep) -> WatchView:
    """Returns a watch with its settings and its latest looks."""
    return on.look(who, lambda session: _view(session, _mine(session, who, watch_id)))


@router.put("/{watch_id}", responses=answers("too_many_waiting"))
def change_your_watch(watch_id: ById, body: WatchAsked, who: CallerDep, on: GatewayDep) -> WatchView:
    """Gives a watch other settings, in place of all that it had. If it looks at something else, it begins anew."""

    def work(session: Session) -> WatchView:
        _mine(session, who, watch_id)
        _check_cadence(session, on, body)
        return _view(session, change_watch(session, _owner(who), watch_id, body.spec(), who.who, on.config.timezone))

    return _changed(on, who, work)


@router.post("/{watch_id}/pause", responses=answers())
def pause_your_watch(watch_id: ById, who: CallerDep, on: GatewayDep) -> WatchView:
    """Lets a watch look no more until it is resumed. A look that was planted goes on."""

    def work(session: Session) -> WatchView:
        _mine(session, who, watch_id)
        return _view(session, pause_watch(session, _owner(who), watch_id, who.who))

    return _changed(on, who, work)


@router.post("/{watch_id}/resume", responses=answers())
def resume_your_watch(watch_id: ById, who: CallerDep, on: GatewayDep) -> WatchView:
    """Lets a watch look again, at its next due time. Nothing is made up for."""

    def work(session: Session) -> WatchView:
        _mine(session, who, watch_id)
        return _view(session, resume_watch(session, _owner(who), watch_id, who.who, on.config.timezone))

    return _changed(on, who, work)


@router.delete("/{watch_id}", responses=answers())
def delete_your_watch(watch_id: ById, who: CallerDep, on: GatewayDep) -> WatchView:
    """Deletes a watch: it looks no more, and its name is free. What its tasks found stays yours."""

    def work(session: Session) -> WatchView:
        _mine(session, who, watch_id)
        return _view(session, remove_watch(session, _owner(who), watch_id, who.who))

    return _changed(on, who, work)


def _owner(who: Caller) -> Owner:
    return Owner(who.key.id, who.key.sandbox, who.sees)


def _mine(session: Session, who: Caller, watch_id: str) -> Watch:
    """Returns the caller's watch with this id. Raises ApiProblem (not_found)."""
    try:
        found = watch_named(session, _owner(who), watch_id)
    except Refused:
        raise unknown("watch") from None
    if found.id != watch_id:  # a name is no address: another watch may get it
        raise unknown("watch")
    return found


def _view(session: Session, watch: Watch) -> WatchView:
    session.flush()
    return watch_view(watch, list(latest_looks(session, watch.id)))


def _changed(on: Gateway, who: Caller, work: Callable[[Session], T]) -> T:
    """Carries out a change of a request that is accepted once."""

    def once(session: Session) -> T:
        who.once(session)
        return work(session)

    with _bytes_of_the_day():
        return write(on.engine, once)


@contextmanager
def _bytes_of_the_day() -> Iterator[None]:
    """Tells that a key may store no more today."""
    try:
        yield
    except TooManyWaiting as refused:
        raise ApiProblem("too_many_waiting", problems=refused.problems, headers={"retry-after": "3600"}) from None


def _check_cadence(session: Session, on: Gateway, asked: WatchAsked) -> None:
    """Raises Refused for a cron line whose times are less than 5 minutes apart."""
    if asked.cron is None:
        return
    check_schedule(asked.every, asked.cron)
    schedule = Schedule(None, asked.cron, on.config.timezone, "")
    at = schedule.next(database_now(session))
    for _ in range(LOOKED_AT):
        following = schedule.next(at)
        if following - at < timedelta(minutes=LEAST_MINUTES):
            reason = f"{asked.cron!r} looks more often than every {LEAST_MINUTES} minutes"
            raise refuse("cron", reason, "let it look less often")
        at = following
