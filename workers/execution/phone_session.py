"""The hand: this process's one connection to its phone, and the sessions that flows get over it."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, select

from flows.app import App
from flows.failures import FlowFailure, Stopped
from flows.home import go_home
from flows.identify import Account, read_account
from flows.phone import PhoneError
from flows.profile import AppProfile, load_profile
from flows.scrolls import Scrolls
from flows.session import Action, ActionRefused, Session
from models.fleet.logins import account_gone, account_seen, account_unread
from models.tables import Phone
from models.transactions.read_write import read
from workers.attempts.claim import Claim
from workers.execution.ledger_journal import LedgerJournal
from workers.phone.device import Call
from workers.phone.phone import U2Phone
from workers.runtime.slots import Stop, own_slot
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

log = logging.getLogger("phonefleet.hand")

IDENTIFY_SECONDS = 60.0
REACH_SECONDS = 10.0  # between two tasks; a phone that takes longer is left to the next one
LOOK_AGAIN_SECONDS = 1.0  # between two looks whether a phone was paused
READ_LATELY_SECONDS = 600.0  # a flow that acts reads the account every time; one that only reads, this often
# After these the connection is made anew, whatever state the old one is in.
BROKEN = frozenset({"phone_lost", "phone_hung", "ui_server_lost", "network_down"})


class PhoneConnection:
    """One phone and process: uiautomator2 keeps every device it made alive until the process ends."""

    def __init__(self) -> None:
        self.phone: U2Phone | None = None
        self.session: Session | None = None  # of the attempt at hand, or the last one
        self.remaining: Callable[[], float] = lambda: IDENTIFY_SECONDS
        self.calls: tuple[Call, ...] = ()  # of the connection that was let go last
        self._account: tuple[str, float] = ("", 0.0)
        self.scrolls = Scrolls()

    def reach(self, seat: WorkerIdentity) -> U2Phone:
        if self.phone is None:
            if seat.serial is None:
                raise RuntimeError("a desk has no phone")
            self.phone = U2Phone.connect(seat.address, seat.serial, seat.adb_port, self._remaining)
        return self.phone

    def _remaining(self) -> float:
        """Asked before every call: what is left differs from attempt to attempt."""
        return self.remaining()

    def let_go(self) -> None:
        self._account = ("", 0.0)
        if self.phone is not None:
            self.calls = tuple(self.phone.calls)
            self.phone.close()
            self.phone = None

    def read_account(self, account_id: str) -> None:
        """This account was read from the app just now."""
        self._account = (account_id, time.monotonic())

    def read_lately(self, account_id: str) -> bool:
        """Was this account read from the app within the last minutes, and no other since?"""
        known, at = self._account
        return known == account_id and time.monotonic() - at < READ_LATELY_SECONDS

    def forget_account(self) -> None:
        """Something looked wrong: read again before the next task."""
        self._account = ("", 0.0)


_hand = PhoneConnection()
_profiles: list[AppProfile] = []


def profile() -> AppProfile:
    """The profile of the app that this fleet runs, read once."""
    if not _profiles:
        _profiles.append(load_profile(settings().profile))
    return _profiles[0]


def reach_phone(seat: WorkerIdentity) -> None:
    """Connect to the phone, if it is not in hand, before the next ticket: starting its UI server takes a second or two.

    A phone that cannot be reached is left to the next task, whose failure is written down.
    """
    if seat.serial is None:
        return
    until = time.monotonic() + REACH_SECONDS
    _hand.remaining = lambda: 0.0 if seat.slot.stop & Stop.DRAIN else until - time.monotonic()
    try:
        _hand.reach(seat)
    except PhoneError as error:
        log.info("phone %s is not in hand yet: %s", seat.serial, error)
    finally:
        _hand.remaining = lambda: IDENTIFY_SECONDS


@contextmanager
def open_session(engine: Engine, seat: WorkerIdentity, claim: Claim, watch: SlotWatch) -> Iterator[Session]:
    """A session for one attempt. A connection that broke is let go, so that the next attempt makes a new one."""
    _hand.remaining = watch.remaining
    account_id = claim.account_id or ""
    lately = _hand.read_lately(account_id)
    try:
        _hand.session = Session(
            phone=_hand.reach(seat),
            profile=profile(),
            account_id=account_id,
            account_read_lately=lately,
            rng=random.Random(f"{claim.seed}:{claim.fence.attempt}"),
            journal=LedgerJournal(engine, claim, settings().timezone.key, seat.slot.lease_lasts),
            watch=watch,
            scrolls=_hand.scrolls,
        )
        yield _hand.session
        if not lately:
            _hand.read_account(account_id)
    except PhoneError as error:
        if error.code in BROKEN or _is_owed(error):
            _hand.let_go()
        raise
    except FlowFailure:
        _hand.forget_account()
        raise
    finally:
        _hand.remaining = lambda: IDENTIFY_SECONDS


def _is_owed(error: PhoneError) -> bool:
    """A call was sent, and time ran out before its answer: it may be done yet, under the hands of the next task."""
    return error.code == "time_limit" and error.sent


def bring_home(may_touch: Callable[[], None]) -> None:
    """After a stop: bring the app back to its feed, if that can be done. The stop holds in any case."""
    session = _hand.session
    if session is None:
        return
    try:
        go_home(App(session), may_touch)
    except Exception as error:  # noqa: BLE001 - the next task finds its way from any page
        log.info("the app was not brought home: %s", error)


def restart_ui_server() -> None:
    """Restart the UI server of the phone in hand: whatever was queued in it is gone, or done, afterwards."""
    if _hand.phone is not None:
        _hand.phone.restart_ui_server()


def last_calls() -> tuple[Call, ...]:
    """The last calls to the phone, also of a connection that was let go."""
    return tuple(_hand.phone.calls) if _hand.phone is not None else _hand.calls


class _NoJournal:
    """Reading who is logged in acts on nothing."""

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
    """A look has no task whose stop or lease its host could ask for: it asks itself whether it may go on."""

    def __init__(self, may_go_on: Callable[[], bool]) -> None:
        super().__init__(own_slot(), IDENTIFY_SECONDS)
        self._may_go_on = may_go_on
        self._ask_at = 0.0

    def check(self) -> None:
        super().check()
        if time.monotonic() >= self._ask_at:
            if not self._may_go_on():
                raise Stopped("the phone was paused, or is another worker's")
            self._ask_at = time.monotonic() + LOOK_AGAIN_SECONDS


def may_look(engine: Engine, seat: WorkerIdentity) -> bool:
    """Is the phone this worker's, and nobody has it in hand?"""
    if seat.slot.stop & Stop.DRAIN:
        return False
    mine = (Phone.serial == seat.serial, Phone.incarnation == seat.incarnation, ~Phone.paused)
    return read(engine, lambda session: session.scalar(select(Phone.serial).where(*mine))) is not None


def identify(engine: Engine, seat: WorkerIdentity) -> Account | None:
    """Read from the app which account is logged in, and write it down; None when it cannot be told.

    A phone that is paused, meanwhile as well, is a person's who may log an account in: it is not touched.
    """
    if seat.serial is None or not may_look(engine, seat):
        return None
    watch = _LookWatch(lambda: may_look(engine, seat))
    try:
        session = Session(
            phone=_hand.reach(seat),
            profile=profile(),
            account_id="",
            rng=random.Random(0),
            journal=_NoJournal(),
            watch=watch,
        )
        app = App(session)
        account = app.through_crashes(lambda: read_account(app))
        version = _hand.reach(seat).app_version(profile().package)
    except Stopped as stopped:
        log.info("nobody looks who is logged in on phone %s: %s", seat.serial, stopped)
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, people read why the account is not known
        _hand.let_go()
        if isinstance(error, FlowFailure) and error.code == "logged_out":
            account_gone(engine, seat.serial, str(error))
        else:
            account_unread(engine, seat.serial, f"cannot tell who is logged in: {error}")
        return None
    account_seen(engine, seat.serial, account.id, account.name, version)
    _hand.read_account(account.id)
    return account
