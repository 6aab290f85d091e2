"""Whether the fleet is at rest, and what the janitors would find then: asked of the ledger with one statement.

Thirty janitors that each look for themselves would ask an idle ledger eighty statements a second. So while no task is
open, one look a second tells which of them have anything to do. All look for themselves again as soon as a task is
open, as long after the last one as SETTLED says, and every few minutes whatever was told. The UNHURRIED go by that look
even while tasks run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.database.clock import database_now, moment_read, row_moment
from models.fleet.logins import to_be_asked
from models.fleet.phones import SILENT_SECONDS
from models.tables import (
    ActionRow,
    ApiKey,
    Attempt,
    Campaign,
    CampaignSchedule,
    CollectedComment,
    CollectedTitle,
    Delivery,
    PauseEnd,
    Phone,
    PhoneShow,
    Recording,
    StateChange,
    Task,
    Watch,
    WatchLook,
)
from models.tasks.states import OPEN
from models.transactions.read_write import read
from models.values.enums import DeliveryState, LookOutcome, PhoneState
from workers.campaigns.due import come
from workers.coordinator.usb_hub_outage import LOST_LATELY, unreported

LOOK_SECONDS = 1.0
SETTLED = 10.0  # so long after the last task the janitors still look for themselves: they clear up behind it
IDLE_SECONDS = 3.0  # between two questions whether an idle phone's account is to be read again
NOT_NOW = timedelta(days=365)  # in place of the time after which it is, in the other questions
WHATEVER_WAS_TOLD = 300.0  # a janitor looks for itself after so long

TASKS = "tasks"  # an open task: every janitor works
WITH_TASKS = frozenset({"rescue", "caps", "ring", "waits", "restore", "restore all", "sweep", "overdue", "stop"})
LESS_OFTEN: Mapping[str, float] = {"versions": 10.0, "complete": 30.0}  # nothing that a look could tell shorter
# what they find is rare, and nobody notices whether they find it at once or a second later
UNHURRIED = frozenset(
    {"silence", "pauses", "watches", "schedules", "verdicts", "find", "record", "hub", "records", "texts"}
)
AS_ALWAYS = frozenset({"broker", "emptied", "forget", "retention"})  # ask Redis, or seldom


class Rest:
    """Tells which janitors may rest. `look` before each round."""

    def __init__(self, engine: Engine, idle_again: timedelta) -> None:
        """`idle_again`: after so long the account of an idle phone is read again."""
        self._engine = engine
        self._idle_again = idle_again
        self._due: frozenset[str] | None = None  # what the last look saw; None: all look for themselves
        self._next = self._idle_next = 0.0
        self._settled = False  # no task has been open for long enough
        self._quiet_since: float | None = None
        self._worked: dict[str, float] = {}
        self._told: tuple[datetime, float] | None = None  # the ledger's time, and this process's at that moment

    def look(self, now: float) -> None:
        """Asks the ledger, once a second. Raises the driver's errors; then all look for themselves."""
        if now < self._next:
            return
        self._next, self._due = now + LOOK_SECONDS, None
        idle_again = NOT_NOW if now < self._idle_next else self._idle_again
        due = read(self._engine, lambda session: self._look(session, idle_again))
        if idle_again is not NOT_NOW:
            self._idle_next = now + IDLE_SECONDS
        if TASKS in due:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        self._settled = self._quiet_since is not None and now - self._quiet_since >= SETTLED
        self._due = due

    def may_rest(self, janitor: str, now: float) -> bool:
        """Returns whether this janitor need not work now; else notes that it works."""
        goes_by_the_look = janitor not in AS_ALWAYS and (self._settled or janitor in UNHURRIED)
        if self._due is not None and goes_by_the_look and janitor not in self._due:
            pause = LESS_OFTEN.get(janitor, WHATEVER_WAS_TOLD)
            if now - self._worked.setdefault(janitor, now) < pause:
                return True
        self._worked[janitor] = now
        return False

    def _look(self, session: Session, idle_again: timedelta) -> frozenset[str]:
        if self._told is None:
            self._told = database_now(session), time.monotonic()
        moment, at = self._told
        now = moment + timedelta(seconds=time.monotonic() - at)
        asked = dict(what_is_due(now, idle_again))
        row = session.execute(select(row_moment(), *(one.label(name) for name, one in asked.items()))).one()
        self._told = moment_read(row[0]), time.monotonic()
        return frozenset(name for name, found in zip(asked, row[1:], strict=True) if found)


def what_is_due(now: datetime, idle_again: timedelta) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Yields the name of each janitor with a question whether it has anything to do, and TASKS with one of its own.

    Each is answered by an index, or by the few rows of phones. It may say yes where the janitor finds nothing to do,
    and never no where it would find something.
    """
    yield TASKS, _any(Task.id, Task.state.in_(sorted(OPEN)))
    yield "silence", _any(Phone.serial, _silent(now))
    yield "control", _any(Campaign.id, Campaign.control.is_not(None))
    yield "pauses", _any(PauseEnd.subject, PauseEnd.ends_at <= now)
    yield "close", _any(Campaign.id, Campaign.outcome.is_(None))
    yield "watches", _any(Watch.id, Watch.removed_at.is_(None), come(Watch, now))
    yield "schedules", _any(CampaignSchedule.id, CampaignSchedule.removed_at.is_(None), come(CampaignSchedule, now))
    looked = WatchLook.outcome.in_([LookOutcome.PLANTED, LookOutcome.LOOKED])
    yield "verdicts", or_(_any(WatchLook.id, looked), _any(Watch.id, Watch.judge_at <= now))
    yield "acquaint", _any(Phone.serial, to_be_asked(now - idle_again))
    yield "find", _any(PhoneShow.serial, PhoneShow.asked_until > now)
    yield "record", _any(Recording.id, Recording.asked_until > now)
    yield "hub", _any(Phone.serial, *unreported(), Phone.state_since > now - LOST_LATELY)
    yield "deliver", _any(Delivery.number, Delivery.state == DeliveryState.OWED, Delivery.next_at <= now)
    unnumbered = select(StateChange.id).where(StateChange.key_id == ApiKey.id, StateChange.position.is_(None))
    yield "number", _any(ApiKey.id, unnumbered.correlate(ApiKey).exists())
    attempts = _any(Attempt.id, Attempt.recorded == false(), Attempt.ended_at.is_not(None))
    actions = _any(ActionRow.id, ActionRow.recorded == false(), ActionRow.ended_at.is_not(None))
    yield "records", or_(attempts, actions, _any(Task.id, Task.owes_record == true()))
    titles, comments = (_any(one.id, one.searchable == false()) for one in (CollectedTitle, CollectedComment))
    yield "texts", or_(titles, comments)


def _silent(now: datetime) -> ColumnElement[bool]:
    """Selects phones of hosts that report no more, those that wait beside others of their serial as well."""
    states = Phone.state.in_([PhoneState.ONLINE, PhoneState.EQUAL_SERIALS])
    return states & (Phone.seen_at < now - timedelta(seconds=SILENT_SECONDS))


def _any(key: InstrumentedAttribute[Any], *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Asks for one row; of some EXISTS, MariaDB would read all."""
    return select(key).where(*which).limit(1).scalar_subquery().is_not(None)
