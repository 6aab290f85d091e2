"""Pauses that end by themselves: of a phone, a task and a campaign."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import AuditEntry, Campaign, PauseEnd, Phone
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import online_worker, owned_author, plant, ready, task, titles
from workers.control.pause import pause_campaign, pause_task, resume_campaign
from workers.control.phone_pause import pause_phone, resume_phone
from workers.control.stop import stop_campaign
from workers.coordinator.close_campaigns import close_ended
from workers.coordinator.pauses_end import end_pauses

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def author(ledger: Engine, redis: Redis) -> None:
    """Tickets go to a Redis of the test's own."""
    owned_author(ledger)


def ends(ledger: Engine) -> set[str]:
    return set(read(ledger, lambda session: session.scalars(select(PauseEnd.subject)).all()))


def let_pass(ledger: Engine) -> None:
    """The moment of every end comes."""

    def work(session: Session) -> None:
        for one in session.scalars(select(PauseEnd)):
            one.ends_at = database_now(session) - timedelta(seconds=1)

    write(ledger, work)


def phone(ledger: Engine) -> Phone:
    return read(ledger, lambda session: session.get_one(Phone, "p1"))


def campaign(ledger: Engine, campaign_id: str) -> Campaign:
    return read(ledger, lambda session: session.get_one(Campaign, campaign_id))


def test_each_kind_goes_on_by_itself_and_not_before(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    until = read(ledger, database_now) + HOUR
    whole, part = plant(ledger, titles()), plant(ledger, group(titles(), titles()))
    (one,), (two, three) = ready(ledger, whole), ready(ledger, part)
    pause_phone(ledger, "p1", who="lena", why="new battery", until=until, drain=True)
    pause_campaign(ledger, whole, who="lena", until=until)
    pause_task(ledger, two, who="lena", why="later", until=until)
    assert "is drained by lena until 20" in (phone(ledger).paused_why or "")
    assert "lena paused it until 20" in (task(ledger, two).waits_for or "")
    assert end_pauses(ledger) == 0
    assert [task(ledger, each).state for each in (one, two, three)] == ["held", "held", "ready"]
    let_pass(ledger)
    assert end_pauses(ledger) == 3
    assert ends(ledger) == set()
    assert [task(ledger, each).state for each in (one, two, three)] == ["ready", "ready", "ready"]
    assert (phone(ledger).paused, phone(ledger).draining) == (False, False)
    assert not campaign(ledger, whole).paused
    last = select(AuditEntry).where(AuditEntry.subject == "phone:p1").order_by(AuditEntry.id.desc())
    entry = read(ledger, lambda session: session.scalars(last).first())
    assert entry is not None
    assert (entry.who, entry.reason, entry.after) == ("phonefleet", "the time of its pause is over", {"resume": True})
    assert end_pauses(ledger) == 0


def test_a_pause_that_a_person_ended_or_asked_for_anew_is_left_alone(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    until = read(ledger, database_now) + HOUR
    pause_phone(ledger, "p1", who="lena", until=until)
    resume_phone(ledger, "p1", who="lena")
    assert ends(ledger) == set()
    pause_phone(ledger, "p1", who="lena", until=until)
    pause_phone(ledger, "p1", who="max", why="for good")
    assert ends(ledger) == set()
    assert end_pauses(ledger) == 0
    assert phone(ledger).paused


def test_what_cannot_go_on_now_is_tried_again_and_what_ended_is_forgotten(ledger: Engine) -> None:
    until = read(ledger, database_now) + HOUR
    whole, gone = plant(ledger, titles()), plant(ledger, titles())
    (one,) = ready(ledger, whole)
    pause_task(ledger, one, who="lena", until=until)
    pause_campaign(ledger, whole, who="max")
    pause_campaign(ledger, gone, who="max", until=until)
    stop_campaign(ledger, gone, who="max")
    close_ended(ledger)
    let_pass(ledger)
    assert end_pauses(ledger) == 0
    assert ends(ledger) == {f"task:{one}"}
    assert task(ledger, one).state == "held"
    resume_campaign(ledger, whole, who="max")
    let_pass(ledger)
    assert end_pauses(ledger) == 0
    assert ends(ledger) == set()
    assert task(ledger, one).state == "ready"


@pytest.mark.parametrize("after", [timedelta(seconds=-1), timedelta(days=61)])
def test_an_end_that_is_past_or_too_far_away_is_refused(ledger: Engine, after: timedelta) -> None:
    online_worker(ledger, "p1")
    until = read(ledger, database_now) + after
    with pytest.raises(Refused, match="is past, or too far away"):
        pause_phone(ledger, "p1", who="lena", until=until)
    assert not phone(ledger).paused
