"""However an agent ends, its workers' tasks are freed before: nobody waits for their leases to run out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import cast
from unittest.mock import create_autospec

import pytest

from models.values.backoff import Backoff
from workers.app import app
from workers.host import agent as agent_module
from workers.host import worker_life
from workers.host.agent import ZYGOTES, Agent
from workers.host.host_ledger import Ledger
from workers.host.zygote_client import ZygoteLost
from workers.runtime.slots import Slot, own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

DESKS = 2
WAIT = 60.0


class StandInZygote:
    """Forks nobody; `falls` is what happens when the host's last desk is to be forked."""

    def __init__(self, *_: object, **__: object) -> None:
        self.slots: Sequence[Slot] = [own_slot() for _ in range(DESKS)]
        self.heart = own_slot()
        self.forked: list[str] = []
        self.falls: Callable[[], None] = lambda: self.tell(None)
        self.restarts: Callable[[], None] = lambda: None
        self.tell: Callable[[None], None]

    def listen(self, tell: Callable[[None], None]) -> None:
        self.tell = tell

    def fork(self, identity: WorkerIdentity) -> None:
        self.forked.append(identity.incarnation)
        if len(self.forked) % DESKS == 0:
            self.falls()

    def restart(self) -> None:
        self.restarts()

    def kill(self) -> None: ...
    def signal(self, incarnation: str, number: int) -> None: ...
    def wait_ready(self) -> None: ...
    def wait_ended(self, seconds: float) -> None: ...
    def close(self) -> None: ...


@pytest.fixture
def freed() -> list[str]:
    """The incarnations whose tasks the ledger was asked to free."""
    return []


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, freed: list[str]) -> Agent:
    """An agent with two desks, whose zygote is played."""

    def free(whys: Mapping[str, str]) -> list[str]:
        freed.extend(whys)
        return []

    for part, stand_in in (("ZygoteClient", StandInZygote), ("STEADY_SECONDS", inf), ("FREED_SECONDS", WAIT)):
        monkeypatch.setattr(agent_module, part, stand_in)
    for part in ("AdbWatch", "BrokerWatch", "LeaseKeeper"):
        monkeypatch.setattr(agent_module, part, create_autospec(getattr(agent_module, part)))
    monkeypatch.setattr(worker_life, "REFORK", Backoff(first=0.001, most=0.001))
    ledger = create_autospec(Ledger, instance=True)
    ledger.incarnations_died.side_effect = free
    return Agent(replace(settings(), desks=DESKS), ledger, app)


def zygote_of(agent: Agent) -> StandInZygote:
    return cast("StandInZygote", agent._zygote)


def test_an_agent_that_gives_up_frees_the_tasks_of_the_last_lost_zygote_too(agent: Agent, freed: list[str]) -> None:
    with pytest.raises(ZygoteLost, match="one after the other"):
        agent.run()
    assert len(zygote_of(agent).forked) == ZYGOTES * DESKS
    assert sorted(freed) == sorted(zygote_of(agent).forked)


def test_the_next_zygote_begins_when_what_died_with_the_last_is_freed(agent: Agent, freed: list[str]) -> None:
    zygote, at_restarts = zygote_of(agent), []
    zygote.restarts = lambda: at_restarts.append((sorted(zygote.forked), sorted(freed)))
    with pytest.raises(ZygoteLost):
        agent.run()
    assert len(at_restarts) == ZYGOTES - 1
    assert all(forked == found for forked, found in at_restarts)


def test_an_agent_that_a_defect_ends_frees_the_tasks_of_its_workers(agent: Agent, freed: list[str]) -> None:
    def defect() -> None:
        raise RuntimeError("a defect")

    zygote_of(agent).falls = defect
    with pytest.raises(RuntimeError, match="a defect"):
        agent.run()
    assert sorted(freed) == sorted(zygote_of(agent).forked)
