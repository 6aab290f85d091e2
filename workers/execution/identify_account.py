"""Identifies the account on a phone: reads it from the app and writes it into the ledger."""

from __future__ import annotations

import logging
import random
import time
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine, select

from flows.action import Action, ActionRefused
from flows.app import App
from flows.failures import FlowFailure, Stopped
from flows.identify import Account, read_account
from flows.packages.recording import Recording, RecordingPhone
from flows.profile import AppProfile
from flows.screen import Screen
from flows.session import Session
from models.fleet.app_version import note_app_version
from models.fleet.logins import account_gone, account_seen, account_unread
from models.tables import Phone
from models.transactions.read_write import read
from workers.execution.patched_profile import profile_for, propose_from, screens_of
from workers.execution.phone_connection import CALL_SECONDS
from workers.execution.worker import Worker
from workers.runtime.account_mark import account_mark
from workers.runtime.slots import Stop, own_slot
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity

log = logging.getLogger("phonefleet.identify")

MOST_SEEN = 40  # screens that a patch is proposed from
LOOK_AGAIN_SECONDS = 1.0  # between two looks whether a phone was paused
FREE_SECONDS = 2.0  # what the host was told is believed for so long: it asks every 1.2 s, and later on a busy machine


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
    """Watches an identification: it has no task and no lease, so it sees for itself whether it may go on."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(own_slot(), CALL_SECONDS)
        self._worker = worker
        self._ask_at = time.monotonic() + LOOK_AGAIN_SECONDS  # it was asked a moment ago

    def check(self) -> None:
        super().check()
        if _known_free(self._worker.identity):
            return
        if time.monotonic() >= self._ask_at:
            if not may_look(self._worker.engine, self._worker.identity):
                raise Stopped("the phone was paused, or is another worker's")
            self._ask_at = time.monotonic() + LOOK_AGAIN_SECONDS


def _known_free(identity: WorkerIdentity) -> bool:
    """True when the ledger has just told the host that this worker serves the phone, and that it is not paused."""
    slot = identity.slot
    told_at = slot.phone_free_at
    # 0 is no time: a machine that has just started counts from there
    return told_at > 0.0 and not slot.stop & Stop.DRAIN and time.monotonic() - told_at <= FREE_SECONDS


def may_look(engine: Engine, identity: WorkerIdentity) -> bool:
    """True when this worker serves the phone and the phone is not paused."""
    if identity.slot.stop & Stop.DRAIN:
        return False
    mine = (Phone.serial == identity.serial, Phone.incarnation == identity.incarnation, ~Phone.paused)
    return read(engine, lambda session: session.scalar(select(Phone.serial).where(*mine))) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """The account that a look found. `again`: it is the one that the ledger has, which its host tells the ledger."""

    account: Account
    again: bool


def identify(worker: Worker) -> Account | None:
    """Reads the logged-in account from the app, and records it. Returns None when the app does not tell."""
    found = find_account(worker)
    return None if found is None else found.account


def find_account(worker: Worker) -> Found | None:
    """As `identify`, and tells whether the account is the known one.

    Does not touch a paused phone, even one paused meanwhile: a person may be logging an account in.
    """
    engine, serial, connection = worker.engine, worker.identity.serial, worker.connection
    if serial is None or not (_known_free(worker.identity) or may_look(engine, worker.identity)):
        return None
    began, watch = time.monotonic(), _LookWatch(worker)
    try:
        version = connection.version_of(worker.profile.package)
        _note_version(worker, serial, version)
        account = _read(worker, watch, version)
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
    again = _seen_again(worker.identity, account, began)
    if not again:
        account_seen(engine, serial, account.id, account.name)
    connection.note_account(account.id)
    return Found(account, again)


def _seen_again(identity: WorkerIdentity, account: Account, began: float) -> bool:
    """Leaves it to the host to tell of the account, if it is the one that the ledger had a moment ago."""
    mark = account_mark(account.id, account.name)
    if not _known_free(identity) or identity.slot.known_account != mark:
        return False
    identity.slot.see_again(mark, began)
    return True


def _read(worker: Worker, watch: _LookWatch, version: str | None) -> Account:
    """Reads the account, in a version of the app that is new by the patch in use, or else by one proposed at once."""
    profile = worker.profile
    read_by = profile_for(worker.engine, profile, version)
    seen: list[Screen] = []
    try:
        return _read_with(worker, watch, read_by.profile, seen)
    except FlowFailure as failure:
        if failure.code != "page_drift" or version is None or not read_by.untried or read_by.patch is not None:
            raise

        def walk(patched: AppProfile) -> list[Screen]:
            with suppress(FlowFailure):
                _read_with(worker, watch, patched, seen)
            return seen[-MOST_SEEN:]

        if not propose_from(worker, profile, version, screens_of(worker), walk):
            raise
    return _read_with(worker, watch, profile_for(worker.engine, profile, version).profile, seen)


def _read_with(worker: Worker, watch: _LookWatch, profile: AppProfile, seen: list[Screen]) -> Account:
    session = Session(
        phone=RecordingPhone(worker.connection.connect(), Recording("identify"), seen.append),
        profile=profile,
        account_id="",
        rng=random.Random(0),
        journal=_NoJournal(),
        watch=watch,
    )
    app = App(session)
    return app.through_crashes(lambda: read_account(app))


def _note_version(worker: Worker, serial: str, version: str | None) -> None:
    """Stores the app's version before any page is read: a page that a new version changed may be the next one."""
    if version is None:
        return
    profile, known = worker.profile, worker.profile.knows_version(version)
    if worker.connection.noted == (version, profile.versions):
        return
    news = note_app_version(worker.engine, serial, version, known=known, tried=profile.versions)
    worker.connection.noted = (version, profile.versions)
    if news:
        tried = ", ".join(profile.versions)
        log.warning("phone %s has %s %s; its profile was tried with %s", serial, profile.package, version, tried)
