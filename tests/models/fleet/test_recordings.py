"""Recordings in the ledger: a phone that is paused, a touch that is taken once, its answer, and their end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.phones import phone_online
from models.fleet.recordings import (
    KEPT,
    MOST_DUMP,
    MOST_LINES,
    MOST_SCREENS,
    NO_ANSWER,
    NOT_TAKEN,
    TAKEN_WITHIN,
    Taken,
    add_lines,
    answer_touch,
    ask_phone,
    asked_phones,
    begin_recording,
    end_recording,
    fail_touch,
    forget_recordings,
    list_recordings,
    number_of,
    pictures_of_recording,
    recorded_picture,
    recording_named,
    screens_of_recording,
    take_touch,
    trouble_of,
    waits_for_phone,
)
from models.tables import AuditEntry, Phone, RecordedScreen, Recording
from models.transactions.read_write import read, write
from models.values.refused import Refused

PACKAGE, START, LOOK = "com.example.app", {"do": "start"}, {"do": "look", "replaces": True}


@pytest.fixture
def paused(ledger: Engine) -> Engine:
    """A ledger with a phone that a person paused, and one that works."""
    for serial in ("p1", "p2"):
        phone_online(ledger, serial, "x", "test", "SimPhone", f"inc-{serial}")
    write(ledger, lambda session: setattr(session.get_one(Phone, "p1"), "paused", True))
    return ledger


def begun(ledger: Engine, serial: str = "p1", package: str = PACKAGE) -> int:
    def work(session: Session) -> int:
        return begin_recording(session, serial, package, "读文章", flow=True, who="lena").id

    return write(ledger, work)


def change(ledger: Engine, recording: int, work: Callable[[Session, Recording], Any]) -> None:
    write(ledger, lambda session: work(session, recording_named(session, recording, lock=True)))


def ask(ledger: Engine, recording: int, touch: dict[str, Any]) -> None:
    change(ledger, recording, lambda session, one: ask_phone(session, one, touch))


def taken(ledger: Engine) -> Taken:
    found = take_touch(ledger, "p1", "inc-p1")
    assert found is not None
    return found


def told(ledger: Engine, recording: int, later: timedelta = timedelta()) -> tuple[bool, str]:
    """Whether the phone's answer may still come, and what went wrong."""

    def work(session: Session) -> tuple[bool, str]:
        one, now = recording_named(session, recording), database_now(session) + later
        return waits_for_phone(one, now), trouble_of(one, now)

    return read(ledger, work)


def test_a_touch_is_taken_once_by_the_worker_that_serves_the_phone_and_answered(paused: Engine) -> None:
    one = begun(paused)
    assert read(paused, asked_phones) == []
    ask(paused, one, START)
    assert read(paused, asked_phones) == ["p1"]
    assert take_touch(paused, "p1", "another") is None
    assert take_touch(paused, "p2", "inc-p2") is None
    got = taken(paused)
    assert (got.package, got.touch, got.version) == (PACKAGE, START, None)
    assert take_touch(paused, "p1", "inc-p1") is None, "once"
    assert told(paused, one) == (True, "")
    answer_touch(paused, got, "<one/>", b"first", "1.3.0")
    assert told(paused, one) == (False, "")
    answer_touch(paused, got, "<two/>", b"second", "1.3.0")
    assert read(paused, lambda session: screens_of_recording(session, one)) == ["<one/>"], "answered once"
    ask(paused, one, LOOK)
    answer_touch(paused, taken(paused), "<later/>", b"later", "1.4.0")
    assert read(paused, lambda session: screens_of_recording(session, one)) == ["<later/>"]
    assert read(paused, lambda session: pictures_of_recording(session, one)) == [b"later"]
    assert read(paused, lambda session: recorded_picture(session, one, 1)) == b"later"
    assert read(paused, lambda session: recorded_picture(session, one, 2)) is None
    assert read(paused, lambda session: recording_named(session, one).version) == "1.3.0"
    noted = select(AuditEntry.after).where(AuditEntry.subject == "phone:p1", AuditEntry.who == "lena")
    assert read(paused, lambda session: session.scalars(noted).all()) == [{"recording": one, "package": PACKAGE}]


