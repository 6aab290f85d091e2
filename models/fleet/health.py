"""A phone's health in the ledger: its host's readings, and the findings of flows that failed on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Text, case, literal, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from models.database.clock import moment_read, row_moment
from models.database.storable import storable_json, storable_text
from models.fleet.app_version import UNTRIED
from models.notify.alerts import end_alerts, raise_alert
from models.tables import Phone
from models.transactions.read_write import write

FRESH = timedelta(minutes=5)  # an unchanged reading is written this often
MOST_WHY = 2000  # characters
SINCE = "unfit_since"
DRIFT = "page_drift"  # key of a flow's finding
DRIFT_TOLD = timedelta(days=1)
NOT_THE_HOSTS = frozenset({DRIFT, UNTRIED})  # keys of workers' findings, which the host's readings leave in place


@dataclass(frozen=True, slots=True)
class Reading:
    """A host's reading of a phone, and why the phone is not fit for work (None: it is fit), with the remedy."""

    serial: str
    facts: Mapping[str, Any]
    unfit_why: str | None
    remedy: str


@dataclass(frozen=True, slots=True)
class DriftedPage:
    """A page that a flow expected and did not know: its name, when, and the reason."""

    page: str
    at: datetime
    reason: str


def note_health(engine: Engine, host: str, readings: Sequence[Reading]) -> None:
    """Writes one round's readings of a host's phones: one UPDATE for all phones whose stored reading is different.

    Raises an alert for a phone that becomes unfit. Skips phones that another host serves by now.
    """
    by_serial = {reading.serial: _storable(reading) for reading in readings}

    def work(session: Session) -> None:
        mine = select(Phone, row_moment()).where(Phone.serial.in_(by_serial), Phone.host == host)
        rows = session.execute(mine.order_by(Phone.serial).with_for_update()).all()
        if not rows:
            return
        now, changed = moment_read(rows[-1][1]), {}
        for phone, _ in rows:
            reading = by_serial[phone.serial]
            if _says_something_new(phone, reading, now):
                changed[phone.serial] = reading
                if reading.unfit_why is not None and phone.unfit_why is None:
                    _alert(session, phone.serial, reading.unfit_why, reading.remedy, now)
        if changed:
            healths = {serial: _kept(session.get_one(Phone, serial), one, now) for serial, one in changed.items()}
            _update(session, {serial: one.unfit_why for serial, one in changed.items()}, healths, now)

    write(engine, work)


def unfit_since(phone: Phone) -> datetime | None:
    """Returns since when the phone is unfit for work; None if it is fit, or if that is unknown."""
    since = (phone.health or {}).get(SINCE)
    return None if phone.unfit_why is None or since is None else datetime.fromisoformat(since)


def note_unfit(
    session: Session, serial: str, reason: str, remedy: str, now: datetime, facts: Mapping[str, Any]
) -> None:
    """Marks a phone on which a flow could not work as unfit, until its host's readings differ from these `facts`."""
    phone = session.get(Phone, serial, with_for_update=True)
    if phone is None or phone.unfit_why is not None:
        return
    reason = storable_text(reason, MOST_WHY)
    phone.unfit_why = reason
    phone.health = {**(phone.health or {}), **facts, "remedy": remedy, SINCE: _text(now)}
    _alert(session, serial, reason, remedy, now)


def note_page_drift(session: Session, serial: str, page: str, reason: str, remedy: str, now: datetime) -> None:
    """Records that a flow expected `page` and met a page that its profile does not know.

    The drift is shown beside the phone, and the phone keeps working. One alert is raised for each page and version of
    the app.
    """
    phone = session.get(Phone, serial, with_for_update=True)
    if phone is None:
        return
    seen = {"at": _text(now), "reason": storable_text(reason, MOST_WHY), "page": page}
    phone.health = {**(phone.health or {}), DRIFT: seen}
    version = phone.app_version or "unknown"
    text = f"page {page} of the app, version {version}, is not as its profile has it (phone {serial}): {reason}"
    raise_alert(session, DRIFT, _drift_subject(phone, page), text, remedy, now, once=True)


def pages_are_well(session: Session, phone: Phone, pages: Set[str], now: datetime) -> None:
    """Ends a drift that was seen on one of these pages, because a task succeeded over them."""
    seen = (phone.health or {}).get(DRIFT)
    if seen is None or not (seen.get("page", "") in pages or "page" not in seen):
        return
    phone.health = {name: value for name, value in (phone.health or {}).items() if name != DRIFT}
    end_alerts(session, DRIFT, _drift_subject(phone, seen.get("page", "")), now)


def waits_for_success() -> ColumnElement[bool]:
    """Selects phones to which a success may mean something: those in quarantine, and those with a drift.

    By the text of its health, so that it may select a phone too many.
    """
    return or_(Phone.quarantined_until.is_not(None), type_coerce(Phone.health, Text).like(f'%"{DRIFT}"%'))


def _drift_subject(phone: Phone, page: str) -> str:
    """Of simulated phones another one: their drift neither stands for that of real ones nor is told to their keys."""
    return f"{'sandbox-' if phone.sandbox else ''}page:{page}@{phone.app_version or 'unknown'}"


def page_drift(phone: Phone, now: datetime) -> tuple[datetime, str] | None:
    """Returns when a flow last met an unknown page on this phone, and the reason; None after a day."""
    seen = drifted_page(phone, now)
    return None if seen is None else (seen.at, seen.reason)


def drifted_page(phone: Phone, now: datetime) -> DriftedPage | None:
    """Returns the unknown page that a flow last met on this phone; None after a day."""
    seen = (phone.health or {}).get(DRIFT)
    if seen is None:
        return None
    at = datetime.fromisoformat(seen["at"])
    return DriftedPage(seen.get("page", ""), at, seen["reason"]) if now - at < DRIFT_TOLD else None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _storable(reading: Reading) -> Reading:
    why = None if reading.unfit_why is None else storable_text(reading.unfit_why, MOST_WHY)
    return Reading(reading.serial, storable_json(reading.facts), why, storable_text(reading.remedy, MOST_WHY))


def _says_something_new(phone: Phone, reading: Reading, now: datetime) -> bool:
    if phone.health_at is None or now - phone.health_at > FRESH:
        return True
    return phone.unfit_why != reading.unfit_why or phone.health != _kept(phone, reading, now)


def _kept(phone: Phone, reading: Reading, now: datetime) -> dict[str, Any]:
    """Returns the new value of the phone's column `health`."""
    kept = dict(reading.facts)
    if reading.unfit_why is not None:
        since = unfit_since(phone)
        kept |= {"remedy": reading.remedy, SINCE: _text(since or now)}
    return kept | {name: value for name, value in (phone.health or {}).items() if name in NOT_THE_HOSTS}


def _update(
    session: Session, whys: Mapping[str, str | None], healths: Mapping[str, Mapping[str, Any]], now: datetime
) -> None:
    def of(values: Mapping[str, Any], column: Any) -> Any:
        return case({serial: literal(value, column.type) for serial, value in values.items()}, value=Phone.serial)

    session.execute(
        update(Phone)
        .where(Phone.serial.in_(healths))
        .values(unfit_why=of(whys, Phone.unfit_why), health=of(healths, Phone.health), health_at=now)
        .execution_options(synchronize_session=False)
    )


def _alert(session: Session, serial: str, why: str, remedy: str, now: datetime) -> None:
    text = f"phone {serial} takes no work: {why}"
    raise_alert(session, "phone_unfit", f"phone:{serial}", text, remedy, now)
