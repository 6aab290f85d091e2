"""A host frees the tasks of workers that died together with one transaction, and one by one where that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any, cast

import pytest

from models.values.backoff import Backoff
from tests.support.poll import wait_until
from workers.host import command_runner, retry_queue
from workers.host.command_runner import DEAD_AT_ONCE, CommandRunner
from workers.host.commands import Forget, ReleaseDeadWorker
from workers.settings import settings

WAIT = 30.0


class FreeingLedger:
    """Notes whose tasks are freed together; its first job waits until it is told to go on."""

    def __init__(self, *, poisoned: str = "") -> None:
        self.goes_on = Event()
        self.freed: list[list[str]] = []
        self.rings = 0
        self._poisoned = poisoned

    def forget_phone(self, _address: str) -> None:
        self.goes_on.wait(WAIT)

    def incarnations_died(self, whys: Mapping[str, str]) -> list[str]:
        if self._poisoned in whys:
            raise ValueError("a row that cannot be written")
        self.freed.append(list(whys))
        return list(whys)

    def ring(self) -> None:
        self.rings += 1


@pytest.fixture(autouse=True)
def tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_queue, "RETRIES", Backoff(first=0.001, most=0.001))


def after_deaths(ledger: FreeingLedger, names: list[str]) -> FreeingLedger:
    """These workers die while the ledger's queue is busy; returns when all is done."""
    nothing = cast("Any", None)
    runner = CommandRunner(settings(), cast("Any", ledger), nothing, nothing, nothing, lambda _: None)
    runner.carry_out([Forget("busy")])
    runner.carry_out(ReleaseDeadWorker(name, "its zygote was lost", "") for name in names)
    ledger.goes_on.set()
    wait_until(lambda: sum(map(len, ledger.freed)) >= len(names) - 1, WAIT, "the tasks to be freed")
    runner.stop_asking()
    runner.close(WAIT)
    return ledger


def test_those_that_died_together_are_freed_together() -> None:
    names = [f"w{number}" for number in range(DEAD_AT_ONCE + 3)]
    ledger = after_deaths(FreeingLedger(), names)
    assert ledger.freed == [names[:DEAD_AT_ONCE], names[DEAD_AT_ONCE:]]
    assert ledger.rings == 2


class Tickets:
    """Stands in for what puts tickets back. The first time it waits until it is told to go on, and fails."""

    def __init__(self) -> None:
        self.goes_on = Event()
        self.answered: list[tuple[list[str], list[str]]] = []
        self._tried = False

    def put_back(self, _app: object, tags: Sequence[str], spent: Sequence[str]) -> None:
        if not self._tried:
            self._tried = True
            assert self.goes_on.wait(WAIT)
            raise ConnectionError("Redis is away")
        self.answered.append((list(tags), list(spent)))


def test_tickets_go_back_together_but_those_whose_tasks_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    tickets, nothing = Tickets(), cast("Any", None)
    monkeypatch.setattr(command_runner, "put_back", tickets.put_back)
    runner = CommandRunner(settings(), cast("Any", FreeingLedger()), nothing, nothing, nothing, lambda _: None)
    runner.carry_out(ReleaseDeadWorker(f"w{at}", "its zygote was lost", f"t{at}", at % 2 > 0) for at in range(6))
    tickets.goes_on.set()
    assert runner.wait_freed(WAIT)
    runner.stop_asking()
    runner.close(WAIT)
    assert tickets.answered == [(["t0", "t2", "t4"], ["t1", "t3", "t5"])]


def test_one_that_cannot_be_freed_keeps_no_other() -> None:
    ledger = after_deaths(FreeingLedger(poisoned="w1"), ["w0", "w1", "w2"])
    assert ledger.freed == [["w0"], ["w2"]]
    assert ledger.rings == 2
