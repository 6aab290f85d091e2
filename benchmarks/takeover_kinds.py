"""The kinds of death: how each strikes attempts that run, and how what it struck is mended afterwards."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos.blow import Death
from chaos.fleet import StormFleet
from chaos.keeper import KeptProcess
from chaos.look import Running
from chaos.processes import signal_to, tree_of, zygotes_of
from chaos.tell import pid_of


@dataclass(slots=True)
class Struck:
    """Whom a strike killed, and what there is to mend once the takeover was seen."""

    deaths: list[Death] = field(default_factory=list)
    mend: list[Callable[[], None]] = field(default_factory=list)


Strike = Callable[[StormFleet, Sequence[Running]], Struck]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of death. `limit`: the most seconds that its 99th percentile may be.

    `whole_host`: what runs on one host dies together, so the strike chooses whom it hits.
    """

    heading: str
    limit: float
    strike: Strike
    whole_host: bool = False


def _to_workers(kind: str, number: signal.Signals) -> Strike:
    def strike(fleet: StormFleet, runs: Sequence[Running]) -> Struck:
        struck = Struck()
        for run in runs:
            pid = pid_of(fleet.pids, run.incarnation)
            if pid is None:
                raise RuntimeError(f"nobody told the process of {run.serial}'s worker")
            struck.deaths.append(_death(kind, run))
            signal_to(pid, number)
            if number is signal.SIGSTOP:
                struck.mend.append(lambda pid=pid: signal_to(pid, signal.SIGCONT))  # type: ignore[misc]
        return struck

    return strike


def _to_phones(fault: str) -> Strike:
    def strike(fleet: StormFleet, runs: Sequence[Running]) -> Struck:
        struck = Struck()
        for run in runs:
            struck.deaths.append(_death(fault, run))
            fleet.post("/faults", phone=run.serial, fault=fault)
            struck.mend.append(lambda run=run: fleet.post("/heal", phone=run.serial))  # type: ignore[misc]
        return struck

    return strike


def _to_host(kind: str, hit: Callable[[KeptProcess], list[Callable[[], None]]]) -> Strike:
    """Strikes the host on which most of the attempts run; each of those there is a trial."""

    def strike(fleet: StormFleet, runs: Sequence[Running]) -> Struck:
        by_host = {host.name: [run for run in runs if fleet.host_of[run.serial or ""] is host] for host in fleet.hosts}
        host = max(fleet.hosts, key=lambda one: len(by_host[one.name]))
        deaths = [_death(kind, run) for run in by_host[host.name]]
        return Struck(deaths, hit(host))

    return strike


def _kill_zygote(host: KeptProcess) -> list[Callable[[], None]]:
    for zygote in zygotes_of(host.pid):
        signal_to(zygote, signal.SIGKILL)
    return []


def _kill_agent(host: KeptProcess) -> list[Callable[[], None]]:
    host.signal(signal.SIGKILL)  # the keeper starts it again after a second
    return []


def _freeze_host(host: KeptProcess) -> list[Callable[[], None]]:
    """Everything of the host: its agent, zygote, workers, adb server."""
    tree = tree_of(host.pid)
    for pid in tree:
        signal_to(pid, signal.SIGSTOP)

    def thaw() -> None:
        for pid in tree:
            signal_to(pid, signal.SIGCONT)

    return [thaw]


def _death(kind: str, run: Running) -> Death:
    return Death(time.time(), run.task_id, run.attempt, run.pinned, kind, no_return=False)


KINDS: Mapping[str, Kind] = {
    "kill_worker": Kind("worker killed", 5.0, _to_workers("kill_worker", signal.SIGKILL)),
    "kill_zygote": Kind("zygote killed", 1.0, _to_host("kill_zygote", _kill_zygote), whole_host=True),
    "kill_agent": Kind("host agent killed", 5.0, _to_host("kill_agent", _kill_agent), whole_host=True),
    "unplug": Kind("phone unplugged", 5.0, _to_phones("unplug")),
    "hang": Kind("phone hangs", 5.0, _to_phones("hang")),
    "freeze_worker": Kind("worker frozen", 5.0, _to_workers("freeze_worker", signal.SIGSTOP)),
    "freeze_host": Kind("host frozen", 10.0, _to_host("freeze_host", _freeze_host), whole_host=True),
}
