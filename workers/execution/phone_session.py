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
from flows.phone import PhoneError
from flows.registry import profile_of
from flows.session import Session
from flows.specs.catalogue import SPECS
from workers.attempts.claim import Claim
from workers.execution.ledger_journal import LedgerJournal
from workers.execution.worker import Worker
from workers.runtime.watch import SlotWatch

log = logging.getLogger("phonefleet.phone")

LEAVE_SECONDS = 5.0
# After these the connection is made anew, whatever state the old one is in.
BROKEN = frozenset({"phone_lost", "phone_hung", "ui_server_lost", "network_down"})


@contextmanager
def open_session(worker: Worker, claim: Claim, watch: SlotWatch) -> Iterator[Session]:
    """Opens a session for one attempt. Closes a broken connection, so that the next attempt makes a new one.

    A packaged flow may bring an app of its own: see `leave_other_app`.
    """
    connection, account_id = worker.connection, claim.account_id or ""
    profile = profile_of(claim.flow) or worker.profile
    elsewhere = profile.package != worker.profile.package
    lately = connection.read_lately(account_id)
    with connection.within(watch.remaining):
        try:
            phone = connection.connect()
            phone.before_look = partial(worker.pictures.take, phone)
            connection.session = Session(
                phone=phone,
                profile=profile,
                account_id=account_id,
                account_read_lately=lately,
                rng=random.Random(f"{claim.seed}:{claim.fence.attempt}"),
                journal=_journal(worker, claim),
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
        except FlowFailure:
            connection.forget_account()
            raise


def _journal(worker: Worker, claim: Claim) -> LedgerJournal:
    slot, zone = worker.identity.slot, worker.settings.timezone.key
    acts = SPECS[claim.flow].acts if claim.flow in SPECS else frozenset(ActionKind)
    return LedgerJournal(worker.engine, claim, zone, slot.lease_lasts, acts)


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
