"""Phones that have not told who they are, in the ledger: listed with what to do, and forgotten."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from models.database.clock import database_now
from models.fleet.fitness import why_not
from models.fleet.phones import phone_offline, phone_online, phone_problem
from models.fleet.unknown_phones import forget_phone, forget_unknown_phones
from models.tables import Phone
from models.transactions.read_write import read, write

NO_PERMISSIONS = (
    "adb says no permissions (missing udev rules? user is in the plugdev group); "
    "see [http://developer.android.com/tools/device.html]"
)


def serials(engine: Engine) -> list[str]:
    return sorted(read(engine, lambda session: session.scalars(select(Phone.serial)).all()))


@pytest.mark.parametrize(
    ("name", "state", "why", "remedy"),
    [
        ("R58M12ABCDE", "unauthorized", "adb says unauthorized", "confirm this machine's key"),
        ("????????????", "no permissions", NO_PERMISSIONS, "add a udev rule"),
        ("(no serial number)", "no permissions", NO_PERMISSIONS, "add a udev rule"),
        ("MY OLD PHONE", "recovery", "adb says recovery", "start the phone again"),
        ("10.0.0.7:5555", "offline", "does not tell its serial: closed", "check cable"),
    ],
)
def test_it_is_listed_with_the_remedy(ledger: Engine, name: str, state: str, why: str, remedy: str) -> None:
    phone_problem(ledger, name, state, why, "shelf", sandbox=True)
    phone = read(ledger, lambda session: session.get_one(Phone, name))
    unfit = why_not(phone, read(ledger, database_now))
    assert (phone.state, phone.why, phone.host, phone.sandbox) == (state, why, "shelf", True)
    assert unfit is not None
    assert remedy in unfit.remedy
    forget_phone(ledger, name, "shelf")
    assert serials(ledger) == []


@pytest.mark.parametrize("state", [NO_PERMISSIONS, "x" * 5000, "坏了" * 100, "no\x00permissions"])
def test_states_of_any_length_are_stored(ledger: Engine, state: str) -> None:
    phone_problem(ledger, "S" * 500, state, state, "shelf")
    assert len(serials(ledger)) == 1
    forget_phone(ledger, "S" * 500, "shelf")
    assert serials(ledger) == []


def test_a_phone_that_told_who_it_is_is_never_forgotten(ledger: Engine) -> None:
    phone_online(ledger, "known", "usb", "shelf", "Model", "i1")
    phone_offline(ledger, "known", "unplugged", "shelf")
    phone_problem(ledger, "paused", "unauthorized", "adb says so", "shelf")
    phone_problem(ledger, "elsewhere", "unauthorized", "adb says so", "other")
    phone_problem(ledger, "new", "unauthorized", "adb says so", "shelf")

    def pause(session: object) -> None:
        session.get_one(Phone, "paused").paused = True  # type: ignore[attr-defined]

    write(ledger, pause)
    for serial in ("known", "paused", "elsewhere"):
        forget_phone(ledger, serial, "shelf")
    assert serials(ledger) == ["elsewhere", "known", "new", "paused"]
    forget_unknown_phones(ledger, "shelf")
    assert serials(ledger) == ["elsewhere", "known", "paused"]


def test_a_phone_at_usb_that_was_listed_first_is_the_one_that_comes_online(ledger: Engine) -> None:
    phone_problem(ledger, "R58M12ABCDE", "unauthorized", "adb says so", "shelf")
    phone_online(ledger, "R58M12ABCDE", "R58M12ABCDE", "shelf", "Model", "i1")
    phone = read(ledger, lambda session: session.get_one(Phone, "R58M12ABCDE"))
    assert (phone.state, phone.why, phone.model) == ("online", None, "Model")
