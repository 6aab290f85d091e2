"""Identifies the account on a phone: reads it from the app and writes it into the ledger."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from sqlalchemy import Engine, select

from flows.action import Action, ActionRefused
from flows.app import App
from flows.failures import FlowFailure, Stopped
from flows.identify import Account, read_account
from flows.session import Session
from models.fleet.app_version import note_app_version
from models.fleet.logins import account_gone, account_seen, account_unread
from models.tables import Phone
from models.transactions.read_write import read
from workers.execution.phone_connection import CALL_SECONDS
from workers.execution.worker import Worker
from workers.runtime.slots import Stop, own_slot
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity

log = logging.getLogger("phonefleet.identify")

LOOK_AGAIN_SECONDS = 1.0  # between two looks whether a phone was paused


class _NoJournal:
    """The journal of an identification, which performs no action."""

    def done(self) -> list[Action]:
        return []

    def verified(self, action: Action) -> bool:
        return False

    def refusal(self, action: Action) -> ActionRefused | None:
        return ActionRefused("no_basis", "nothing may be done here")

    def declare(self, action: Action) -> int:
        raise ActionRefused("no_basis", "nothing may be done here")

    def confirm(self, number: int, *, verified: bool) -> None:
        raise AssertionError("nothing was declared")

    def refute(self, number: int, reason: str) -> None:
        raise AssertionError("nothing was declared")


class _LookWatch(SlotWatch):
    """Watches an identification: it has no task and no lease, so it asks the ledger itself whether it may go on."""

    def __init__(self, may_go_on: Callable[[], bool]) -> None:
        super().__init__(own_slot(), CALL_SECONDS)
        self._may_go_on = may_go_on
        self._ask_at = 0.0

    def check(self) -> None:
        super().check()
        if time.monotonic() >= self._ask_at:
            if not self._may_go_on():
                raise Stopped("the phone was paused, or is another worker's")
            self._ask_at = time.monotonic() + LOOK_AGAIN_SECONDS


def may_look(engine: Engine, identity: WorkerIdentity) -> bool:
    """True when this worker serves the phone and the phone is not paused."""
    if identity.slot.stop & Stop.DRAIN:
        return False
    mine = (Phone.serial == identity.serial, Phone.incarnation == identity.incarnation, ~Phone.paused)
    return read(engine, lambda session: session.scalar(select(Phone.serial).where(*mine))) is not None


def identify(worker: Worker) -> Account | None:
    """Reads the logged-in account from the app, and records it. Returns None when the app does not tell.

    Does not touch a paused phone, even one paused meanwhile: a person may be logging an account in.
    """
    engine, serial, connection = worker.engine, worker.identity.serial, worker.connection
    if serial is None or not may_look(engine, worker.identity):
        return None
    watch = _LookWatch(lambda: may_look(engine, worker.identity))
    try:
        phone = connection.connect()
        _note_version(worker, serial, phone.app_version(worker.profile.package))
        session = Session(
            phone=phone,
            profile=worker.profile,
            account_id="",
            rng=random.Random(0),
            journal=_NoJournal(),
            watch=watch,
        )
        app = App(session)
        account = app.through_crashes(lambda: read_account(app))
    except Stopped as stopped:
        log.info("nobody looks who is logged in on phone %s: %s", serial, stopped)
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, people read why the account is not known
        connection.close()
        if isinstance(error, FlowFailure) and error.code == "logged_out":
            account_gone(engine, serial, str(error))
        else:
            account_unread(engine, serial, f"cannot tell who is logged in: {error}")
        return None
    account_seen(engine, serial, account.id, account.name)
    connection.note_account(account.id)
    return account


def _note_version(worker: Worker, serial: str, version: str | None) -> None:
    """Stores the app's version before any page is read: a page that a new version changed may be the next one."""
    if version is None:
        return
    profile, known = worker.profile, worker.profile.knows_version(version)
    if note_app_version(worker.engine, serial, version, known=known, tried=profile.versions):
        tried = ", ".join(profile.versions)
        log.warning("phone %s has %s %s; its profile was tried with %s", serial, profile.package, version, tried)
