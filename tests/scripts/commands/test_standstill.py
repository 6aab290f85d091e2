"""`phonefleet status` of a campaign in which nothing moves: why, since when, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.app_version import note_app_version
from models.fleet.health import Reading, note_health
from models.fleet.phones import mark_silent, phone_offline, phone_online
from models.responsible_use.authors import set_cap
from models.tables import Account, Alert, AuditEntry, Campaign, Hold, Leader, Phone, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from scripts.terminal.standstill import standstill
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import like, online_worker, owned_author, titles, try_to_take
from workers.control.pause import pause_campaign, pause_task
from workers.control.phone_pause import pause_phone
from workers.coordinator.leader import lead
from workers.lifecycle.standstill import why_nothing_moves
from workers.planting.submit import submit

OLD = datetime(2026, 1, 2, 12, tzinfo=UTC)
OLD_HERE = "2026-01-02 20:00 Asia/Shanghai"


@pytest.fixture
def campaign(here: Installation) -> str:
    """A campaign of one reading task, two phones that work, and a coordinator."""
    here.know_phones("acc0001", "acc0002")
    owned_author(here.engine)
    assert lead(here.engine, "one", 600)
    return submit(titles(), name="one", engine=here.engine).id


def _why(here: Installation, campaign_id: str) -> str:
    def work(session: Session) -> str:
        why = why_nothing_moves(session, session.get_one(Campaign, campaign_id))
        return "" if why is None else standstill(why)

    return read(here.engine, work)


def _unfit(here: Installation, campaign_id: str) -> None:
    hot = [Reading(f"SIM000{n}", {}, "its battery has 52 °C", "let it cool down") for n in (1, 2)]
    note_health(here.engine, "test", hot)

    def since(session: Session) -> None:
        for phone in session.scalars(select(Phone)):
            phone.health = {**(phone.health or {}), "unfit_since": OLD.isoformat()}

    write(here.engine, since)


def _rest(here: Installation, campaign_id: str) -> None:
    write(here.engine, lambda s: s.execute(update(Account).values(resting_since=OLD, resting_why="slow down")))


def _offline(here: Installation, campaign_id: str) -> None:
    for serial in ("SIM0001", "SIM0002"):
        phone_offline(here.engine, serial, "unplugged")
    write(here.engine, lambda s: s.execute(update(Phone).values(state_since=OLD)))


def _host_away(here: Installation, campaign_id: str) -> None:
    write(here.engine, lambda s: s.execute(update(Phone).values(seen_at=OLD)))
    mark_silent(here.engine, 10)
    write(here.engine, lambda s: s.execute(update(Phone).values(state_since=OLD)))


def _phones_paused(here: Installation, campaign_id: str) -> None:
    for serial in ("SIM0001", "SIM0002"):
        pause_phone(here.engine, serial, who="lena", why="new battery")
    write(here.engine, lambda s: s.execute(update(AuditEntry).values(at=OLD)))


def _campaign_paused(here: Installation, campaign_id: str) -> None:
    pause_campaign(here.engine, campaign_id, who="lena", why="holiday")
    write(here.engine, lambda s: s.execute(update(AuditEntry).values(at=OLD)))


def _task_paused(here: Installation, campaign_id: str) -> None:
    for task_id in _ids(here, campaign_id):
        pause_task(here.engine, task_id, who="lena")


def _no_leader(here: Installation, campaign_id: str) -> None:
    write(here.engine, lambda s: s.execute(update(Leader).values(until=OLD)))


def _broker_away(here: Installation, campaign_id: str) -> None:
    told = {"text": "Redis takes nothing: MISCONF", "remedy": "free its disk"}
    write(here.engine, lambda s: s.add(Alert(at=OLD, kind="broker_away", subject="redis", **told)))


def _one_of_each(here: Installation, campaign_id: str) -> None:
    phone_offline(here.engine, "SIM0001", "unplugged")
    write(here.engine, lambda s: s.execute(update(Account).values(resting_since=OLD, resting_why="slow down")))


def _in_review(here: Installation, campaign_id: str) -> None:
    write(here.engine, lambda s: s.execute(update(Task).values(state=State.NEEDS_REVIEW)))


def _held(here: Installation, campaign_id: str) -> None:
    def work(session: Session) -> None:
        now = database_now(session)
        what = {"flow": "collect_titles", "scope": "author", "key": "a", "what": "a", "failure_code": "page_drift"}
        hold = Hold(
            **what, reason="three phones met an unknown page", remedy="look", phones=[], since=now, in_force=True
        )
        session.add(hold)
        session.flush()
        session.execute(update(Task).values(state=State.HELD, held_from=State.READY, hold_id=hold.id, waits_for="held"))

    write(here.engine, work)


def _ids(here: Installation, campaign_id: str) -> Sequence[str]:
    wanted = select(Task.id).where(Task.campaign_id == campaign_id)
    return read(here.engine, lambda session: session.scalars(wanted).all())


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (
            _unfit,
            (OLD_HERE, "none of 2 phones may work: 2 unfit (SIM0001: its battery has 52 °C)", "phonefleet phones"),
        ),
        (_rest, (OLD_HERE, "2 account rests", "slow down")),
        (_offline, (OLD_HERE, "2 offline", "unplugged")),
        (_host_away, (OLD_HERE, "no phone is served: host test is away", "phonefleet up, or phonefleet host")),
        (_phones_paused, (OLD_HERE, "2 paused", "is paused by lena: new battery")),
        (_campaign_paused, (OLD_HERE, "the campaign is paused by lena: holiday", "phonefleet resume")),
        (_task_paused, ("1 of them paused", "phonefleet resume ID")),
        (_no_leader, (OLD_HERE, "no coordinator runs", "phonefleet up, or phonefleet coordinator")),
        (_broker_away, (OLD_HERE, "Redis takes nothing: MISCONF", "free its disk")),
        (_one_of_each, ("1 offline", "1 account rests")),
        (_in_review, ("wait for a person's look", "phonefleet review")),
        (_held, ("three phones met an unknown page", "phonefleet holds")),
    ],
)
def test_one_line_says_why_and_since_when(
    happens: Callable[[Installation, str], None], words: tuple[str, ...], here: Installation, campaign: str, run: Run
) -> None:
    assert _why(here, campaign) == ""
    happens(here, campaign)
    why = _why(here, campaign)
    assert why.startswith("nothing moves, since ")
    for word in words:
        assert word in why
    assert run("status").out.endswith(f"{why}\n")


def test_what_runs_or_has_ended_moves(here: Installation, campaign: str) -> None:
    _offline(here, campaign)
    write(here.engine, lambda s: s.execute(update(Task).values(state=State.RUNNING)))
    assert _why(here, campaign) == ""
    write(here.engine, lambda s: s.execute(update(Campaign).values(outcome="failed")))
    write(here.engine, lambda s: s.execute(update(Task).values(state=State.FAILED)))
    assert _why(here, campaign) == ""


def test_an_alert_that_is_over_keeps_nothing_from_moving(here: Installation, campaign: str, run: Run) -> None:
    _broker_away(here, campaign)
    assert "-> free its disk" in run("alerts").out
    write(here.engine, lambda s: s.execute(update(Alert).values(over_at=OLD)))
    assert _why(here, campaign) == ""
    said = run("alerts").out
    assert "broker_away, over since 2026-01-02 20:00:00" in said
    assert "-> free its disk" not in said


def test_one_phone_that_works_is_enough(here: Installation, campaign: str) -> None:
    phone_offline(here.engine, "SIM0001", "unplugged")
    assert _why(here, campaign) == ""


@pytest.mark.parametrize("sandbox", [False, True])
def test_phones_of_the_other_sort_do_not_count(sandbox: bool, here: Installation, run: Run) -> None:
    assert lead(here.engine, "one", 600)
    owned_author(here.engine)
    handle = submit(titles(), name="one", engine=here.engine)
    write(here.engine, lambda s: s.execute(update(Campaign).values(sandbox=not sandbox)))
    words = "it is for simulated phones, and none is there" if not sandbox else "no phone is there yet"
    assert words in _why(here, handle.id)
    phone_online(here.engine, "p1", "p1", "test", "x", "i1", sandbox=sandbox)
    words = "it is for simulated phones" if not sandbox else "only simulated phones are there"
    assert words in _why(here, handle.id)
    assert "PHONEFLEET_SANDBOX" in _why(here, handle.id)


def test_a_used_up_cap_is_named_with_the_account_the_numbers_and_when_it_is_free(here: Installation) -> None:
    assert lead(here.engine, "one", 600)
    owned_author(here.engine)
    set_cap(here.engine, "actions_per_account_day", 0, who="test")
    identity = online_worker(here.engine, "p1", "acc1")
    handle = submit(like(), name="one", engine=here.engine)
    (task_id,) = _ids(here, handle.id)
    try_to_take(here.engine, task_id, identity)
    why = _why(here, handle.id)
    for word in ("actions_per_account_day", "account acc1 did 0 of 0", "free again at", "00:00 Asia/Shanghai"):
        assert word in why


def test_phones_whose_version_of_the_app_nobody_tried_work_on(here: Installation, campaign: str) -> None:
    for serial in ("SIM0001", "SIM0002"):
        assert note_app_version(here.engine, serial, "9.9", known=False, tried=("2.4.1",))
    assert _why(here, campaign) == ""
