"""What a customer sees of a phone: nothing of the operator's people, other accounts or other customers' tasks."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway.api.views import phone_view
from models.tables import Phone
from models.transactions.read_write import write
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.drive import now, online_worker
from workers.control.phone_pause import pause_phone

HIDDEN = ("Zhang", "drinks", "acc-77", "SIM9", "secret-comment")


def told(engine: Engine, **columns: object) -> None:
    def work(session: Session) -> None:
        phone = session.get_one(Phone, "p1")
        for name, value in columns.items():
            setattr(phone, name, value)

    write(engine, work)


@pytest.fixture
def acme(api: Api) -> Caller:
    return api.caller("acme")


@pytest.fixture
def phone(api: Api) -> None:
    online_worker(api.engine, "p1")


@pytest.mark.usefixtures("phone")
def test_the_operators_pause_has_no_name_and_no_reason(api: Api, acme: Caller) -> None:
    pause_phone(api.engine, "p1", who="Zhang", why="it drinks battery")
    (seen,) = acme.client.phones()
    assert (seen["paused"], seen["paused_why"]) == (True, "phone p1 is paused by the operator")


@pytest.mark.usefixtures("phone")
@pytest.mark.parametrize(
    "columns",
    [
        {"why": "account acc-77 is logged in on phone SIM9 too", "twice_since": "NOW"},
        {"why": "account acc-77 is on phone SIM9 too, which is asked to look again", "account_id": None},
        {"why": "acc-77 was logged out"},
        {"quarantine_why": "in quarantine for 20 s: secret-comment failed", "quarantined_until": "NOW"},
        {"paused": True, "paused_why": "phone p1 is paused by Zhang: phone p1 is paused over the API"},
        {"paused": False, "paused_why": "phone p1 is paused by Zhang"},
    ],
)
def test_nothing_of_others_is_shown(api: Api, acme: Caller, columns: dict[str, object]) -> None:
    moment = now(api.engine)
    told(api.engine, **{name: moment if value == "NOW" else value for name, value in columns.items()})
    shown = json.dumps(acme.client.phones())
    assert [word for word in HIDDEN if word in shown] == []


def test_a_state_keeps_its_reason(api: Api) -> None:
    online_worker(api.engine, "p1")
    told(api.engine, state="offline", why="its host stopped")

    def work(session: Session) -> str | None:
        return phone_view(session.get_one(Phone, "p1"), None, busy=False).why

    assert write(api.engine, work) == "its host stopped"
