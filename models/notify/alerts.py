"""Alerts for people: each is written in the transaction that finds its cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from models.database.storable import storable_json, storable_text
from models.tables import Alert

KINDS: Mapping[str, str] = {
    "needs_review": "nobody could tell whether an action happened: a person settles it",
    "content_held": "the same failure on several phones: tasks of this flow on this content are held",
    "phone_quarantined": "a phone failed across tasks: it cools down, then gets one task to try",
    "phone_released": "a phone in quarantine did its task: it works again",
    "phone_unfit": "a phone's health does not allow work",
    "hub_lost": "many phones of one host were lost at one moment",
    "account_rests": "an account met a rate limit or a verification page: it rests until a person looked",
    "endpoint_failing": "a customer's address took no callback several times in a row: it is tried less often",
    "endpoint_disabled": "a customer's address answered that it is gone: nothing is sent there any more",
    "logged_out": "no account is logged in on a phone: it takes no work",
    "page_drift": "the app shows a page that its profile does not know",
    "ledger_away": "the ledger did not answer, or could not write, for half a minute or more",
    "equal_serials": "several phones have one serial: on one host none of them works, on several hosts only the first",
    "adb_full": "a host's adb server has no room for further phones in the network: these are not connected",
    "broker_away": "Redis does not take tickets: nothing new begins until it does, and what runs goes on",
    "part_ended": "a part of phonefleet up ended by itself: it is started again",
    "watch_matched": "a watch found more than its threshold, or than is usual at this hour",
    "watch_blind": "a watch could not look several times in a row",
    "schedule_refused": "a scheduled campaign could not be planted when it was due",
    "flow_version_withdrawn": "a new version of a flow failed on its first phones: it is taken back",
    "flow_version_in_use": "a new version of a flow did well on its first phones: new tasks get it",
    "keys_unopened": "the master key does not open keys of customers: these can send nothing, and are sent nothing",
    "account_twice": "an account is logged in on two phones",
}
MOST_SUBJECT = 191


def raise_alert(
    session: Session,
    kind: str,
    subject: str,
    text: str,
    remedy: str,
    now: datetime,
    details: Mapping[str, Any] | None = None,
    *,
    once: bool = False,
) -> bool:
    """Writes an alert, and owes it to each key that subscribed and each channel. Returns whether it was raised.

    `kind` is one of KINDS; `subject` is like phone:SIM0001. `once`: raises none while one of this kind and subject
    lasts.
    """
    # alerts are raised seldom: a command that only reads them need not map eight more tables
    from models.notify.deliveries import owe_alert  # noqa: PLC0415
    from models.notify.notices import owe_notices  # noqa: PLC0415

    if kind not in KINDS:
        raise ValueError(f"unknown kind of alert {kind!r}; add it to models.notify.alerts.KINDS")
    if once and _lasting(session, kind, subject):
        return False
    alert = Alert(
        at=now,
        kind=kind,
        subject=storable_text(subject, MOST_SUBJECT),
        text=storable_text(text),
        remedy=storable_text(remedy),
        details=None if details is None else storable_json(dict(details)),
    )
    session.add(alert)
    session.flush()  # gives the alert its id, which its callbacks name
    owe_alert(session, alert, now)
    owe_notices(session, alert)
    return True


def raise_or_renew(session: Session, kind: str, subject: str, text: str, remedy: str, now: datetime) -> bool:
    """Raises an alert unless one lasts. Returns whether it raised one.

    A lasting alert with another remedy gets the new text and remedy.
    """
    lasting = _lasting(session, kind, subject)
    if not lasting:
        raise_alert(session, kind, subject, text, remedy, now)
        return True
    for alert in lasting:
        if alert.remedy != storable_text(remedy):
            alert.text, alert.remedy = storable_text(text), storable_text(remedy)
    return False


def lasting_alerts(session: Session, kind: str, most: int = 20) -> Sequence[Alert]:
    """Returns the alerts of a kind that are not over, newest first. Only for kinds whose alerts end."""
    wanted = select(Alert).where(Alert.kind == kind, Alert.over_at.is_(None)).order_by(Alert.id.desc())
    return session.scalars(wanted.limit(most)).all()


def lasting_texts(connection: Connection, kind: str, most: int = 20) -> Sequence[tuple[str, str]]:
    """Returns text and remedy of the alerts as `lasting_alerts` does, without setting up the mapper: 0.03 s of CPU."""
    alerts = Alert.__table__.c
    wanted = select(alerts.text, alerts.remedy).where(alerts.kind == kind, alerts.over_at.is_(None))
    found = connection.execute(wanted.order_by(alerts.id.desc()).limit(most))
    return [(text, remedy) for text, remedy in found]


def end_alerts(session: Session, kind: str, subject: str, now: datetime) -> bool:
    """Ends the alerts of this kind and subject. Returns whether any lasted."""
    lasting = _lasting(session, kind, subject)
    for alert in lasting:
        alert.over_at = now
    return bool(lasting)


def _lasting(session: Session, kind: str, subject: str) -> Sequence[Alert]:
    kept = storable_text(subject, MOST_SUBJECT)
    same = (Alert.kind == kind, Alert.subject == kept, Alert.over_at.is_(None))
    return session.scalars(select(Alert).where(*same)).all()


def latest_alerts(session: Session, most: int) -> Sequence[Alert]:
    """Returns the latest `most` alerts, newest first."""
    return session.scalars(select(Alert).order_by(Alert.id.desc()).limit(most)).all()
