"""An app that was updated under the fleet: reads go on by a patch, and acts wait for a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from flows.action import Action, ActionKind, ActionRefused
from flows.app import App
from flows.failures import FlowFailure
from flows.pages.feed import FeedPage
from flows.pages.me import MePage
from models.responsible_use.profile_patches import accept_patch, list_patches
from models.transactions.read_write import read, write
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.drive import AUTHOR, online_worker, owned_author, plant, ready, take, titles
from tests.support.shelf import Shelf
from workers.attempts.claim import Claim
from workers.execution import identify_account
from workers.execution.identify_account import identify
from workers.execution.phone_session import open_session
from workers.execution.worker import Worker
from workers.runtime.slots import own_slot
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

LONG = 600.0  # seconds that an attempt may take
ALL_RENAMED = 3  # a seed whose update gives every id a name without meaning
LIKE = Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看")


@pytest.fixture
def ledger(sqlite_database: str) -> Iterator[Engine]:
    engine = copied_ledger(sqlite_database)
    yield engine
    engine.dispose()


@pytest.fixture
def worker(shelf: Shelf, ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker of the first phone, whose apps were updated; it has time, however busy the machine is."""
    monkeypatch.setattr(identify_account, "CALL_SECONDS", LONG)
    told = shelf.phones[0]
    shelf.heal("*")
    shelf.post("/update", phone="*", seed=ALL_RENAMED, kinds=["ids_renamed"])
    shown = online_worker(ledger, told["serial"], told["account"])
    identity = WorkerIdentity(
        told["serial"], told["address"], shelf.adb.port, shown.host, shown.incarnation, own_slot()
    )
    worker = Worker.of(identity, ledger, settings())
    yield worker
    worker.connection.close()
    shelf.post("/update", phone="*", seed=None)


def claimed(engine: Engine, worker: Worker, account: str) -> Claim:
    owned_author(engine)
    (one,) = ready(engine, plant(engine, titles(queue=f"account.{account}")))
    return replace(take(engine, one, worker.identity), account_id=account)


def watch(worker: Worker) -> SlotWatch:
    now = time.monotonic()
    worker.identity.slot.begin("0" * 36, 1, lease_until=now + LONG, hard_limit=now + LONG)
    return SlotWatch(worker.identity.slot, LONG)


def look_for_feed(worker: Worker, claim: Claim) -> None:
    with open_session(worker, claim, watch(worker)) as session:
        app = App(session)
        app.restart()
        app.see(FeedPage, looks=5)


def test_an_update_is_noticed_before_a_task_and_the_account_is_read_by_the_patch(
    worker: Worker, ledger: Engine, shelf: Shelf
) -> None:
    account = identify(worker)
    assert account is not None
    assert account.id == shelf.phones[0]["account"]
    (patch,) = read(ledger, list_patches)
    assert (patch.package, patch.app_version) == (worker.profile.package, "2.4.103")
    assert patch.accepted_at is None
    assert patch.proposed_by == worker.identity.serial
    assert identify(worker) is not None
    assert len(read(ledger, list_patches)) == 1, "the patch in use is not proposed again"


def test_a_task_reads_by_the_patch_and_acts_once_a_person_accepted_it(
    worker: Worker, ledger: Engine, shelf: Shelf
) -> None:
    assert identify(worker) is not None
    claim = replace(claimed(ledger, worker, shelf.phones[0]["account"]), flow="directed")
    (patch,) = read(ledger, list_patches)
    with open_session(worker, claim, watch(worker)) as session:
        app = App(session)
        app.restart()
        app.see(FeedPage, MePage)
        with pytest.raises(ActionRefused, match="nobody accepted"):
            session.journal.declare(LIKE)
        assert session.journal.refusal(LIKE) is not None
    write(ledger, lambda session: accept_patch(session, patch.id, who="lin", why=""))
    with open_session(worker, claim, watch(worker)) as session:
        assert session.journal.declare(LIKE) > 0


def test_a_page_that_a_task_does_not_know_any_more_has_a_patch_proposed(
    worker: Worker, ledger: Engine, shelf: Shelf
) -> None:
    """The task fails by its own reason; the next one reads."""
    claim = claimed(ledger, worker, shelf.phones[0]["account"])
    with pytest.raises(FlowFailure, match="page_drift"):
        look_for_feed(worker, claim)
    assert len(read(ledger, list_patches)) == 1
    look_for_feed(worker, claim)


def test_an_app_without_a_recorded_screen_gets_no_patch_and_fails_as_before(
    worker: Worker, ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.execution.patched_profile.screens_of", lambda *_: None)
    monkeypatch.setattr("workers.execution.identify_account.screens_of", lambda *_: None)
    assert identify(worker) is None
    assert read(ledger, list_patches) == []
