"""Follows the phones of this host: keeps the adb server up, connects to configured addresses, tells of changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Thread

from models.values.backoff import Backoff
from workers.host.adb import USB, Adb, AdbError, AdbServer
from workers.host.adb_room import AdbRoom, NoRoom

log = logging.getLogger("phonefleet.adb")

LOOK_SECONDS = 0.25  # between looks at which configured phones are missing
SERVER_RETRIES = Backoff(first=0.5, most=30.0)
CONNECT_RETRIES = Backoff(first=0.5, most=30.0)
CONNECTS_AT_ONCE = 8
ROOM_SECONDS = 5.0  # between two looks whether there is room for a phone
CONNECTED = ("device", "unauthorized", "authorizing")
STRANGER_TRIES = 10  # two minutes, for a phone that nobody configured; adb itself gives up after one
LISTED_SECONDS = 2.0  # by then adb lists a phone that it connected
MDNS = "._adb"  # in the name of a phone that adb found by itself


@dataclass(frozen=True, slots=True)
class Seen:
    """All phones that adb knows now: address → adb's word for their state."""

    devices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NoRoomFor:
    """A phone in the network that is not connected, because the adb server has no room for it; and why."""

    address: str
    why: str


class AdbWatch:
    """Two threads: one follows the server's list of phones, one connects to the phones that should be there."""

    def __init__(
        self,
        port: int,
        addresses: Iterable[str],
        tell: Callable[[Seen | NoRoomFor], None],
        *,
        usb: bool,
        named: Set[str] = frozenset(),
    ) -> None:
        """`named`: addresses to which the operator gave names; a USB port among them is its phone's address."""
        self._adb = Adb(port)
        self._server = AdbServer(port, usb=usb)
        self._room = AdbRoom(port, self._connected)
        self._configured = frozenset(addresses)
        self._tries = {address: _Tries() for address in self._configured}
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
        self._connector.start()

    def close(self) -> None:
        """Stops both threads, and ends the server if it was started here."""
        self._ended.set()
        self._server.close()

    def waiting(self) -> int:
        """Returns how many phones are not connected because the adb server has no room. Any thread may call it."""
        return sum(own.refused for own in list(self._tries.values()))

    def _connected(self) -> int:
        """Phones that adb has over the network, with those that it was asked for and does not list yet."""
        listed = {address for address, state in self._seen.items() if state != "offline" and in_network(address)}
        now = time.monotonic()
        return len(listed | {address for address, own in list(self._tries.items()) if now < own.counts_until})

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
        """Tries each missing address, each with its own growing pause."""
        with ThreadPoolExecutor(CONNECTS_AT_ONCE, thread_name_prefix="adb-connect") as pool:
            while not self._ended.wait(LOOK_SECONDS):
                if not self._up.is_set():
                    continue
                self._hold_off(self._seen)
                for address, own in list(self._tries.items()):
                    state = self._seen.get(address)
                    if address not in self._configured and (state in CONNECTED or own.failures >= STRANGER_TRIES):
                        del self._tries[address]
                    elif state in CONNECTED:
                        own.failures, own.refused = 0, False
                    elif own.due(time.monotonic()):
                        if state == "offline":
                            self._let_go(address)
                        own.running = pool.submit(self._connect, address, own)

    def _hold_off(self, seen: Mapping[str, str]) -> None:
        """While there is no room, takes lost phones from adb, which tries them again after 10 s without a look."""
        lost = [address for address, state in seen.items() if state == "offline" and in_network(address)]
        if lost and self._room.full():
            for address in lost:
                self._let_go(address)
            self._tries |= {address: _Tries() for address in lost if address not in self._tries}

    def _let_go(self, address: str) -> None:
        """Has adb forget a lost phone: it alone would try again only every 10 s, and give up after a minute."""
        try:
            self._adb.disconnect(address)
        except AdbError as error:
            log.info("adb does not let go of the phone at %s: %s", address, error)

    def _connect(self, address: str, own: _Tries) -> None:
        try:
            with self._room.place():
                self._adb.connect(address)
                own.counts_until = time.monotonic() + LISTED_SECONDS
            own.wait_until = time.monotonic() + CONNECT_RETRIES.first
        except NoRoom as full:
            own.wait_until = time.monotonic() + ROOM_SECONDS
            if not own.refused:
                log.warning("the phone at %s is not connected: %s", address, full)
            own.refused = True
            self._tell(NoRoomFor(address, str(full)))
        except AdbError as error:
            own.failures, own.refused = own.failures + 1, False
            own.wait_until = time.monotonic() + CONNECT_RETRIES.wait(own.failures)
            if own.failures in (1, 10):
                log.warning("phone at %s cannot be reached (try %d): %s", address, own.failures, error)


def in_network(address: str) -> bool:
    """Returns whether adb connects to this address over the network."""
    return (":" in address and not address.startswith(USB)) or MDNS in address


@dataclass(slots=True)
class _Tries:
    """The failures in a row to reach an address, and the time of the next try."""

    failures: int = 0
    refused: bool = False  # the last try was, for want of room
    counts_until: float = 0.0  # as connected, listed or not
    wait_until: float = 0.0
    running: Future[None] | None = None

    def due(self, now: float) -> bool:
        return now >= self.wait_until and (self.running is None or self.running.done())
