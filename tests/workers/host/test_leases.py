"""One renewal: what the ledger says reaches the right slots, and silence lets the lease run out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from models.database.engine import FLEET
from models.fleet.health import Reading
from models.fleet.phones_alive import Alive, SeenAgain
from models.tasks.leases import Renewed
from tests.support.poll import wait_until
from workers.host.known_accounts import KnownAccounts
from workers.host.leases import (
    LEAVE_SECONDS,
    SILENT_SECONDS,
    STARTING_SECONDS,
    Asked,
    LeaseKeeper,
    ask_to_leave,
    overrun,
    patience_for,
    renew,
    tell_alive,
)
from workers.runtime.slots import Slot, Stop, own_slot

LEASE = 30.0
FAR = 1e12


class Ledger:
    """Answers one renewal; `meanwhile` happens while the ledger works on it."""

    def __init__(
        self,
        held: Mapping[str, str] | None = None,
        stops: set[str] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
        busy: frozenset[str] = frozenset(),
    ) -> None:
        self.held = held or {}
        self.busy = busy
        self.stops = stops or set()
        self.meanwhile = meanwhile
        self.asked: list[Mapping[str, str]] = []
        self.steps: Mapping[str, str | None] = {}
        self.reported: list[list[str]] = []

    def phones_alive(self, incarnations: Sequence[str], seen: Mapping[str, SeenAgain]) -> Alive:
        self.reported.append(list(incarnations))
        return Alive({one for one in incarnations if one in self.held}, {}, watched=False)

    def renew_leases(self, running: Mapping[str, str], seconds: float, steps: Mapping[str, str | None]) -> Renewed:
        self.asked.append(running)
        self.steps = steps
        self.meanwhile()
        return Renewed(self.held, self.busy)

    def stop_requests(self, running: Mapping[str, str]) -> set[str]:
        self.asked.append(running)
        self.meanwhile()
        return self.stops

    def phone_online(self, serial: str, address: str, host: str, model: str, incarnation: str) -> None:
        raise NotImplementedError

    def phone_offline(self, serial: str, why: str, ago: float) -> None:
        raise NotImplementedError

    def phone_problem(self, serial: str, state: str, why: str, ago: float) -> None:
        raise NotImplementedError

    def equal_serials(self, serial: str, model: str, phones: Sequence[str]) -> None:
        raise NotImplementedError

    def waits_for_other_host(self, serial: str, address: str, model: str) -> None:
        raise NotImplementedError

    def forget_phone(self, address: str) -> None:
        raise NotImplementedError

    def forget_unknown_phones(self) -> None:
        raise NotImplementedError

    def incarnations_died(self, whys: Mapping[str, str]) -> list[str]:
        raise NotImplementedError

    def broker_away(self, place: str, reason: str, remedy: str) -> bool:
        return True

    def broker_well(self) -> None:
        """It keeps no alerts."""

    def adb_full(self, phones: int) -> None:
        """It keeps no alerts."""

    def adb_has_room(self) -> None:
        """It keeps no alerts."""

    def phones_health(self, host: str, readings: Sequence[Reading]) -> None:
        raise NotImplementedError

    def ring(self) -> None:
        raise NotImplementedError


def running(task_id: str = "t1") -> Slot:
    """A slot whose task has a lease that is half over."""
    slot = own_slot()
    slot.begin(task_id, 1, lease_until=time.monotonic() + LEASE / 2, hard_limit=FAR)
    return slot


def test_a_held_lease_is_extended_counted_from_before_the_ledger_was_asked() -> None:
    slot = running()
    asked: list[float] = []
    before = time.monotonic()
    renew(Ledger({"i1": "t1"}, meanwhile=lambda: asked.append(time.monotonic())), [("i1", slot)], LEASE)
    assert before + LEASE * 0.8 <= slot.lease_until <= asked[0] + LEASE * 0.8
    assert slot.stop is Stop.NO


def test_the_ledger_hears_with_the_renewal_what_each_task_is_at() -> None:
    at_work, between = running(), running("t2")
    at_work.at_step("comments")
    ledger = Ledger({"i1": "t1", "i2": "t2"})
    renew(ledger, [("i1", at_work), ("i2", between)], LEASE)
    assert ledger.steps == {"t1": "comments", "t2": None}


def test_a_lost_lease_stops_the_task() -> None:
    slot = running()
    renew(Ledger(), [("i1", slot)], LEASE)
    assert slot.stop == Stop.LEASE


def test_a_task_whose_row_is_locked_keeps_the_lease_that_it_has() -> None:
    slot = running()
    until = slot.lease_until
    renew(Ledger(busy=frozenset({"i1"})), [("i1", slot)], LEASE)
    assert (slot.stop, slot.lease_until) == (Stop.NO, until)


@pytest.mark.parametrize(("lease", "seconds"), [(2.0, 1), (4.0, 2), (600.0, FLEET.answer)])
def test_a_renewal_gives_up_while_the_lease_leaves_time_for_another(lease: float, seconds: int) -> None:
    patience = patience_for(lease)
    assert patience.answer == seconds
    assert patience.lock <= patience.answer


def test_a_task_that_began_while_the_ledger_was_asked_keeps_its_own_lease() -> None:
    slot = running("t1")
    until = time.monotonic() + 20

    def next_task() -> None:
        slot.rest()
        slot.begin("t2", 1, lease_until=until, hard_limit=FAR)

    renew(Ledger({}, meanwhile=next_task), [("i1", slot)], LEASE)
    assert slot.stop is Stop.NO
    assert slot.lease_until == until


def test_a_task_that_began_while_the_ledger_was_asked_is_not_the_one_to_leave() -> None:
    slot = running("t1")
    asked = ask_to_leave(Ledger(stops={"i1"}, meanwhile=lambda: _next_task(slot)), [("i1", slot)], {})
    assert slot.stop is Stop.NO
    assert asked["i1"].turn == slot.turn - 1


def _next_task(slot: Slot) -> None:
    slot.rest()
    slot.begin("t2", 1, lease_until=FAR, hard_limit=FAR)


def test_a_stop_request_is_passed_on() -> None:
    stopped, other = running("t1"), running("t2")
    asked = ask_to_leave(Ledger(stops={"i1", "elsewhere"}), [("i1", stopped), ("i2", other)], {})
    assert (stopped.stop, other.stop) == (Stop.TASK, Stop.NO)
    assert asked.keys() == {"i1"}


def test_a_worker_that_is_asked_again_was_asked_since_the_first_time() -> None:
    slot, ledger = running(), Ledger(stops={"i1"})
    first = ask_to_leave(ledger, [("i1", slot)], {})
    second = ask_to_leave(ledger, [("i1", slot)], first)
    assert (second["i1"].since, second["i1"].last > first["i1"].last) == (first["i1"].since, True)
    ledger.stops.clear()
    assert ask_to_leave(ledger, [("i1", slot)], second) == {}


@pytest.mark.parametrize(
    ("turn", "now", "since"),
    [(7, 2 + SILENT_SECONDS, 0.0), (7, 2.1 + SILENT_SECONDS, 2.1 + SILENT_SECONDS), (8, 2.5, 2.5)],
    ids=["goes on", "the ledger was silent", "the next task"],
)
def test_since_when_a_worker_is_asked(turn: int, now: float, since: float) -> None:
    assert Asked(7, 0.0, 2.0).again(turn, now) == Asked(turn, since, now)


def test_idle_workers_cost_the_ledger_nothing() -> None:
    idle, busy, ledger = own_slot(), running(), Ledger({"i2": "t1"})
    idle.rest()
    renew(ledger, [("i1", idle)], LEASE)
    ask_to_leave(ledger, [("i1", idle)], {})
    assert ledger.asked == []
    renew(ledger, [("i1", idle), ("i2", busy)], LEASE)
    ask_to_leave(ledger, [("i1", idle), ("i2", busy)], {})
    assert ledger.asked == [{"i2": "t1"}, {"i2": "t1"}]


def test_a_ledger_that_fails_leaves_the_lease_to_run_out() -> None:
    slot = running()
    until = slot.lease_until

    def fail() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        renew(Ledger(meanwhile=fail), [("i1", slot)], LEASE)
    assert slot.lease_until == until


def test_workers_whose_phone_does_not_work_are_kept_out_of_the_pool() -> None:
    fit, unfit = own_slot(), own_slot()
    assert fit.serves_pool
    tell_alive(Ledger({"i1": "t1"}), [("i1", fit), ("i2", unfit)], KnownAccounts())
    assert (fit.serves_pool, unfit.serves_pool) == (True, False)
    tell_alive(Ledger({"i2": "t1"}), [("i1", fit), ("i2", unfit)], KnownAccounts())
    assert (fit.serves_pool, unfit.serves_pool) == (False, True)


def test_who_overran_and_who_did_not() -> None:
    slot = own_slot()
    assert overrun(slot, began=0.0, now=STARTING_SECONDS) is None
    assert "did not begin to consume" in (overrun(slot, began=0.0, now=STARTING_SECONDS + 1) or "")
    slot.rest()
    assert overrun(slot, began=0.0, now=FAR) is None
    slot.begin("t1", 1, lease_until=FAR, hard_limit=100.0)
    assert overrun(slot, began=0.0, now=99.9) is None
    assert "hard limit" in (overrun(slot, began=0.0, now=100.0) or "")
    slot.rest()
    assert overrun(slot, began=0.0, now=FAR) is None


def test_a_worker_that_ignores_that_it_was_asked_to_leave_is_killed() -> None:
    slot = running()
    in_time, late = Asked(slot.turn, 5.0, 5.0 + LEAVE_SECONDS), Asked(slot.turn, 5.0, 5.1 + LEAVE_SECONDS)
    assert overrun(slot, began=0.0, now=99.0, asked=in_time) is None
    assert "asked to leave" in (overrun(slot, began=0.0, now=99.0, asked=late) or "")
    slot.rest()
    assert overrun(slot, began=0.0, now=99.0, asked=late) is None
    slot.begin("t2", 1, lease_until=FAR, hard_limit=FAR)
    assert overrun(slot, began=0.0, now=99.0, asked=late) is None


def test_the_ledger_hears_nothing_of_workers_without_a_phone() -> None:
    ledger, phone, desk = Ledger(), ("i1", own_slot()), ("i2", own_slot())
    keeper = LeaseKeeper(ledger, lambda: [phone, desk], LEASE, phones=lambda: [phone])
    keeper.start()
    wait_until(lambda: ledger.reported, 60, "a report")
    keeper.close(60)
    assert ledger.reported[0] == ["i1"]


def test_a_keeper_that_never_started_closes() -> None:
    LeaseKeeper(Ledger(), list, LEASE).close(1.0)
