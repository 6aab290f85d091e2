"""The hand: between two tasks a worker has its phone, if it can be had, and holds nobody up over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from celery.states import SUCCESS
from sqlalchemy import Engine, create_engine, select, update

from flows.app import App
from flows.failures import FlowFailure
from flows.identify import Account
from flows.phone import PhoneError
from models.fleet.app_version import untried_app
from models.tables import Phone
from models.tasks.fence import Fence
from models.transactions.read_write import read, write
from tests.support.ledger.copied import copied_ledger
from tests.support.shelf import Shelf
from workers.attempts.claim import Claim
from workers.dispatch.celery_state import TicketOutcome
from workers.execution import identify_account, phone_connection
from workers.execution.identify_account import identify
from workers.execution.phone_session import open_session
from workers.execution.run import LOST, be_ready
from workers.execution.worker import Worker
from workers.runtime.slots import Stop, own_slot
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings


@pytest.fixture
def ledger(sqlite_database: str) -> Iterator[Engine]:
    engine = copied_ledger(sqlite_database)
    yield engine
    engine.dispose()


def test_a_phone_is_taken_in_hand_once_and_again_when_the_connection_broke(worker: Worker) -> None:
    worker.connection.connect_ahead()
    first = worker.connection.phone
    assert first is not None
    assert first.look().size == (1080, 2400)
    worker.connection.connect_ahead()
    assert worker.connection.phone is first
    worker.connection.close()
    worker.connection.connect_ahead()
    assert worker.connection.phone is not None


def test_a_worker_whose_attempt_was_lost_connects_again_to_a_phone_that_is_still_its_own(worker: Worker) -> None:
    be_ready(worker, LOST)
    assert is_connected(worker)


@pytest.mark.parametrize("change", [{"incarnation": "life-2"}, {"paused": True}], ids=["another's", "paused"])
def test_and_leaves_one_alone_that_is_not(worker: Worker, change: dict[str, object]) -> None:
    change_phone(worker.engine, **change)
    be_ready(worker, LOST)
    assert not is_connected(worker)


def test_and_leaves_it_alone_while_the_ledger_cannot_say_whose_it_is(worker: Worker) -> None:
    gone = replace(worker, engine=create_engine("sqlite:////nowhere/ledger.db"))
    be_ready(gone, LOST)
    assert not is_connected(gone)
    be_ready(gone, TicketOutcome(SUCCESS, ""))
    assert is_connected(gone)


def test_a_phone_that_hangs_is_left_to_the_next_task(
    shelf: Shelf, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.fault("hang")
    with monkeypatch.context() as short, caplog.at_level("INFO", "phonefleet.phone"):
        short.setattr(phone_connection, "CONNECT_SECONDS", 0.5)
        worker.connection.connect_ahead()
    assert not is_connected(worker)
    assert "is not connected yet: time_limit" in caplog.text  # the time to reach it ended this, not that it was hung
    shelf.heal("*")
    worker.connection.connect_ahead()
    assert worker.connection.phone is not None


def test_a_worker_that_is_to_end_takes_nothing_in_hand(worker: Worker) -> None:
    worker.identity.slot.ask(Stop.DRAIN, worker.identity.slot.turn)
    worker.connection.connect_ahead()
    assert not is_connected(worker)


def test_a_desk_has_no_phone(worker: Worker) -> None:
    desk = WorkerIdentity(None, "", 5038, "test", "life-1", own_slot())
    at_desk = Worker.of(desk, worker.engine, settings())
    at_desk.connection.connect_ahead()
    assert not is_connected(at_desk)


def is_connected(worker: Worker) -> bool:
    return worker.connection.phone is not None


def change_phone(engine: Engine, **values: object) -> None:
    write(engine, lambda session: session.execute(update(Phone).values(values)))


def test_who_is_logged_in_is_read_from_the_app(worker: Worker, ledger: Engine, shelf: Shelf) -> None:
    account = identify(worker)
    assert account is not None
    assert account.id == shelf.phones[0]["account"]
    assert read(ledger, lambda session: session.scalars(select(Phone.account_id)).one()) == account.id


def test_the_apps_version_is_read_even_when_nobody_is_logged_in_and_an_untried_one_is_logged_once(
    worker: Worker, ledger: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def drifted(_: App) -> Account:
        raise FlowFailure("page_drift", "the page of the account is another one")

    with monkeypatch.context() as changed, caplog.at_level("WARNING", "phonefleet.identify"):
        changed.setattr(identify_account, "read_account", drifted)
        assert identify(worker) is None
        (tried,) = worker.profile.versions
        assert read(ledger, lambda session: session.scalars(select(Phone.app_version)).one()) == tried
        assert caplog.messages == []
        other = replace(worker, profile=worker.profile.model_copy(update={"versions": ("1.0", "2.0")}))
        assert identify(other) is None
        assert identify(other) is None
    said = (
        f"phone {shelf.phones[0]['serial']} has {worker.profile.package} {tried}; its profile was tried with 1.0, 2.0"
    )
    assert caplog.messages == [said]
    assert identify(worker) is not None
    assert untried_app(read(ledger, lambda session: session.scalars(select(Phone)).one())) is None


@pytest.mark.parametrize("change", [{"paused": True}, {"incarnation": "another"}, {"incarnation": None}])
def test_a_phone_that_is_a_persons_or_another_workers_is_not_looked_at(
    worker: Worker, ledger: Engine, change: dict[str, object]
) -> None:
    change_phone(ledger, **change)
    assert identify(worker) is None
    assert not is_connected(worker)


def test_a_look_leaves_a_phone_that_is_paused_meanwhile(
    worker: Worker, ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identify_account, "LOOK_AGAIN_SECONDS", 0.0)
    touched: list[str] = []

    def look(app: App) -> Account:
        touched.append("before")
        app.look()
        change_phone(ledger, paused=True)
        app.look()
        touched.append("after")
        raise AssertionError("it went on")

    monkeypatch.setattr(identify_account, "read_account", look)
    assert identify(worker) is None
    assert touched == ["before"]
    assert read(ledger, lambda session: session.scalars(select(Phone.why)).one()) is None


def test_a_call_that_was_sent_and_not_answered_in_time_leaves_nothing_queued_for_the_next_task(
    worker: Worker, ledger: Engine
) -> None:
    for sent, kept in ((False, True), (True, False)):
        worker.connection.connect_ahead()
        fence = Fence("t", 1, worker.identity.incarnation)
        got = Claim(fence, "c", "nurture", (), {}, "a", worker.identity.serial, 1, (), False, 60.0, 60.0, 0.0)
        with pytest.raises(PhoneError), open_session(worker, got, SlotWatch(own_slot(), 60)):
            raise PhoneError("time_limit", "its time was over", sent=sent)
        assert is_connected(worker) is kept
