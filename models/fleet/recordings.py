"""Recordings of apps on connected phones: begun in the console, carried on by the phone's worker, kept for a week.

A touch goes through the ledger: the console asks for it, the worker that serves the phone takes it once, and stores
what the phone showed then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.history.audit_log import record_change
from models.tables import Phone, RecordedScreen, Recording
from models.transactions.read_write import write
from models.values.enums import PhoneState
from models.values.refused import Refused, refuse

KEPT = timedelta(days=7)  # after its last use: screens show names of people
MOST_OPEN = 20  # recordings that are not ended
MOST_SCREENS, MOST_LINES = 60, 400  # of one recording
MOST_LINE = 200  # characters
MOST_DUMP, MOST_PICTURE = 1_000_000, 60_000  # characters, bytes
TAKEN_WITHIN = timedelta(minutes=3)  # a touch that nobody took by then is not done any more
ANSWERED_WITHIN = timedelta(minutes=3)
LISTED = 60
FORGOTTEN_AT_ONCE = 20
_PACKAGE = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)+", re.ASCII)
NOT_TAKEN = "its worker did not take the touch within three minutes"
NO_ANSWER = "no answer came: whether the touch was done is not known"


@dataclass(frozen=True, slots=True)
class Taken:
    """A touch that a worker took: of which recording, in which app, and whether its version is to be read."""

    recording_id: int
    package: str
    touch: Mapping[str, Any]
    version: str | None


def begin_recording(session: Session, serial: str, package: str, heading: str, *, flow: bool, who: str) -> Recording:
    """Begins a recording on a phone that a person paused. Raises Refused."""
    check_phone(session, serial)
    if not _PACKAGE.fullmatch(package) or len(package) > 191:
        raise refuse("package", f"{package[:60]!r} is no package of an app", "write it as com.example.app")
    open_ones = session.scalars(select(Recording).where(Recording.ended_at.is_(None))).all()
    other = next((one for one in open_ones if one.phone_serial == serial), None)
    if other is not None:
        raise refuse(
            "phone", f"recording {other.id} of {other.who} goes on there", "end it first, or take another phone"
        )
    if len(open_ones) >= MOST_OPEN:
        raise refuse("phone", f"{MOST_OPEN} recordings go on", "end one first")
    now = database_now(session)
    one = Recording(phone_serial=serial, package=package, heading=storable_text(heading or package, 191), flow=flow)
    one.who, one.began_at, one.used_at, one.lines = storable_text(who, 191), now, now, []
    session.add(one)
    session.flush()
    record_change(session, who, f"phone:{serial}", None, {"recording": one.id, "package": package})
    return one


def check_phone(session: Session, serial: str) -> None:
    """Locks a phone that can be recorded: it is online, and a person paused it. Raises Refused."""
    phone = session.get(Phone, serial, with_for_update=True)
    if phone is None:
        raise refuse("phone", f"{serial!r} is unknown", "see: phonefleet phones")
    if phone.state != PhoneState.ONLINE:
        raise refuse("phone", f"{serial!r} is {phone.state}: it can show nothing", "look at its place: host and port")
    if not phone.paused:
        raise refuse("phone", f"{serial!r} is not paused: its tasks would come between", "pause it first, on its page")


def recording_just_begun(
    session: Session, serial: str, package: str, heading: str, *, flow: bool, who: str
) -> Recording | None:
    """Returns the recording that this form has begun already, if nothing was said in it yet: a form is sent twice."""
    called = storable_text(heading, 191)
    same = (Recording.phone_serial == serial, Recording.package == package, Recording.heading == called)
    mine = select(Recording).where(*same, Recording.flow == flow, Recording.who == who, Recording.ended_at.is_(None))
    found = session.scalar(mine.order_by(Recording.id.desc()).limit(1))
    return found if found is not None and not found.lines else None


def recording_named(session: Session, recording_id: int, *, lock: bool = False) -> Recording:
    """Returns a recording. Raises Refused."""
    one = session.get(Recording, recording_id, with_for_update=lock)
    if one is None:
        raise refuse("ID", f"there is no recording {recording_id}", "see the page Recorder: they are kept for a week")
    return one


def list_recordings(session: Session) -> Sequence[Recording]:
    """Returns the latest recordings, newest first."""
    return session.scalars(select(Recording).order_by(Recording.id.desc()).limit(LISTED)).all()


def screens_of_recording(session: Session, recording_id: int) -> Sequence[str]:
    """Returns the dumps of its screens in their order."""
    wanted = select(RecordedScreen.dump).where(RecordedScreen.recording_id == recording_id)
    return session.scalars(wanted.order_by(RecordedScreen.number)).all()


def pictures_of_recording(session: Session, recording_id: int) -> Sequence[bytes]:
    """Returns the pictures of its screens in their order."""
    wanted = select(RecordedScreen.picture).where(RecordedScreen.recording_id == recording_id)
    return session.scalars(wanted.order_by(RecordedScreen.number)).all()


def recorded_picture(session: Session, recording_id: int, number: int) -> bytes | None:
    """Returns one picture, a WebP; None without it."""
    row = session.get(RecordedScreen, (recording_id, number))
    return None if row is None else row.picture


def moment_of(one: Recording) -> tuple[object, ...]:
    """Returns what a person saw of it, apart from the screens: whoever decides on it compares it once it is locked."""
    return (one.lines, one.asked, one.asked_until, one.taken_at, one.failed, one.ended_at)


def waits_for_phone(one: Recording, now: datetime) -> bool:
    """Returns whether the phone's answer may still come."""
    return one.asked is not None and not one.failed and not trouble_of(one, now)


