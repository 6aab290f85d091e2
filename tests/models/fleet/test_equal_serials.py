"""Several phones with one serial, as the ledger tells of them."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.database.clock import database_now
from models.fleet.equal_serials import equal_serials
from models.fleet.fitness import why_not
from models.fleet.phones import phone_offline, phone_online
from models.notify.alerts import latest_alerts
from models.tables import Alert, Phone
from models.transactions.read_write import read

SERIAL = "0123456789ABCDEF"
WAYS = ("usb:1-4 (Model)", "usb:1-5 (Model)")


def alerts(engine: Engine) -> list[Alert]:
    return list(read(engine, lambda session: latest_alerts(session, 50)))


def phone(engine: Engine, serial: str = SERIAL) -> Phone:
    return read(engine, lambda session: session.get_one(Phone, serial))


@pytest.mark.parametrize("known", [True, False])
def test_one_alert_names_both_phones_and_neither_works(ledger: Engine, known: bool) -> None:
    if known:
        phone_online(ledger, SERIAL, "usb:1-4", "shelf", "Model", "i1")
    equal_serials(ledger, SERIAL, "Model", "shelf", WAYS)
    equal_serials(ledger, SERIAL, "Model", "shelf", (*WAYS, "10.0.0.7:5555 (Model)"))
    (alert,) = alerts(ledger)
    assert (alert.kind, alert.subject, alert.over_at) == ("equal_serials", f"phone:{SERIAL}", None)
    assert all(way in alert.text for way in WAYS)
    assert "PHONEFLEET_PHONE_NAMES=" in alert.remedy
    here = phone(ledger)
    unfit = why_not(here, read(ledger, database_now))
    assert (here.state, here.incarnation) == ("equal serials", None)
    assert unfit is not None
    assert "10.0.0.7:5555" in unfit.why
    assert unfit.remedy == alert.remedy


@pytest.mark.parametrize("ends", ["online", "offline"])
def test_the_alert_ends_by_itself_and_comes_again(ledger: Engine, ends: str) -> None:
    equal_serials(ledger, SERIAL, "Model", "shelf", WAYS)
    if ends == "online":
        phone_online(ledger, SERIAL, "usb:1-5", "shelf", "Model", "i2")
    else:
        phone_offline(ledger, SERIAL, "unplugged", "shelf")
    assert [one.over_at is None for one in alerts(ledger)] == [False]
    assert phone(ledger).state == ends
    equal_serials(ledger, SERIAL, "Model", "shelf", WAYS)
    assert [one.over_at is None for one in alerts(ledger)] == [True, False]


def test_a_phone_in_the_hands_of_another_host_goes_on(ledger: Engine) -> None:
    phone_online(ledger, SERIAL, "usb:1-4", "other", "Model", "i1")
    equal_serials(ledger, SERIAL, "Model", "shelf", WAYS)
    assert len(alerts(ledger)) == 1
    assert (phone(ledger).host, phone(ledger).state) == ("other", "online")


def test_texts_of_any_length_are_told(ledger: Engine) -> None:
    ways = [f"usb:1-{number} ({'M' * 150})" for number in range(30)]
    equal_serials(ledger, SERIAL, "M" * 5000, "shelf", ways)
    assert phone(ledger).why is not None
    assert "usb:1-29" in (phone(ledger).why or "")
