"""The fleet in numbers at one moment: phones, open tasks, campaigns, callbacks, alerts. For metrics and overviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.fitness import why_not
from models.history.records.hours import ALL, DAY
from models.history.records.kinds import ATTEMPT
from models.tables import Account, Alert, Campaign, Delivery, Hold, Leader, Phone, RecordHour, Task
from models.tasks.states import OPEN, State
from models.values.enums import DeliveryState

FIT = "fit"
RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PhoneNumbers:
    """One phone: `condition` is "fit" or an UnfitCode; charge from 0 to 1 and degrees Celsius where it tells them."""

    serial: str
    host: str
    condition: str
    busy: bool
    charge: float | None
    celsius: float | None


@dataclass(frozen=True, slots=True)
class FleetNumbers:
    """The fleet's numbers. Ages are seconds, 0 where nothing waits."""

    phones: Sequence[PhoneNumbers]
    open_tasks: Mapping[tuple[str, str], int]  # (flow, state) → number
    oldest_ready: Mapping[int, float]  # priority → age of the task that has been ready longest
    open_campaigns: int
    resting_accounts: int
    holds: int
    owed_callbacks: int
    oldest_callback: float
    open_alerts: Mapping[str, int]  # kind → number of those of the last day whose cause is not over
    led: bool  # a coordinator leads
    ended_attempts: Mapping[tuple[str, str, str], int]  # (flow, outcome, failure code or "") → number, of all time


def fleet_numbers(session: Session) -> FleetNumbers:
    """Returns the numbers of this moment. Each statement uses an index of what is open: ended tasks cost nothing."""
    now = database_now(session)
    open_tasks = select(Task.flow, Task.state, func.count()).where(Task.state.in_(OPEN)).group_by(Task.flow, Task.state)
    oldest = (
        select(Task.priority, func.min(Task.not_before))
        .where(Task.state == State.READY, Task.not_before <= now)
        .group_by(Task.priority)
    )
    owed = select(func.count(), func.min(Delivery.created_at)).where(Delivery.state == DeliveryState.OWED)
    callbacks, since = session.execute(owed).one()
    lasting = Alert.over_at.is_(None) & (Alert.at >= now - RECENT)
    alerts = select(Alert.kind, func.count()).where(lasting).group_by(Alert.kind)
    return FleetNumbers(
        phones=_phones(session, now),
        open_tasks={(flow, state): count for flow, state, count in session.execute(open_tasks)},
        oldest_ready={priority: _age(then, now) for priority, then in session.execute(oldest)},
        open_campaigns=session.scalar(select(func.count()).where(Campaign.outcome.is_(None))) or 0,
        resting_accounts=session.scalar(select(func.count()).where(Account.resting_since.is_not(None))) or 0,
        holds=session.scalar(select(func.count()).where(Hold.in_force == true())) or 0,
        owed_callbacks=callbacks,
        oldest_callback=_age(since, now),
        open_alerts={kind: count for kind, count in session.execute(alerts)},  # noqa: C416 - dict() takes no rows
        led=session.scalar(select(func.count()).where(Leader.until > now)) == 1,
        ended_attempts=_ended_attempts(session),
    )


def _ended_attempts(session: Session) -> dict[tuple[str, str, str], int]:
    """Counts the attempts that ended, from the days of the records: these are exact, and are never deleted."""
    day = RecordHour
    every, coded = ALL + DAY, "code" + DAY
    counted = (
        select(day.dimension, day.flow, day.outcome, day.value, func.sum(day.number))
        .where(day.sandbox.in_((False, True)), day.dimension.in_((every, coded)), day.kind == ATTEMPT)
        .group_by(day.dimension, day.flow, day.outcome, day.value)
    )
    found: Counter[tuple[str, str, str]] = Counter()
    for dimension, flow, outcome, code, number in session.execute(counted):
        found[flow, outcome, code] += int(number)
        if dimension == coded:  # all of them are counted under no code as well
            found[flow, outcome, ""] -= int(number)
    return {key: number for key, number in found.items() if number}


def _phones(session: Session, now: datetime) -> list[PhoneNumbers]:
    running = select(Task.incarnation).where(Task.state == State.RUNNING, Task.incarnation.is_not(None))
    busy = set(session.scalars(running))
    return [_phone(phone, now, phone.incarnation in busy) for phone in session.scalars(select(Phone))]


def _phone(phone: Phone, now: datetime, busy: bool) -> PhoneNumbers:
    unfit, health = why_not(phone, now), phone.health or {}
    percent, celsius = health.get("percent"), health.get("celsius")
    return PhoneNumbers(
        serial=phone.serial,
        host=phone.host,
        condition=FIT if unfit is None else unfit.code,
        busy=busy,
        charge=percent / 100 if isinstance(percent, int | float) else None,
        celsius=float(celsius) if isinstance(celsius, int | float) else None,
    )


def _age(then: datetime | None, now: datetime) -> float:
    return 0.0 if then is None else max(0.0, (now - then).total_seconds())
