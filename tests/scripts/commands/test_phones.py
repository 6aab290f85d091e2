"""`phonefleet phones` and `phonefleet alerts`: who needs somebody, why, since when, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.app_version import note_app_version
from models.fleet.equal_serials import equal_serials, waits_for_other_host
from models.fleet.health import Reading, note_health, note_page_drift
from models.fleet.logins import account_seen
from models.fleet.phones import mark_silent, phone_problem
from models.notify.alerts import raise_alert
from models.tables import Account, Phone
from models.transactions.read_write import read, write
from scripts.commands.doctor import exit_status, judge_serials
from scripts.local.probes import equal_serials as probe_serials
from scripts.terminal.moments import named
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import online_worker
from workers.control.own_pause import pause_phone_for
from workers.control.phone_pause import pause_phone
from workers.lifecycle.phone_needs import ORDER, need_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(minutes=12)
LATER = NOON + timedelta(minutes=12)


def phone(**values: Any) -> Phone:
    """A phone that works, but for what is given."""
    return Phone(**{"serial": "p1", "state": "online", "account_id": "a", "paused": False, **values})


RESTS = Account(id="a", name="a", live=True, resting_since=EARLIER, resting_why="slow down")
DRIFT = {"page_drift": {"at": EARLIER.isoformat(), "reason": "no page fits"}}
UNTRIED = {"untried_app": {"version": "9.9", "tried": ["2.4.0", "2.4.1"]}}
ILL = {"remedy": "let it cool down", "unfit_since": EARLIER.isoformat()}


@pytest.mark.parametrize(
    ("one", "account", "state", "why", "since", "remedy"),
    [
        (
            phone(state="silent", why="not heard of", state_since=EARLIER),
            None,
            "host silent",
            "not heard of",
            EARLIER,
            "phonefleet host",
        ),
        (
            phone(state="offline", why="unplugged", state_since=EARLIER),
            None,
            "offline",
            "unplugged",
            EARLIER,
            "check cable",
        ),
        (
            phone(state="unauthorized", why="adb says so"),
            None,
            "unauthorized",
            "adb says so",
            None,
            "confirm this machine's key",
        ),
        (
            phone(state="bootloader", why="adb says so"),
            None,
            "bootloader",
            "adb says so",
            None,
            "start the phone again",
        ),
        (phone(state="detached", why="adb says so"), None, "detached", "adb says so", None, "see its reason"),
        (
            phone(unfit_why="52 °C", health=ILL),
            None,
            "unfit",
            "52 °C",
            EARLIER,
            "let it cool down; it works again by itself",
        ),
        (
            phone(account_id=None, twice_since=EARLIER, why="on p2 too"),
            None,
            "account twice",
            "on p2 too",
            EARLIER,
            "log the account out",
        ),
        (phone(account_id=None, why="logged out"), None, "no account", "logged out", None, "log an account in"),
        (phone(), RESTS, "account rests", "slow down", EARLIER, "phonefleet accounts wake a"),
        (
            phone(quarantined_until=LATER, quarantine_why="3 of 3 failed"),
            None,
            "quarantined",
            "3 of 3 failed",
            None,
            "evidence",
        ),
        (
            phone(quarantined_until=EARLIER, quarantine_why="3 of 3 failed"),
            None,
            "on trial",
            "3 of 3 failed",
            EARLIER,
            "nothing",
        ),
        (phone(health=DRIFT), None, "page drift", "no page fits", EARLIER, "mend the app profile"),
        (
            phone(health=UNTRIED),
            None,
            "app untried",
            "it has version 9.9 of the app; the profile was tried with 2.4.0, 2.4.1",
            None,
            "app profile's `versions`",
        ),
        (phone(health=DRIFT | UNTRIED), None, "page drift", "no page fits", EARLIER, "mend the app profile"),
        (phone(paused=True, paused_why="li repairs it"), None, "paused", "li repairs it", None, "phonefleet resume p1"),
    ],
)
def test_what_a_phone_needs(
    one: Phone, account: Account | None, state: str, why: str, since: datetime | None, remedy: str
) -> None:
    need = need_of(one, account, NOON)
    assert need is not None
    assert (need.state, need.why, need.since) == (state, why, since)
    assert remedy in need.remedy


def test_a_phone_that_works_needs_nothing() -> None:
    assert need_of(phone(), Account(id="a", name="a", live=True), NOON) is None
    assert need_of(phone(health=DRIFT), None, NOON + timedelta(days=1)) is None


def test_phones_that_need_somebody_come_first_with_what_to_do(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002", "acc0003", "acc0004", "acc0005")
    phone_problem(here.engine, "SIM0002", "unauthorized", "confirm the key on its screen")
    readings = [
        Reading("SIM0003", {"percent": 80, "celsius": 52.0}, "its battery has 52 °C", "let it cool down"),
        Reading("SIM0001", {"percent": 81, "celsius": 31.4}, None, ""),
    ]
    note_health(here.engine, "test", readings)
    account_seen(here.engine, "SIM0005", "acc0001", "acc0001")
    write(here.engine, lambda s: note_page_drift(s, "SIM0004", "me", "no page [fits]", "mend it", database_now(s)))

    listed = run("phones").out
    assert "to look at: 4 of 5 phones" in listed
    assert_in_order(listed, "SIM0002", "SIM0003", "SIM0005", "SIM0004", "SIM0002")
    assert_in_order(listed[listed.rindex("SIM0002") :], "SIM0003", "SIM0005", "SIM0004", "SIM0001")
    for row, words in {
        "SIM0002": ("unauthorized", "0 s", "confirm the key on its screen"),
        "SIM0003": ("unfit", "its battery has 52 °C", "let it cool down"),
        "SIM0005": ("account twice", "acc0001 is on phone SIM0001"),
        "SIM0004": ("page drift", "no page [fits]"),
    }.items():
        block = listed[listed.index(row) :].splitlines()
        told = " ".join(line.strip("│ \n") for line in block[:3])
        assert words[0] in told
        assert all(word in told.replace("│", " ") for phrase in words for word in phrase.split())
    assert "81 % 31 °C" in listed
    assert "online" in listed.splitlines()[-2]


def test_a_phone_says_which_version_of_the_app_it_has_and_whether_that_was_tried(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002", "acc0003")
    note_app_version(here.engine, "SIM0001", "2.4.1", known=True)
    note_app_version(here.engine, "SIM0002", "[9.9]-beta", known=False, tried=("2.4.1",))
    listed = run("phones").out
    assert "to look at: 1 of 3 phones" in listed
    assert "SIM0002  app untried" in listed
    assert "version [9.9]-beta of the app; the profile was tried with 2.4.1" in listed
    assert "-> try the flows on this phone" in listed
    rows = {
        cells[1]: cells
        for cells in ([cell.strip() for cell in line.split("│")] for line in listed.splitlines())
        if len(cells) > 1
    }
    assert [rows[serial][6] for serial in ("SIM0001", "SIM0002", "SIM0003")] == ["2.4.1", "[9.9]-beta", ""]
    assert "app version  [9.9]-beta" in run("status", "SIM0002").out
    assert "app version" not in run("status", "SIM0003").out


def test_a_silent_host_comes_before_everything(here: Installation, run: Run) -> None:
    here.know_phones("acc0001", "acc0002")
    phone_problem(here.engine, "SIM0001", "unauthorized", "confirm the key")
    write(here.engine, lambda s: setattr(s.get_one(Phone, "SIM0002"), "seen_at", NOON - timedelta(days=400)))
    mark_silent(here.engine, 10)
    assert ORDER[0] == "host silent"
    assert_in_order(run("phones").out, "SIM0002", "SIM0001", "SIM0002", "SIM0001")


def test_alerts_are_listed_newest_first(here: Installation, run: Run) -> None:
    def tell(session: Session) -> None:
        for minute, (kind, subject) in enumerate([("phone_unfit", "phone:p1"), ("hub_lost", "host:h")]):
            text = f"{subject} [in trouble]"
            raise_alert(session, kind, subject, text, "see to it", NOON + timedelta(minutes=minute))

    write(here.engine, tell)
    listed = run("alerts").out
    assert_in_order(listed, "01-02 20:01:00", "hub_lost", "host:h [in trouble]", "01-02 20:00:00", "phone_unfit")
    assert "see to it" in listed
    assert "phone_unfit" not in run("alerts", "--last", "1").out
    assert run("alerts", "--last", "0").status == 2


def assert_in_order(text: str, *words: str) -> None:
    """Each of these comes after the one before it."""
    place = 0
    for word in words:
        found = text.find(word, place)
        assert found >= 0, f"{word!r} does not follow in:\n{text[place:]}"
        place = found + len(word)


def test_phones_of_two_hosts_with_one_serial_are_told_until_they_are_told_apart(here: Installation, run: Run) -> None:
    here.know_phones("acc0001")
    url = here.engine.url.render_as_string(hide_password=False)
    assert probe_serials(url) == []
    waits_for_other_host(here.engine, "SIM0001", "usb:2-1", "SimPhone", "second")
    listed = " ".join(run("phones").out.replace("│", " ").split())
    for words in ("equal serials", "SIM0001 on host second", "PHONEFLEET_PHONE_NAMES=usb:2-1=left", "127.0.0.1:1"):
        assert words in listed
    (check,) = judge_serials(probe_serials(url))
    assert all(word in check.found for word in ("SIM0001", "host test", "host second", "usb:2-1"))
    assert "PHONEFLEET_PHONE_NAMES=usb:2-1=left" in check.remedy
    assert exit_status([check]) == 0, "the fleet works with the others"
    phone_problem(here.engine, "SIM0001", "offline", "unplugged", "second")
    assert probe_serials(url) == []
    assert "second" not in run("phones").out
    equal_serials(here.engine, "S9", "SimPhone", "test", ("usb:1-1 (SimPhone)", "usb:1-2 (SimPhone)"))
    assert [one.ok for one in judge_serials(probe_serials(url))] == [False]


def test_a_ledger_that_is_away_tells_the_doctor_of_no_serials() -> None:
    assert probe_serials("sqlite:////nowhere/ledger.db") == []


def test_customers_that_keep_off_a_phone_are_told_with_the_end_of_each_pause(here: Installation, run: Run) -> None:
    online_worker(here.engine, "SIM0001")
    online_worker(here.engine, "SIM0002")
    assert "kept off" not in run("phones").out
    until = read(here.engine, database_now) + timedelta(hours=1)
    pause_phone_for(here.engine, "SIM0001", "acme", who="c", until=until)
    pause_phone_for(here.engine, "SIM0001", "<b>甲</b>", who="c")
    pause_phone(here.engine, "SIM0002", who="lena", why="new battery", until=until)
    told = " ".join(run("phones").out.split())
    assert "kept off by customers: 1 of 2 phones" in told
    assert f"acme keeps its own tasks off it until {named(until)}" in told
    assert "<b>甲</b> keeps its own tasks off it until it resumes it" in told
    assert f"is paused by lena until {named(until)[:16]}" in told
