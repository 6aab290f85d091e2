"""Opens a flow's session for one attempt, over the worker's connection to its phone."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flows.app import App
from flows.failures import FlowFailure
from flows.home import go_home
from flows.phone import PhoneError
from flows.session import Session
from workers.attempts.claim import Claim
from workers.execution.ledger_journal import LedgerJournal
from workers.execution.worker import Worker
from workers.runtime.watch import SlotWatch

log = logging.getLogger("phonefleet.phone")

# After these the connection is made anew, whatever state the old one is in.
BROKEN = frozenset({"phone_lost", "phone_hung", "ui_server_lost", "network_down"})


@contextmanager
def open_session(worker: Worker, claim: Claim, watch: SlotWatch) -> Iterator[Session]:
    """Opens a session for one attempt. Closes a broken connection, so that the next attempt makes a new one."""
    connection, account_id = worker.connection, claim.account_id or ""
    lately = connection.read_lately(account_id)
    with connection.within(watch.remaining):
        try:
            connection.session = Session(
                phone=connection.connect(),
                profile=worker.profile,
                account_id=account_id,
                account_read_lately=lately,
                rng=random.Random(f"{claim.seed}:{claim.fence.attempt}"),
                journal=_journal(worker, claim),
                watch=watch,
                scrolls=connection.scrolls,
            )
            yield connection.session
            if not lately:
                connection.note_account(account_id)
        except PhoneError as error:
            if error.code in BROKEN or _is_owed(error):
                connection.close()
            raise
        except FlowFailure:
            connection.forget_account()
            raise


def _journal(worker: Worker, claim: Claim) -> LedgerJournal:
    slot, zone = worker.identity.slot, worker.settings.timezone.key
    return LedgerJournal(worker.engine, claim, zone, slot.lease_lasts)


def _is_owed(error: PhoneError) -> bool:
    """True when a call timed out before its answer: the phone may still carry it out, during the next task."""
    return error.code == "time_limit" and error.sent


def bring_home(worker: Worker, may_touch: Callable[[], None]) -> None:
    """After a stop, returns the app to its feed, if possible. The stop takes effect in either case."""
    session = worker.connection.session
    if session is None:
        return
    try:
        go_home(App(session), may_touch)
    except Exception as error:  # noqa: BLE001 - the next task finds its way from any page
        log.info("the app was not brought home: %s", error)