def trouble_of(one: Recording, now: datetime) -> str:
    """Returns why the touch that was asked for did not come about; empty if it did, or still may."""
    if one.asked is None:
        return ""
    if one.failed:
        return one.failed
    if one.taken_at is None:
        return "" if one.asked_until is not None and now < one.asked_until else NOT_TAKEN
    return "" if now < one.taken_at + ANSWERED_WITHIN else NO_ANSWER


def ask_phone(session: Session, one: Recording, touch: Mapping[str, Any]) -> None:
    """Has the phone do a touch. The caller has locked the recording. Raises Refused."""
    check_phone(session, one.phone_serial)
    count = select(func.count()).select_from(RecordedScreen).where(RecordedScreen.recording_id == one.id)
    if (session.scalar(count) or 0) >= MOST_SCREENS:
        raise refuse("recording", f"it has {MOST_SCREENS} screens, which is the most", "end it, and begin another one")
    one.asked, one.asked_until = dict(touch), database_now(session) + TAKEN_WITHIN
    one.taken_at = one.failed = None


def add_lines(session: Session, one: Recording, lines: Sequence[str]) -> None:
    """Adds what the person said. The caller has locked the recording. Raises Refused."""
    if len(one.lines) + len(lines) > MOST_LINES:
        raise refuse("recording", f"it has {MOST_LINES} lines, which is the most", "end it, and begin another one")
    one.lines = [*one.lines, *(storable_text(line, MOST_LINE) for line in lines)]
    one.used_at = database_now(session)


def end_recording(session: Session, one: Recording) -> None:
    """Ends it: the phone is asked for nothing any more."""
    one.ended_at = one.used_at = database_now(session)
    one.asked = one.asked_until = one.taken_at = one.failed = None


def asked_phones(session: Session) -> Sequence[str]:
    """Returns the serials of the phones that shall do a touch of a recording now."""
    due = (Recording.asked_until > database_now(session), Recording.taken_at.is_(None), Recording.ended_at.is_(None))
    return session.scalars(select(Recording.phone_serial).where(*due).distinct()).all()


def take_touch(engine: Engine, serial: str, incarnation: str) -> Taken | None:
    """Returns the touch that this worker's phone shall do now; it is given out once. None for a phone not paused."""

    def work(session: Session) -> Taken | None:
        now = database_now(session)
        due = (Recording.phone_serial == serial, Recording.asked_until > now, Recording.taken_at.is_(None))
        wanted = select(Recording).where(*due, Recording.ended_at.is_(None)).order_by(Recording.id).limit(1)
        one, phone = session.scalar(wanted.with_for_update()), session.get(Phone, serial)
        if one is None or phone is None or phone.incarnation != incarnation:
            return None
        if not phone.paused:
            one.failed = "the phone was resumed: pause it again"
            return None
        one.taken_at = now
        return Taken(one.id, one.package, one.asked or {}, one.version)

    return write(engine, work)


def answer_touch(engine: Engine, taken: Taken, dump: str, picture: bytes, version: str) -> None:
    """Stores what the phone showed after the touch, unless the recording went on without it."""

    def work(session: Session) -> None:
        one = _still_asked(session, taken)
        if one is None:
            return
        if len(dump) > MOST_DUMP or len(picture) > MOST_PICTURE:
            one.failed = "the screen is too large to be kept"
            return
        last = select(func.max(RecordedScreen.number)).where(RecordedScreen.recording_id == one.id)
        number = max(1, (session.scalar(last) or 0) + (not taken.touch.get("replaces")))
        kept = RecordedScreen(recording_id=one.id, number=number, dump=storable_text(dump), picture=picture)
        session.merge(kept)
        one.version = one.version or storable_text(version, 64)
        one.used_at = database_now(session)
        one.asked = one.asked_until = one.taken_at = one.failed = None

    write(engine, work)


def fail_touch(engine: Engine, taken: Taken, reason: str) -> None:
    """Notes why the phone could not do the touch."""

    def work(session: Session) -> None:
        one = _still_asked(session, taken)
        if one is not None:
            one.failed = storable_text(reason, 500)

    write(engine, work)


def forget_recordings(session: Session, now: datetime) -> int:
    """Deletes some recordings that nobody used for a week, with their screens. Returns the number."""
    old = select(Recording.id).where(Recording.used_at < now - KEPT).order_by(Recording.id).limit(FORGOTTEN_AT_ONCE)
    gone = session.scalars(old).all()
    session.execute(delete(RecordedScreen).where(RecordedScreen.recording_id.in_(gone)))
    session.execute(delete(Recording).where(Recording.id.in_(gone)))
    return len(gone)


def number_of(recording_id: str) -> int:
    """Returns a recording's number. Raises Refused."""
    if not (recording_id.isascii() and recording_id.isdigit() and len(recording_id) <= 18):
        raise unknown(recording_id)
    return int(recording_id)


def unknown(recording_id: str) -> Refused:
    """Returns the refusal of a recording that is not there."""
    return refuse("ID", f"there is no recording {recording_id[:40]}", "see the page Recorder: they are kept for a week")


def _still_asked(session: Session, taken: Taken) -> Recording | None:
    one = session.get(Recording, taken.recording_id, with_for_update=True)
    return one if one is not None and one.asked == taken.touch and one.taken_at is not None else None
