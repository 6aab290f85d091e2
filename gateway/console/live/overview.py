"""The overview of a shift: what was done and failed, how phones were used, what waits, and who takes care of what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.database.clock import database_now
from models.history.records.kinds import ATTEMPT, TASK
from models.history.records.shift import HourCount, StepTotal, attempts_by, hour_counts, slowest_steps
from models.notify.taken_alerts import open_alerts
from models.responsible_use.authors import read_caps
from models.responsible_use.caps import operator_day
from models.responsible_use.usage import actions_by_account
from models.tables import Account, Alert, AuditEntry, Phone, Task
from models.tasks.states import State
from models.values.enums import ActionOutcome, AttemptOutcome
from workers.settings import settings

SUCCEEDED = (AttemptOutcome.SUCCEEDED, AttemptOutcome.DELEGATED)
LOST_TIME = (AttemptOutcome.FAILED, AttemptOutcome.LOST)
NOTE = "shift"  # the subject of a note in the audit log
MOST_ALERTS, MOST_NOTES, MOST_PHONES, MOST_LISTED = 100, 10, 2000, 12
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole hours: from `since` on and before `until`; `ends` is now while the last one still runs."""

    since: datetime
    until: datetime
    ends: datetime

    @property
    def seconds(self) -> float:
        return max(1.0, (self.ends - self.since).total_seconds())


@dataclass(slots=True)
class HourOf:
    """One hour's attempts."""

    start: datetime
    succeeded: int = 0
    failed: int = 0


@dataclass(slots=True)
class FlowOf:
    """One kind of task: its attempts, and the seconds of all of them."""

    flow: str
    succeeded: int = 0
    failed: int = 0
    others: int = 0
    seconds: float = 0.0

    @property
    def attempts(self) -> int:
        return self.succeeded + self.failed + self.others


@dataclass(frozen=True, slots=True)
class PhoneUse:
    """One phone: the seconds in which it worked, and those of attempts that failed or were lost."""

    phone: str
    attempts: int
    failed: int
    worked: float
    lost: float


@dataclass(frozen=True, slots=True)
class CapUse:
    """Today's actions against the cap of each account: how many in all, and the accounts nearest to it."""

    done: int
    cap: int
    accounts: int
    nearest: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows."""

    window: Window
    hours: Sequence[HourOf]
    flows: Sequence[FlowOf]
    actions: int
    culprits: Sequence[tuple[str, int]]
    codes: Sequence[tuple[str, int]]
    phones: Sequence[PhoneUse]
    known: int  # phones
    priorities: Sequence[tuple[int, int]]
    steps: Sequence[StepTotal]
    caps: CapUse
    alerts: Sequence[Alert]
    notes: Sequence[AuditEntry]
    all: FlowOf = field(default_factory=lambda: FlowOf(""))

    @property
    def minutes_per_action(self) -> float | None:
        """Returns the minutes that phones worked for each action that was done; None without one."""
        return self.all.seconds / 60 / self.actions if self.actions else None

    @property
    def used(self) -> float:
        """Returns the part of the phones' time in which they worked."""
        return self.all.seconds / self.window.seconds / self.known if self.known else 0.0


def window_of(now: datetime, hours: int, until: datetime | None) -> Window:
    """Returns the window of whole hours that ends with the hour of `until`, or with the present one."""
    end = min(until or now, now).astimezone(UTC)
    last = end.replace(minute=0, second=0, microsecond=0)
    last += HOUR if last < end else timedelta()
    return Window(last - hours * HOUR, last, min(last, now.astimezone(UTC)))


def overview(session: Session, hours: int, until: datetime | None) -> Overview:
    """Reads the overview. Its cost does not grow with the number of records."""
    now = database_now(session)
    window = window_of(now, hours, until)
    counts = hour_counts(session, window.since, window.until)
    phones = session.scalars(select(Phone.serial).where(Phone.sandbox.is_(False)).limit(MOST_PHONES)).all()
    codes = attempts_by(session, "code", tuple(CODES), window.since, window.until)
    failed = Counter({code: 0 for code, *_ in codes})
    for code, outcome, number, _ in codes:
        failed[code] += number if outcome in LOST_TIME else 0
    flows = flows_of(counts)
    return Overview(
        window,
        hours_of(counts, window),
        flows,
        sum(one.number for one in counts if one.outcome == ActionOutcome.DONE),
        culprits_of(failed),
        [(code, number) for code, number in failed.most_common(MOST_LISTED) if number],
        phones_of(attempts_by(session, "phone", phones, window.since, window.until), phones),
        len(phones),
        _priorities(session),
        slowest_steps(session, window.since),
        _caps(session, now),
        open_alerts(session, now, MOST_ALERTS),
        notes(session),
        together(flows),
    )


