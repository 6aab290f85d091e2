"""Opens a flow's session for one attempt, over the worker's connection to its phone."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from flows.action import ActionKind
from flows.app import App
from flows.failures import FlowFailure
from flows.home import go_home
from flows.packages.recording import Recording, RecordingPhone
from flows.phone import PhoneError
from flows.registry import profile_of
from flows.screen import Screen
from flows.session import Session
from flows.specs.catalogue import spec_of
from workers.attempts.claim import Claim
from workers.execution.ledger_journal import LedgerJournal
from workers.execution.patched_profile import profile_for, propose_from, screens_of
from workers.execution.worker import Worker
from workers.runtime.watch import SlotWatch

log = logging.getLogger("phonefleet.phone")

LEAVE_SECONDS = 5.0
MOST_SEEN = 40  # screens before a page drift, from which a patch is proposed
# After these the connection is made anew, whatever state the old one is in.
BROKEN = frozenset({"phone_lost", "phone_hung", "ui_server_lost", "network_down"})


@contextmanager
def open_session(worker: Worker, claim: Claim, watch: SlotWatch) -> Iterator[Session]:
    """Opens a session for one attempt. Closes a broken connection, so that the next attempt makes a new one.

    A packaged flow may bring an app of its own: see `leave_other_app`. In a version with which its profile was not
    tried, the app is read by the patch in use.
    """
    connection, account_id = worker.connection, claim.account_id or ""
    profile = profile_of(claim.flow, claim.flow_version) or worker.profile
    elsewhere = profile.package != worker.profile.package
    lately = connection.read_lately(account_id)
    seen: list[Screen] = []
    version: str | None = None
    with connection.within(watch.remaining):
        try:
            phone = connection.connect()
            phone.before_look = partial(worker.pictures.take, phone)
            version = _version(worker, profile.package)
            read_by = profile_for(worker.engine, profile, version)
            connection.session = Session(
                phone=RecordingPhone(phone, Recording(claim.flow), seen.append) if read_by.untried else phone,
                profile=read_by.profile,
                account_id=account_id,
                account_read_lately=lately,
                rng=random.Random(f"{claim.seed}:{claim.fence.attempt}"),
                journal=_journal(worker, claim, read_by.patch),
                watch=watch,
                scrolls=connection.scrolls,
            )
            yield connection.session
            if not lately and not elsewhere:
                connection.note_account(account_id)
        except PhoneError as error:
            if error.code in BROKEN or _is_owed(error):
                connection.close()
            if elsewhere and error.code == "app_missing":
                raise FlowFailure("other_app_missing", error.reason, {"package": profile.package}) from error
            raise
        except FlowFailure as failure:
            connection.forget_account()
            if failure.code == "page_drift" and seen and version is not None:
                screens = screens_of(worker, claim.flow, claim.flow_version)
                propose_from(worker, profile, version, screens, lambda _: seen[-MOST_SEEN:])
            raise


def _version(worker: Worker, package: str) -> str | None:
    """Returns the app's version; None when the phone does not tell: the flow's own first call meets what is wrong."""
    try:
        return worker.connection.version_of(package)
    except PhoneError as error:
        log.info("the version of %s is not known: %s", package, error)
        return None


def _journal(worker: Worker, claim: Claim, patch: int | None) -> LedgerJournal:
    slot, zone = worker.identity.slot, worker.settings.timezone.key
    spec = spec_of(claim.flow, claim.flow_version)
    acts = spec.acts if spec is not None else frozenset(ActionKind)
    return LedgerJournal(worker.engine, claim, zone, slot.lease_lasts, acts, patch)


def _is_owed(error: PhoneError) -> bool:
    """True when a call timed out before its answer: the phone may still carry it out, during the next task."""
    return error.code == "time_limit" and error.sent


def leave_other_app(worker: Worker, watch: SlotWatch) -> None:
    """After an attempt and its evidence, stops an app that is not the fleet's: the next task finds the fleet's own.

    The outcome of the attempt stands in either case.
    """
    connection, session = worker.connection, worker.connection.session
    if connection.phone is None or session is None or session.profile.package == worker.profile.package:
        return
    until = time.monotonic() + LEAVE_SECONDS
    try:
        watch.check_lease()
        with connection.within(lambda: min(until - time.monotonic(), watch.remaining())):
            connection.phone.stop_app(session.profile.package)
    except Exception as error:  # noqa: BLE001 - the next task starts the fleet's app over it
        log.info("%s was not stopped: %s", session.profile.package, error)


def bring_home(worker: Worker, may_touch: Callable[[], None]) -> None:
    """After a stop, returns the app to its feed, if possible. The stop takes effect in either case."""
    session = worker.connection.session
    if session is None or session.profile.package != worker.profile.package:
        return
    try:
        go_home(App(session), may_touch)
    except Exception as error:  # noqa: BLE001 - the next task finds its way from any page
        log.info("the app was not brought home: %s", error)
