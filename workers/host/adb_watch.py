"""Follows the phones of this host: keeps the adb server up, connects to configured addresses, tells of changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Thread

from models.values.backoff import Backoff
from workers.host.adb import Adb, AdbError, AdbServer

log = logging.getLogger("phonefleet.adb")

LOOK_SECONDS = 0.25  # between looks at which configured phones are missing
SERVER_RETRIES = Backoff(first=0.5, most=30.0)
CONNECT_RETRIES = Backoff(first=0.5, most=30.0)
CONNECTS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """All phones that adb knows now: address → adb's word for their state."""

    devices: Mapping[str, str]


class AdbWatch:
    """Two threads: one follows the server's list of phones, one connects to the phones that should be there."""

    def __init__(
        self,
        port: int,
        addresses: Iterable[str],
        tell: Callable[[Seen], None],
        *,
        usb: bool,
        named: Set[str] = frozenset(),
    ) -> None:
        """`named`: addresses to which the operator gave names; a USB port among them is its phone's address."""
        self._adb = Adb(port)
        self._server = AdbServer(port, usb=usb)
        self._addresses = tuple(addresses)
        self._named = named
        self._tell = tell
        self._seen: Mapping[str, str] = {}
        self._up = Event()
        self._ended = Event()
        self._follower = Thread(target=self._follow, name="adb-follow", daemon=True)
        self._connector = Thread(target=self._connect_missing, name="adb-connect", daemon=True)

    def start(self) -> None:
        """Starts both threads; the first Seen comes once the server is up."""
        self._follower.start()
        if self._addresses:
            self._connector.start()

    def close(self) -> None:
        """Stops both threads, and ends the server if it was started here."""
        self._ended.set()
        self._server.close()

    def _follow(self) -> None:
        failures = 0
        while not self._ended.is_set():
            try:
                self._server.ensure()
                for found in self._adb.track(self._named):
                    failures = 0
                    self._announce(found)
                    self._up.set()
            except AdbError as error:
                if self._ended.is_set():
                    return
                failures += 1
                log.warning("adb server lost (%s), try %d", error, failures)
            self._up.clear()
            self._announce({})
            self._ended.wait(SERVER_RETRIES.wait(failures))

    def _announce(self, found: Mapping[str, str]) -> None:
        self._seen = found
        self._tell(Seen(found))

    def _connect_missing(self) -> None:
        """Tries each missing configured address, each with its own growing pause."""
        tries = {address: _Tries() for address in self._addresses}
        with ThreadPoolExecutor(CONNECTS_AT_ONCE, thread_name_prefix="adb-connect") as pool:
            while not self._ended.wait(LOOK_SECONDS):
                if not self._up.is_set():
                    continue
                for address, own in tries.items():
                    if self._seen.get(address) in ("device", "unauthorized", "authorizing"):
                        own.failures = 0
                    elif own.due(time.monotonic()):
                        own.running = pool.submit(self._connect, address, own)

    def _connect(self, address: str, own: _Tries) -> None:
        try:
            if self._seen.get(address) == "offline":
                self._adb.disconnect(address)  # adb alone would try again only every 10 s, and give up after a minute
            self._adb.connect(address)
            own.wait_until = time.monotonic() + CONNECT_RETRIES.first
        except AdbError as error:
            own.failures += 1
            own.wait_until = time.monotonic() + CONNECT_RETRIES.wait(own.failures)
            if own.failures in (1, 10):
                log.warning("phone at %s cannot be reached (try %d): %s", address, own.failures, error)


@dataclass(slots=True)
class _Tries:
    """The failures in a row to reach an address, and the time of the next try."""

    failures: int = 0
    wait_until: float = 0.0
    running: Future[None] | None = None

    def due(self, now: float) -> bool:
        return now >= self.wait_until and (self.running is None or self.running.done())
