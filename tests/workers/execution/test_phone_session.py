"""The hand: between two tasks a worker has its phone, if it can be had, and holds nobody up over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select, update

from flows.app import App
from flows.identify import Account
from flows.phone import PhoneError
from models.database.engine import connect
from models.fleet.phones import phone_online
from models.migrate import upgrade
from models.tables import Phone
from models.tasks.fence import Fence
from models.transactions.read_write import read, write
from tests.support.phones import Hold
from tests.support.shelf import Shelf
from workers.attempts.claim import Claim
from workers.execution import phone_session
from workers.execution.phone_session import identify, open_session, reach_phone
from workers.runtime.slots import Stop, own_slot
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity


@pytest.fixture
def seat(shelf: Shelf, hold: Hold) -> Iterator[WorkerIdentity]:
    """The seat of a worker of the first phone, which nobody has in hand."""
    told = shelf.phones[0]
    yield WorkerIdentity(told["serial"], told["address"], shelf.adb.port, "test", "life-1", own_slot())
    phone_session._hand.let_go()


def in_hand() -> bool:
    return phone_session._hand.phone is not None


def test_a_phone_is_taken_in_hand_once_and_again_when_the_connection_broke(seat: WorkerIdentity) -> None:
    reach_phone(seat)
    first = phone_session._hand.phone
    assert first is not None
    assert first.look().size == (1080, 2400)
    reach_phone(seat)
    assert phone_session._hand.phone is first
    phone_session._hand.let_go()
    reach_phone(seat)
    assert in_hand()


def test_a_phone_that_hangs_is_left_to_the_next_task(
    shelf: Shelf, seat: WorkerIdentity, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.fault("hang")
    with monkeypatch.context() as short, caplog.at_level("INFO", "phonefleet.hand"):
        short.setattr(phone_session, "REACH_SECONDS", 0.5)
        reach_phone(seat)
    assert not in_hand()
    assert "is not in hand yet: time_limit" in caplog.text  # the time to reach it ended this, not that it was hung
    shelf.heal("*")
    reach_phone(seat)
    assert in_hand()


def test_a_worker_that_is_to_end_takes_nothing_in_hand(seat: WorkerIdentity) -> None:
    seat.slot.ask(Stop.DRAIN, seat.slot.turn)
    reach_phone(seat)
    assert not in_hand()


def test_a_desk_has_no_phone(seat: WorkerIdentity) -> None:
    reach_phone(WorkerIdentity(None, "", 5038, "test", "life-1", own_slot()))
    assert not in_hand()


@pytest.fixture
def ledger(sqlite_database: str, seat: WorkerIdentity) -> Iterator[Engine]:
    """A ledger that knows the phone."""
    engine = connect(sqlite_database)
    upgrade(engine)
    phone_online(engine, seat.serial or "", seat.address, seat.host, "SimPhone", seat.incarnation)
    yield engine
    engine.dispose()


def change_phone(engine: Engine, **values: object) -> None:
    write(engine, lambda session: session.execute(update(Phone).values(values)))


def test_who_is_logged_in_is_read_from_the_app(seat: WorkerIdentity, ledger: Engine, shelf: Shelf) -> None:
    account = identify(ledger, seat)
    assert account is not None
    assert account.id == shelf.phones[0]["account"]
    assert read(ledger, lambda session: session.scalars(select(Phone.account_id)).one()) == account.id


@pytest.mark.parametrize("change", [{"paused": True}, {"incarnation": "another"}, {"incarnation": None}])
def test_a_phone_that_is_a_persons_or_another_workers_is_not_looked_at(
    seat: WorkerIdentity, ledger: Engine, change: dict[str, object]
) -> None:
    change_phone(ledger, **change)
    assert identify(ledger, seat) is None
    assert not in_hand()


def test_a_look_leaves_a_phone_that_is_paused_meanwhile(
    seat: WorkerIdentity, ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_session, "LOOK_AGAIN_SECONDS", 0.0)
    touched: list[str] = []

    def look(app: App) -> Account:
        touched.append("before")
        app.look()
        change_phone(ledger, paused=True)
        app.look()
        touched.append("after")
        raise AssertionError("it went on")

    monkeypatch.setattr(phone_session, "read_account", look)
    assert identify(ledger, seat) is None
    assert touched == ["before"]
    assert read(ledger, lambda session: session.scalars(select(Phone.why)).one()) is None


def test_a_call_that_was_sent_and_not_answered_in_time_leaves_nothing_queued_for_the_next_task(
    seat: WorkerIdentity, ledger: Engine
) -> None:
    for sent, kept in ((False, True), (True, False)):
        reach_phone(seat)
        fence = Fence("t", 1, seat.incarnation)
        got = Claim(fence, "c", "nurture", (), {}, "a", seat.serial, 1, (), False, 60.0, 60.0, 0.0)
        with pytest.raises(PhoneError), open_session(ledger, seat, got, SlotWatch(own_slot(), 60)):
            raise PhoneError("time_limit", "its time was over", sent=sent)
        assert in_hand() is kept