def hours_of(counts: Iterable[HourCount], window: Window) -> list[HourOf]:
    """Returns every hour of the window with its attempts, also those without any."""
    found = {}
    for number in range(int((window.until - window.since) / HOUR)):
        start = window.since + number * HOUR
        found[start] = HourOf(start)
    for one in counts:
        hour = found.get(one.hour)
        if hour is not None and one.kind in (ATTEMPT, TASK):
            hour.succeeded += one.number if one.outcome in SUCCEEDED else 0
            hour.failed += one.number if one.outcome in LOST_TIME else 0
    return list(found.values())


def flows_of(counts: Iterable[HourCount]) -> list[FlowOf]:
    """Returns the kinds of tasks, the one with most attempts first."""
    found: dict[str, FlowOf] = {}
    for one in counts:
        if one.kind not in (ATTEMPT, TASK):
            continue
        flow = found.setdefault(one.flow, FlowOf(one.flow))
        flow.succeeded += one.number if one.outcome in SUCCEEDED else 0
        flow.failed += one.number if one.outcome in LOST_TIME else 0
        flow.others += one.number if one.outcome not in (*SUCCEEDED, *LOST_TIME) else 0
        flow.seconds += one.seconds if one.kind == ATTEMPT else 0.0
    return sorted(found.values(), key=lambda one: (-one.attempts, one.flow))


def together(flows: Iterable[FlowOf]) -> FlowOf:
    """Returns the sum of all kinds."""
    total = FlowOf("")
    for one in flows:
        total.succeeded += one.succeeded
        total.failed += one.failed
        total.others += one.others
        total.seconds += one.seconds
    return total


def culprits_of(codes: Mapping[str, int]) -> list[tuple[str, int]]:
    """Returns the failures by culprit, the one with most first."""
    found: Counter[str] = Counter()
    for code, number in codes.items():
        if code in CODES and number:
            found[str(CODES[code].culprit)] += number
    return found.most_common()


def phones_of(rows: Iterable[tuple[str, str, int, float]], known: Iterable[str]) -> list[PhoneUse]:
    """Returns every known phone's use, the one that lost most time first, then the one that worked least."""
    times: dict[str, list[tuple[str, int, float]]] = defaultdict(list, {phone: [] for phone in known})
    for phone, outcome, number, seconds in rows:
        times[phone].append((outcome, number, seconds))
    found = [
        PhoneUse(
            phone,
            sum(number for _, number, _ in some),
            sum(number for outcome, number, _ in some if outcome in LOST_TIME),
            sum(seconds for *_, seconds in some),
            sum(seconds for outcome, _, seconds in some if outcome in LOST_TIME),
        )
        for phone, some in times.items()
    ]
    return sorted(found, key=lambda one: (-one.lost, one.worked, one.phone))


def _priorities(session: Session) -> list[tuple[int, int]]:
    ready = select(Task.priority, func.count()).where(Task.state == State.READY, Task.sandbox.is_(False))
    return [(priority, number) for priority, number in session.execute(ready.group_by(Task.priority))]


def _caps(session: Session, now: datetime) -> CapUse:
    done = actions_by_account(session, operator_day(now, settings().timezone.key), sandbox=False)
    accounts = session.scalar(select(func.count()).select_from(Account).where(Account.live)) or 0
    nearest = sorted(done.items(), key=lambda one: (-one[1], one[0]))[:MOST_LISTED]
    return CapUse(sum(done.values()), read_caps(session).actions_per_account_day, accounts, nearest)


def notes(session: Session) -> Sequence[AuditEntry]:
    """Returns the latest notes for the next shift."""
    wanted = select(AuditEntry).where(AuditEntry.subject == NOTE).order_by(AuditEntry.id.desc())
    return session.scalars(wanted.limit(MOST_NOTES)).all()
