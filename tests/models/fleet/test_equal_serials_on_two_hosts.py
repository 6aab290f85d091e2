"""Two hosts that each have a phone of one serial: the first goes on, the second waits, and people are told of both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from models.database.clock import database_now
from models.fleet.equal_serials import equal_serials, waits_for_other_host
from models.fleet.fitness import why_not
from models.fleet.phones import ServedElsewhere, phone_offline, phone_online, phone_problem
from models.fleet.unknown_phones import forget_unknown_phones
from models.fleet.waiting_phones import drop_silent_rivals, rival_name
from models.notify.alerts import latest_alerts
from models.tables import Alert, Phone
from models.transactions.read_write import read, write

SERIALS = ("0123456789ABCDEF", "x" * 191, "50% on host a_b", "序列号")


def alerts(engine: Engine) -> list[Alert]:
    return list(read(engine, lambda session: latest_alerts(session, 50)))


def phones(engine: Engine) -> dict[tuple[str, str], Phone]:
    found = read(engine, lambda session: session.query(Phone).all())
    return {(one.serial, one.host): one for one in found}


def both(ledger: Engine, serial: str = SERIALS[0]) -> None:
    """The first host serves its phone; the second one's waits."""
    phone_online(ledger, serial, "usb:1-4", "first", "Model A", "i1")
    with pytest.raises(ServedElsewhere):
        phone_online(ledger, serial, "usb:2-1", "second", "Model B", "i2")
    waits_for_other_host(ledger, serial, "usb:2-1", "Model B", "second")


@pytest.mark.parametrize("serial", SERIALS)
def test_one_alert_names_both_hosts_and_how_to_tell_the_phones_apart(ledger: Engine, serial: str) -> None:
    both(ledger, serial)
    waits_for_other_host(ledger, serial, "usb:2-1", "Model B", "second")
    (alert,) = alerts(ledger)
    assert (alert.kind, alert.over_at) == ("equal_serials", None)
    told = ("first", "second", serial, "usb:1-4 (Model A)", "usb:2-1 (Model B)")
    assert [word for word in told if word not in alert.text] == []
    assert "PHONEFLEET_PHONE_NAMES=usb:2-1=" in alert.remedy
    found = phones(ledger)
    assert found[serial, "first"].state == "online"
    waiting = found[rival_name(serial, "second"), "second"]
    unfit = why_not(waiting, read(ledger, database_now))
    assert unfit is not None
    assert alert.text in unfit.why
    assert "PHONEFLEET_PHONE_NAMES=" in unfit.remedy


def named(ledger: Engine) -> None:
    phone_problem(ledger, SERIALS[0], "offline", "its host stopped", "second")
    phone_online(ledger, "left", "usb:2-1", "second", "Model B", "i3")


def taken_over(ledger: Engine) -> None:
    phone_problem(ledger, SERIALS[0], "offline", "gone", "first")
    phone_online(ledger, SERIALS[0], "usb:2-1", "second", "Model B", "i3")


ENDS: dict[str, Callable[[Engine], object]] = {
    "the second phone is unplugged": lambda ledger: phone_problem(ledger, SERIALS[0], "offline", "gone", "second"),
    "the second phone has a name": named,
    "the second host was killed and begins": lambda ledger: forget_unknown_phones(ledger, "second"),
    "the second host is gone": lambda ledger: drop_silent_rivals(ledger, -1),
    "the first phone is unplugged": taken_over,
}


@pytest.mark.parametrize("end", ENDS)
def test_the_alert_and_the_waiting_phone_go_by_themselves(ledger: Engine, end: str) -> None:
    both(ledger)
    ENDS[end](ledger)
    assert [one.over_at is None for one in alerts(ledger)] == [False]
    assert (rival_name(SERIALS[0], "second"), "second") not in phones(ledger)


@pytest.mark.parametrize(
    "other", ["the first phone stays", "a third host waits as well", "the second host has another phone"]
)
def test_what_is_not_over_stays(ledger: Engine, other: str) -> None:
    both(ledger)
    if other == "a third host waits as well":
        waits_for_other_host(ledger, SERIALS[0], "usb:3-1", "Model C", "third")
        phone_problem(ledger, SERIALS[0], "offline", "gone", "third")
    elif other == "the second host has another phone":
        phone_online(ledger, "S2", "usb:2-2", "second", "Model B", "i4")
        phone_offline(ledger, "S2", "unplugged", "second")
    assert drop_silent_rivals(ledger) == 0
    assert [one.over_at for one in alerts(ledger) if "second" in one.text] == [None]
    assert phones(ledger)[rival_name(SERIALS[0], "second"), "second"].state == "equal serials"


@pytest.mark.parametrize("first", ["stopped", "silent", "never there"])
def test_a_wait_that_has_an_end_raises_no_alert(ledger: Engine, first: str) -> None:
    if first != "never there":
        phone_online(ledger, SERIALS[0], "usb:1-4", "first", "Model A", "i1")
    if first == "stopped":
        phone_offline(ledger, SERIALS[0], "its host stopped", "first")
    elif first == "silent":
        write(ledger, lambda session: _set_silent(session.get_one(Phone, SERIALS[0])))
    waits_for_other_host(ledger, SERIALS[0], "usb:2-1", "Model B", "second")
    assert alerts(ledger) == []
    assert [host for _, host in phones(ledger)] == ([] if first == "never there" else ["first"])


def _set_silent(phone: Phone) -> None:
    phone.state = "silent"


def test_of_two_phones_on_the_second_host_one_that_is_left_waits(ledger: Engine) -> None:
    phone_online(ledger, SERIALS[0], "usb:1-4", "first", "Model A", "i1")
    equal_serials(ledger, SERIALS[0], "Model B", "second", ("usb:2-1 (Model B)", "usb:2-2 (Model B)"))
    waits_for_other_host(ledger, SERIALS[0], "usb:2-1", "Model B", "second")
    assert [(one.over_at is None, "first" in one.text) for one in alerts(ledger)] == [(True, True), (False, False)]
    phone_problem(ledger, SERIALS[0], "offline", "gone", "second")
    assert [one for one in alerts(ledger) if one.over_at is None] == []


def test_two_phones_on_the_second_host_that_both_go_end_their_alert(ledger: Engine) -> None:
    phone_online(ledger, SERIALS[0], "usb:1-4", "first", "Model A", "i1")
    equal_serials(ledger, SERIALS[0], "Model B", "second", ("usb:2-1 (Model B)", "usb:2-2 (Model B)"))
    phone_problem(ledger, SERIALS[0], "offline", "gone", "second")
    assert [one.over_at is None for one in alerts(ledger)] == [False]
