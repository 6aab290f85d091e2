"""Decides which phone gets a worker, which worker ends, and when one is forked again. No I/O.

Each phone (by serial) and each desk has an entry with one slot. An entry holds at most one WorkerLife, so
there are never two workers on one phone: a phone that comes back gets its next worker when the last
one is dead.

    empty ──enrol──▶ enrolling ──fork──▶ alive ──leave──▶ leaving ──died──▶ empty (after a rest, if it fell)
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from models.fleet.fitness import HOST_STOPPED
from models.values.backoff import Backoff
from models.values.enums import PhoneState
from workers.host.adb_states import PASSING, state_word
from workers.host.commands import (
    EqualSerials,
    Forget,
    ForkWorker,
    Identify,
    Order,
    RegisterPhone,
    ReleaseDeadWorker,
    Report,
    SignalWorker,
)
from workers.host.ways import Way, one_phone, same_phone, to_ask_again, told, ways_to
from workers.host.worker_life import STEADY_SECONDS, RosterEntry, Stage, WorkerLife
from workers.runtime.slots import Slot
from workers.runtime.worker_identity import WorkerIdentity

HAND_BACK_SECONDS = 5.0  # for a worker that was told to hand its task back; then it is killed
MOVE_SECONDS = 3.0  # the same, when its phone is reached another way
# Workers that start at one moment. Of hundreds at once each would take as long as all of them, and be killed as stuck.
STARTING_AT_ONCE = 32
OCCUPIED_SECONDS = 1.0  # between two looks whether another host released a phone
ASK_AGAIN = Backoff(first=1.0, most=30.0)  # a phone that did not tell its serial


@dataclass(frozen=True, slots=True)
class UnidentifiedPhone:
    """A phone that did not tell its serial: how often in a row, and when it is asked again."""

    refusals: int
    ask_at: float


@dataclass(slots=True)
class Roster:
    """All entries of a host. Methods take the monotonic time in seconds and return commands for the agent."""

    host: str
    adb_port: int
    slots: Sequence[Slot]
    new_incarnation: Callable[[], str]
    places: dict[str, RosterEntry] = field(default_factory=dict)
    serials: dict[str, str] = field(default_factory=dict)  # address → serial, once identified
    ways: dict[str, Way] = field(default_factory=dict)  # address → who answers there now
    states: Mapping[str, str] = field(default_factory=dict)  # address → adb's state, as last seen
    unnamed: dict[str, UnidentifiedPhone] = field(default_factory=dict)  # address → who gave no serial
    reported: dict[str, str] = field(default_factory=dict)  # serial → what the ledger was told last
    ending: bool = False

    def open_desks(self, count: int) -> None:
        """Adds entries for `count` workers of tasks that touch no phone."""
        for number in range(count):
            self._place(f"desk {number}", None).wanted = True

    def seen(self, states: Mapping[str, str], now: float) -> list[Order]:
        """Handles a change of adb's list of phones."""
        before, self.states = self.states, dict(states)
        orders: list[Order] = []
        for address, state in states.items():
            if before.get(address) == state:
                continue
            self.unnamed.pop(address, None)
            if state == "device":
                orders.append(Identify(address))
            else:
                orders += self._lost(address, state_word(state), f"adb says {state}", now)
        for address in before.keys() - states.keys():
            orders += self._lost(address, PhoneState.OFFLINE, "unplugged, or its network is gone", now)
            if address not in self.serials:
                orders += self._forget(address)
        return orders

    def identified(self, address: str, serial: str, model: str, boot: str, now: float) -> list[Order]:
        """A phone told its serial, and `boot`, which no other phone has ('': it does not tell that)."""
        if self.states.get(address) != "device":
            return []
        self.unnamed.pop(address, None)
        orders: list[Order] = []
        serial = same_phone(self.ways, boot) or serial
        before = self.serials.get(address, serial)
        if before != serial and address in self.ways:
            orders = self._lost(address, PhoneState.OFFLINE, f"another phone answers at {address}: {serial}", now)
        if serial not in self.places and len(self.places) == len(self.slots):
            return [
                *orders,
                *self._report(serial, PhoneState.OFFLINE, f"this host is full: it has {len(self.slots)} places"),
            ]
        if address != serial:
            orders += self._forget(address)
        self.serials[address], self.ways[address] = serial, Way(serial, model, boot, now)
        return [*orders, *self._settle(serial, now)]

    def unidentified(self, address: str, why: str, now: float) -> list[Order]:
        """A phone did not tell its serial: it is asked again after a while."""
        if self.states.get(address) != "device":
            return []
        refusals = self.unnamed[address].refusals + 1 if address in self.unnamed else 1
        self.unnamed[address] = UnidentifiedPhone(refusals, now + ASK_AGAIN.wait(refusals))
        serial = self.serials.get(address, address)
        if ways_to(self.ways, serial).keys() - {address}:
            self.ways.pop(address, None)
            return self._settle(serial, now)
        if address in self.ways:
            return []  # it was asked once more beside another way, which is gone: its worker sees how it is
        return self._report(serial, PhoneState.OFFLINE, f"does not tell its serial: {why}")

    def enrolled(self, incarnation: str, now: float) -> list[Order]:
        """The ledger knows the incarnation: fork it, if the phone is still there."""
        place, life = self._find(incarnation)
        if not place or not life or life.stage is not Stage.ENROLLING:
            return []
        if not place.wanted or self.ending:
            place.life = None
            return []
        if life.identity.address != place.address:  # it moved meanwhile
            place.life = None
            return self.tick(now)
        life.stage, life.began, place.occupied = Stage.ALIVE, now, ""
        return [ForkWorker(life.identity)]

    def not_enrolled(self, incarnation: str, now: float) -> list[Order]:
        """The ledger could not be told: try again after a rest."""
        place, _ = self._find(incarnation)
        if place:
            place.rest(now)
        return []

    def occupied(self, incarnation: str, why: str, now: float) -> bool:
        """Another host serves the phone: look again soon, it may release it at any moment. True when it is news."""
        place, _ = self._find(incarnation)
        if not place:
            return False
        place.life, place.rest_until = None, now + OCCUPIED_SECONDS
        before, place.occupied = place.occupied, why
        place.occupied_since = place.occupied_since if before else now
        return before != why

    def died(self, incarnation: str, why: str, now: float, *, falls: bool = True) -> list[Order]:
        """A worker ended. `falls`: that counts as a fall, after several of which a place rests longer and longer."""
        place, life = self._find(incarnation)
        if not place or not life:
            return []
        spent = place.slot.running is not None
        release = ReleaseDeadWorker(incarnation, life.why or why, place.slot.tag, spent)
        if life.stage is Stage.LEAVING:
            place.life, place.falls = None, 0
            if self.ending and place.serial is not None:
                # another host may have the phone now
                return [release, *self._report(place.serial, PhoneState.OFFLINE, HOST_STOPPED)]
        else:
            place.falls = 0 if now - life.began >= STEADY_SECONDS or not falls else place.falls
            place.rest(now)
        return [release, *self.tick(now)]

    def kill(self, incarnation: str, why: str) -> list[Order]:
        """End a worker at once, because of something it did."""
        _, life = self._find(incarnation)
        if not life or life.stage is Stage.ENROLLING or life.killed:
            return []
        life.why, life.killed = why, True
        return [SignalWorker(incarnation, signal.SIGKILL)]

    def end(self, now: float, patience: float, grace: float = HAND_BACK_SECONDS) -> list[Order]:
        """The host ends: workers may finish for `patience` seconds, then hand back within `grace`, then are killed."""
        self.ending = True
        for place in self.places.values():
            if place.life is not None and place.life.stage is Stage.ENROLLING:
                place.life = None
        orders = [
            order for place, _ in list(self.lives()) for order in place.leave("the host stops", now, patience, grace)
        ]
        return [*orders, *self.tick(now)]

    def tick(self, now: float) -> list[Order]:
        """Returns the commands that are due: phones to ask again, workers to fork, workers out of time to kill."""
        orders: list[Order] = []
        for address, unnamed in self.unnamed.items():
            if now >= unnamed.ask_at:
                self.unnamed[address] = UnidentifiedPhone(unnamed.refusals, math.inf)
                orders.append(Identify(address))
        room = STARTING_AT_ONCE - sum(life.starts for _, life in self.lives())
        for place in self.places.values():
            life = place.life
            if life is None:
                if room > 0 and place.wanted and not self.ending and now >= place.rest_until:
                    orders.append(self._begin(place, now))
                    room -= 1
            elif life.stage is Stage.LEAVING and now >= life.kill_at:
                life.kill_at = math.inf
                orders.append(SignalWorker(life.identity.incarnation, signal.SIGKILL))
        return orders

    def to_hand_back(self, now: float) -> list[Slot]:
        """Returns the slots of leaving workers whose time to finish is over."""
        return [
            life.identity.slot for _, life in self.lives() if life.stage is Stage.LEAVING and now >= life.hand_back_at
        ]

    def lives(self) -> Iterator[tuple[RosterEntry, WorkerLife]]:
        """Yields all lives, with their entries."""
        return ((place, place.life) for place in self.places.values() if place.life is not None)

    def here(self) -> Mapping[str, str]:
        """Returns serial → address of the phones that are there and known to the ledger."""
        lives = (place for place, life in self.lives() if place.wanted and life.stage is not Stage.ENROLLING)
        return {place.serial: place.address for place in lives if place.serial is not None}

    def _begin(self, place: RosterEntry, now: float) -> Order:
        identity = WorkerIdentity(
            place.serial, place.address, self.adb_port, self.host, self.new_incarnation(), place.slot
        )
        if place.serial is None:
            place.life = WorkerLife(identity, now, Stage.ALIVE)
            return ForkWorker(identity)
        place.life = WorkerLife(identity, now)
        self.reported[place.serial] = PhoneState.ONLINE
        return RegisterPhone(identity, place.model, now - place.occupied_since if place.occupied else 0.0)

    def _settle(self, serial: str, now: float) -> list[Order]:
        """Serves the phone at its address, if every address with its serial leads to the same phone."""
        place, ways = self._place(serial, serial), ways_to(self.ways, serial)
        if not one_phone(ways):
            if doubted := to_ask_again(ways, now):
                return [Identify(address) for address in doubted]
            return self._equal(place, serial, ways, now)
        address = place.address if place.address in ways else next(iter(ways))
        place.address, place.model, place.wanted, place.rest_until = address, ways[address].model, True, now
        left: list[Order] = []
        if place.life is not None and place.life.identity.address != address:
            left = place.leave(f"its phone is reached at {address} now", now, 0.0, MOVE_SECONDS)
        return [*left, *self.tick(now)]

    def _equal(self, place: RosterEntry, serial: str, ways: Mapping[str, Way], now: float) -> list[Order]:
        """Handles several phones with one serial: none works, because the ledger cannot tell them apart."""
        place.wanted, place.occupied = False, ""
        orders = place.leave(f"several phones have the serial {serial}", now, 0.0, HAND_BACK_SECONDS)
        phones = told(ways)
        key = " ".join(phones)
        if self.reported.get(serial) != key:
            self.reported[serial] = key
            orders.append(EqualSerials(serial, next(iter(ways.values())).model, phones))
        return orders

    def _lost(self, address: str, state: str, why: str, now: float) -> list[Order]:
        here = self.ways.pop(address, None)
        serial = self.serials.get(address)
        place = self.places.get(serial) if serial else None
        if serial is None or place is None:  # adb says "offline" of every phone before the first handshake
            return [] if state == PhoneState.OFFLINE else self._report(address, state, why)
        if ways_to(self.ways, serial):
            return self._settle(serial, now) if here else []
        place.wanted, place.occupied = False, ""
        leave = place.leave(f"its phone: {why}", now, 0.0, HAND_BACK_SECONDS)
        return [*self._report(serial, state, why), *leave]

    def _forget(self, address: str) -> list[Order]:
        """What was reported of a phone by its address alone, while nobody knew its serial, is over."""
        if address in self.places or self.reported.pop(address, None) is None:
            return []
        return [Forget(address)]

    def _report(self, serial: str, state: str, why: str) -> list[Order]:
        """Returns a report for the ledger, unless the ledger knows already."""
        if state in PASSING or self.reported.get(serial) == state:
            return []
        self.reported[serial] = state
        return [Report(serial, state, why)]

    def _find(self, incarnation: str) -> tuple[RosterEntry | None, WorkerLife | None]:
        for place, life in self.lives():
            if life.identity.incarnation == incarnation:
                return place, life
        return None, None

    def _place(self, key: str, serial: str | None) -> RosterEntry:
        if key not in self.places:
            self.places[key] = RosterEntry(serial, self.slots[len(self.places)])
        return self.places[key]