def test_a_touch_that_fails_that_nobody_takes_and_that_gets_no_answer_is_told(paused: Engine) -> None:
    one = begun(paused)
    ask(paused, one, START)
    assert told(paused, one, TAKEN_WITHIN) == (False, NOT_TAKEN)
    got = taken(paused)
    assert told(paused, one, timedelta(minutes=5)) == (False, NO_ANSWER)
    fail_touch(paused, got, "app_missing: no such app")
    assert told(paused, one) == (False, "app_missing: no such app")
    ask(paused, one, START)
    answer_touch(paused, got, "x" * (MOST_DUMP + 1), b"", "1")
    assert told(paused, one) == (True, ""), "a late answer to the touch before is none to this one"
    answer_touch(paused, taken(paused), "x" * (MOST_DUMP + 1), b"", "1")
    assert told(paused, one) == (False, "the screen is too large to be kept")


def test_a_phone_that_was_resumed_is_not_touched(paused: Engine) -> None:
    one = begun(paused)
    ask(paused, one, START)
    write(paused, lambda session: setattr(session.get_one(Phone, "p1"), "paused", False))
    assert take_touch(paused, "p1", "inc-p1") is None
    assert told(paused, one) == (False, "the phone was resumed: pause it again")


def test_what_cannot_be_recorded_is_refused(paused: Engine) -> None:
    for serial, package, why in (
        ("p9", PACKAGE, "is unknown"),
        ("p2", PACKAGE, "is not paused"),
        ("p1", "rm -rf /", "is no package"),
        ("p1", "nodots", "is no package"),
    ):
        with pytest.raises(Refused, match=why):
            begun(paused, serial, package)
    first = begun(paused)
    with pytest.raises(Refused, match=f"recording {first} of lena goes on there"):
        begun(paused)
    change(paused, first, end_recording)
    assert begun(paused) > first
    write(paused, lambda session: setattr(session.get_one(Phone, "p1"), "state", "offline"))
    with pytest.raises(Refused, match="is offline"):
        begun(paused)
    for wrong in ("²", "-1", "x", "9" * 19):
        with pytest.raises(Refused, match="there is no recording"):
            number_of(wrong)
    with pytest.raises(Refused, match="there is no recording 77"):
        read(paused, lambda session: recording_named(session, 77))


def test_a_recording_has_bounds(paused: Engine) -> None:
    one = begun(paused)
    change(paused, one, lambda session, row: add_lines(session, row, ["x"] * MOST_LINES))
    with pytest.raises(Refused, match="lines, which is the most"):
        change(paused, one, lambda session, row: add_lines(session, row, ["x"]))

    def full(session: Session) -> None:
        for number in range(1, MOST_SCREENS + 1):
            session.add(RecordedScreen(recording_id=one, number=number, dump="", picture=b""))

    write(paused, full)
    with pytest.raises(Refused, match="screens, which is the most"):
        ask(paused, one, START)


def test_a_week_after_its_last_use_it_is_gone_with_its_screens(paused: Engine) -> None:
    one = begun(paused)
    ask(paused, one, START)
    answer_touch(paused, taken(paused), "<one/>", b"x", "1")
    change(paused, one, end_recording)
    other = begun(paused)

    def later(session: Session) -> int:
        session.get_one(Recording, one).used_at -= KEPT / 2
        return forget_recordings(session, database_now(session) + KEPT / 2 + timedelta(hours=1))

    assert write(paused, later) == 1
    assert [row.id for row in read(paused, list_recordings)] == [other]
    assert read(paused, lambda session: session.scalars(select(RecordedScreen)).all()) == []
