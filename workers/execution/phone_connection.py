"""A worker's one connection to its phone: connects on demand, closes a broken connection and connects again."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flows.phone import PhoneError
from flows.scrolls import Scrolls
from flows.session import Session
from workers.phone.device import Call
from workers.phone.phone import U2Phone
from workers.runtime.slots import Stop
from workers.runtime.worker_identity import WorkerIdentity

log = logging.getLogger("phonefleet.phone")

CALL_SECONDS = 60.0  # that calls to the phone may take together while no attempt says otherwise
CONNECT_SECONDS = 10.0  # between two tasks; a phone that takes longer is left to the next one
READ_LATELY_SECONDS = 600.0  # a flow that acts reads the account every time; one that only reads, this often


class PhoneConnection:
    """One phone and process: uiautomator2 keeps every device that it made alive until the process ends."""

    def __init__(self, identity: WorkerIdentity) -> None:
        self._identity = identity
        self.phone: U2Phone | None = None
        self.session: Session | None = None  # of the attempt at hand, or the last one
        self.scrolls = Scrolls()
        self._limit: Callable[[], float] = lambda: CALL_SECONDS
        self._calls: tuple[Call, ...] = ()  # of the connection that was closed last
        self._account: tuple[str, float] = ("", -math.inf)
        self._versions: dict[str, str | None] = {}  # of apps, as they were read
        self.noted: tuple[str, tuple[str, ...]] | None = None  # the version that the ledger has, and those tried
        self.may_hold_recordings = True  # a worker that was killed may have left some on the phone

    def connect(self) -> U2Phone:
        """Returns the connected phone. Raises PhoneError, and RuntimeError at the desk, which has none."""
        if self.phone is None:
            one = self._identity
            if one.serial is None:
                raise RuntimeError("a desk has no phone")
            self.phone = U2Phone.connect(one.address, one.serial, one.adb_port, self._remaining)
        return self.phone

    def _remaining(self) -> float:
        """Returns the seconds left. The phone asks before every call, because each attempt has its own limit."""
        return self._limit()

    def connect_ahead(self) -> None:
        """Connects before the next ticket comes: starting the phone's UI server takes a second or two.

        A phone that cannot be reached is left to the next task, whose failure is written down.
        """
        if self._identity.serial is None:
            return
        until, slot = time.monotonic() + CONNECT_SECONDS, self._identity.slot
        with self.within(lambda: 0.0 if slot.stop & Stop.DRAIN else until - time.monotonic()):
            try:
                self.connect()
            except PhoneError as error:
                log.info("phone %s is not connected yet: %s", self._identity.serial, error)

    def close(self) -> None:
        """Closes the connection; the next call to `connect` makes a new one."""
        self.forget_account()
        if self.phone is not None:
            self._calls = tuple(self.phone.calls)
            self.phone.close()
            self.phone = None

    @contextmanager
    def within(self, remaining: Callable[[], float]) -> Iterator[None]:
        """Inside the block no call to the phone takes longer than the seconds that `remaining` tells before it."""
        self._limit = remaining
        try:
            yield
        finally:
            self._limit = lambda: CALL_SECONDS

    def restart_ui_server(self) -> None:
        """Restarts the phone's UI server: afterwards, every queued call is either done or dropped."""
        if self.phone is not None:
            self.phone.restart_ui_server()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Returns the last calls to the phone, also of a connection that was closed."""
        return tuple(self.phone.calls) if self.phone is not None else self._calls

    def version_of(self, package: str) -> str | None:
        """Returns an app's version on the phone, asked once until something looks wrong. Raises PhoneError."""
        if package not in self._versions:
            self._versions[package] = self.connect().app_version(package)
        return self._versions[package]

    def note_account(self, account_id: str) -> None:
        """Records that this account was read from the app just now."""
        self._account = (account_id, time.monotonic())

    def read_lately(self, account_id: str) -> bool:
        """True when this account was read from the app within the last minutes, and no other since."""
        known, at = self._account
        return known == account_id and time.monotonic() - at < READ_LATELY_SECONDS

    def forget_account(self) -> None:
        """Has the account read again before the next task, after something looked wrong."""
        self._account = ("", -math.inf)
        self._versions.clear()
        self.noted = None
