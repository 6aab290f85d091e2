"""Reports phones of one host that were lost at the same moment as one lost USB hub."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Engine, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.fitness import HOST_STOPPED
from models.notify.alerts import raise_alert
from models.tables import Phone
from models.transactions.read_write import write
from models.values.enums import PhoneState

FEWEST = 5  # fewer may be lost together by chance, or because a person unplugged them
TOGETHER = timedelta(seconds=3)
SETTLED = timedelta(seconds=5)  # an adb server that was restarted has its phones back by then
LOST_LATELY = timedelta(minutes=1)  # what was lost before that is in a group or will not be
TOLD = "lost together with"  # how the reason of a phone begins whose group was told of
REMEDY = "check the hub, its cable and its power supply"


@dataclass(frozen=True, slots=True)
class Loss:
    """A phone that is offline, with its host and the time of its loss."""

    serial: str
    host: str
    since: datetime


def lost_together(losses: Iterable[Loss]) -> list[list[Loss]]:
    """Returns the groups of 5 or more phones of one host that were lost within 3 seconds."""
    by_host: dict[str, list[Loss]] = defaultdict(list)
    for loss in sorted(losses, key=lambda one: (one.since, one.serial)):
        by_host[loss.host].append(loss)
    groups: list[list[Loss]] = []
    for ordered in by_host.values():
        group: list[Loss] = []
        for loss in ordered:
            if group and loss.since - group[0].since > TOGETHER:
                groups.append(group)
                group = []
            group.append(loss)
        groups.append(group)
    return [group for group in groups if len(group) >= FEWEST]


def report_hubs(engine: Engine, zone: ZoneInfo) -> int:
    """Reports each group once: raises an alert and sets its phones' reason (times in `zone`). Returns their number."""

    def work(session: Session) -> int:
        now = database_now(session)
        groups = [group for group in lost_together(_unreported(session)) if group[-1].since <= now - SETTLED]
        for group in groups:
            _tell(session, group, zone, now)
        return len(groups)

    return write(engine, work)


def unreported() -> tuple[ColumnElement[bool], ...]:
    """Selects the offline phones that were not reported as part of a group yet."""
    lost = (Phone.state == PhoneState.OFFLINE, Phone.state_since.is_not(None), Phone.why != HOST_STOPPED)
    return (*lost, ~Phone.why.startswith(TOLD))


def _unreported(session: Session) -> list[Loss]:
    """Returns the offline phones that were not reported as part of a group yet."""
    lost = session.scalars(select(Phone).where(*unreported()).order_by(Phone.serial).with_for_update())
    return [Loss(phone.serial, phone.host, phone.state_since) for phone in lost if phone.state_since is not None]


def _tell(session: Session, group: Sequence[Loss], zone: ZoneInfo, now: datetime) -> None:
    serials = sorted(loss.serial for loss in group)
    host, at = group[0].host, f"{group[0].since.astimezone(zone):%H:%M:%S}"
    why = f"{TOLD} {len(group) - 1} others at {at}: {REMEDY}"
    session.execute(update(Phone).where(Phone.serial.in_(serials)).values(why=why))
    text = f"{len(group)} phones of host {host} were lost at {at}: {', '.join(serials)}"
    raise_alert(session, "hub_lost", f"host:{host}", text, REMEDY, now, {"phones": serials})
