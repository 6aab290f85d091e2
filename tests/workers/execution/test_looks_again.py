"""Looks at an account that the ledger knows: what they cost, and that whatever is new is written down at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, select, update

from flows.app import App
from flows.failures import FlowFailure
from flows.identify import Account, read_account
from models.tables import Phone
from models.transactions.read_write import read, write
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.statements import statements
from workers.execution import identify_account
from workers.execution.identify_account import find_account
from workers.execution.worker import Worker
from workers.host import known_accounts
from workers.host.host_ledger import SqlLedger
from workers.host.known_accounts import KnownAccounts
from workers.host.leases import tell_alive

# The committed counts: statements, BEGIN among them. Whoever lowers one commits the lower count with the change.
FIRST_LOOK = 16
LOOK_AGAIN = 0
REPORT = 3  # of a host, whatever its phones saw again

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

Report = Callable[[], None]


@pytest.fixture
def ledger(sqlite_database: str) -> Iterator[Engine]:
    engine = copied_ledger(sqlite_database)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a host was told counts for as long as a test takes, on a busy machine too."""
    monkeypatch.setattr(identify_account, "FREE_SECONDS", math.inf)
    monkeypatch.setattr(identify_account, "LOOK_AGAIN_SECONDS", math.inf)
    monkeypatch.setattr(known_accounts, "VOID_SECONDS", math.inf)


@pytest.fixture
def report(worker: Worker) -> Report:
    """The report of the worker's host, which is otherwise due every 1.2 s."""
    told, accounts = SqlLedger("test", worker.engine, worker.engine), KnownAccounts()
    return lambda: tell_alive(told, [(worker.identity.incarnation, worker.identity.slot)], accounts)


@pytest.fixture
def known(worker: Worker, report: Report) -> Account:
    """The account on the phone, which the ledger knows, from long ago, and the worker knows that."""
    found = find_account(worker)
    assert found is not None
    assert not found.again
    write(worker.engine, lambda session: session.execute(update(Phone).values(account_read_at=LONG_AGO)))
    report()
    return found.account


def phone(engine: Engine) -> Phone:
    return read(engine, lambda session: session.scalars(select(Phone)).one())


def read_at(engine: Engine) -> datetime:
    at = phone(engine).account_read_at
    assert at is not None
    return at


def shows(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    monkeypatch.setattr(identify_account, "read_account", lambda _app: account)


def test_a_look_that_finds_the_known_account_asks_the_ledger_nothing(
    worker: Worker, report: Report, known: Account
) -> None:
    before = read_at(worker.engine)
    with statements(worker.engine) as asked:
        found = find_account(worker)
    assert found == identify_account.Found(known, again=True)
    assert len(asked) <= LOOK_AGAIN, asked
    assert read_at(worker.engine) == before
    with statements(worker.engine) as asked:
        report()
    assert len(asked) <= REPORT, asked
    assert read_at(worker.engine) > before


def test_a_first_look_costs_no_more_than_committed(worker: Worker) -> None:
    with statements(worker.engine) as asked:
        assert find_account(worker) is not None
    assert len(asked) <= FIRST_LOOK, asked


def test_another_account_is_in_the_ledger_at_once(
    worker: Worker, known: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows(monkeypatch, Account("another", "小红"))
    found = find_account(worker)
    assert found is not None
    assert not found.again
    assert phone(worker.engine).account_id == "another"


def test_an_account_with_a_new_name_is_in_the_ledger_at_once(
    worker: Worker, report: Report, known: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows(monkeypatch, Account(known.id, "renamed"))
    found = find_account(worker)
    assert found is not None
    assert not found.again
    report()
    found = find_account(worker)
    assert found is not None
    assert found.again


def test_a_log_out_is_in_the_ledger_at_once(worker: Worker, known: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def logged_out(_: App) -> Account:
        raise FlowFailure("logged_out", "nobody is logged in")

    monkeypatch.setattr(identify_account, "read_account", logged_out)
    assert find_account(worker) is None
    assert phone(worker.engine).account_id is None


@pytest.mark.parametrize("change", [{"account_id": None}, {"account_read_at": None}], ids=["unknown", "asked again"])
def test_a_look_that_the_ledger_asked_for_is_written_down_by_its_worker(
    worker: Worker, report: Report, known: Account, change: dict[str, object]
) -> None:
    write(worker.engine, lambda session: session.execute(update(Phone).values(change)))
    report()
    found = find_account(worker)
    assert found is not None
    assert not found.again
    assert phone(worker.engine).account_id == known.id
    assert phone(worker.engine).account_read_at is not None


def test_what_the_ledger_asked_for_during_the_look_is_written_down_with_the_next_one(
    worker: Worker, report: Report, known: Account
) -> None:
    found = find_account(worker)
    assert found is not None
    assert found.again
    write(worker.engine, lambda session: session.execute(update(Phone).values(account_read_at=None)))
    report()
    assert phone(worker.engine).account_read_at is None
    found = find_account(worker)
    assert found is not None
    assert not found.again
    assert phone(worker.engine).account_read_at is not None


def test_a_worker_whose_host_does_not_report_asks_and_tells_the_ledger_itself(
    worker: Worker, known: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identify_account, "FREE_SECONDS", -1.0)
    before = read_at(worker.engine)
    found = find_account(worker)
    assert found is not None
    assert not found.again
    assert read_at(worker.engine) > before


def test_a_phone_that_was_paused_is_not_looked_at(worker: Worker, report: Report, known: Account) -> None:
    write(worker.engine, lambda session: session.execute(update(Phone).values(paused=True)))
    report()
    calls = len(worker.connection.calls)
    assert find_account(worker) is None
    assert len(worker.connection.calls) == calls


def test_a_look_leaves_a_phone_when_its_host_learns_of_a_pause(
    worker: Worker, report: Report, known: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identify_account, "LOOK_AGAIN_SECONDS", 0.0)

    def look(app: App) -> Account:
        write(worker.engine, lambda session: session.execute(update(Phone).values(paused=True)))
        app.look()  # nobody knows yet
        report()
        return read_account(app)

    monkeypatch.setattr(identify_account, "read_account", look)
    before = read_at(worker.engine)
    assert find_account(worker) is None
    report()
    assert read_at(worker.engine) == before
