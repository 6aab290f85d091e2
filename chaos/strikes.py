"""Carrying out one strike: the blow itself, and how it heals."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from threading import Event
from typing import Any, Protocol

from chaos.blow import Blow, Death
from chaos.fleet import KeptRedis, StormFleet
from chaos.keeper import KeptProcess
from chaos.look import Running
from chaos.processes import signal_all, signal_to, zygotes_of
from chaos.schedule import KINDS, Strike
from chaos.servers import cut_connections, disk_full
from chaos.victims import LOOK_SECONDS, Victims, tap_of

FIRE_SECONDS = 8.0  # an armed fault waits so long for its tap, then another phone is tried
FIRE_TRIES = 3
HELPER_SECONDS = 3.0  # so long a phone is slow after its tap, so that its worker is killed before it records
BACK_SECONDS = 60.0  # a server that was killed is back by then, or the strike has failed


class PhoneFleet(Protocol):
    """The parts that a strike can hit: workers that run tasks, phones that fail, a Redis."""

    serials: list[str]
    redis: KeptRedis

    def running(self) -> list[Running]:
        """Returns the running attempts."""

    def worker_pids(self, runs: Running) -> list[int]:
        """The processes of the worker that runs it; none while nobody knows them."""

    def any_worker(self, serial: str) -> list[int]:
        """The processes of some worker at this phone's host; none while there is none."""

    def get(self, path: str) -> Any:
        """Ask phonesim's control port."""

    def post(self, path: str, **body: Any) -> None:
        """Ask something of it."""


class PhoneStriker:
    """Strikes workers, phones and Redis, from several threads of the caller; each is struck once at a time."""

    def __init__(self, fleet: PhoneFleet, ended: Event) -> None:
        self._phones = fleet
        self._ended = ended  # the storm is over: nothing waits any more
        self._victims = Victims(fleet.running, fleet.serials, ended)
        self._by: dict[str, Callable[[Blow], None]] = {
            "worker": self._worker,
            "phone": self._phone,
            "redis": self._redis,
        }

    def strike(self, strike: Strike) -> Blow:
        """Carry it out until it is healed; never raises."""
        blow = Blow(strike)
        try:
            if strike.aim == "no_return":
                self._after_tap(blow)
            if not blow.at:
                self._by[KINDS[strike.kind].struck](blow)
        except Exception as error:  # noqa: BLE001  # the storm goes on, and its report says it
            blow.error = f"{type(error).__name__}: {error}"
        blow.at = blow.at or time.time()
        blow.healed_at = time.time()
        return blow

    # workers

    def _worker(self, blow: Blow) -> None:
        with self._victims.busy_phone(blow.strike.pick) as (serial, runs):
            known = self._phones.worker_pids(runs) if runs is not None else []
            blow.aimed = bool(known)
            pids = known or self._some_worker(serial)
            blow.target, blow.at = f"worker {pids[0]} of {serial}", time.time()
            if runs is not None and blow.aimed:
                blow.task_id = runs.task_id
            if blow.strike.kind == "kill_worker":
                signal_all(pids, signal.SIGKILL)
                blow.deaths += [_death(blow, runs)] if runs is not None and blow.aimed else []
                return
            signal_all(pids, signal.SIGSTOP)
            self._ended.wait(blow.strike.seconds)
            signal_all(pids, signal.SIGCONT)

    def _some_worker(self, serial: str) -> list[int]:
        """Any worker of the phone's host, once there is one."""
        while not self._ended.is_set():
            if pids := self._phones.any_worker(serial):
                return pids
            self._ended.wait(LOOK_SECONDS)
        raise TimeoutError(f"the host of {serial} had no worker to strike until the storm was over")

    # phones

    def _phone(self, blow: Blow) -> None:
        with self._victims.busy_phone(blow.strike.pick) as (serial, runs):
            blow.target, blow.aimed = serial, runs is not None
            blow.task_id = runs.task_id if runs is not None else ""
            blow.at = time.time()
            self._fault(blow, serial)
            self._ended.wait(blow.strike.seconds)
            self._phones.post("/heal", phone=serial, fault=blow.strike.kind)

    def _fault(self, blow: Blow, serial: str, **more: str) -> None:
        helper = blow.strike.kind == "kill_worker"
        seconds = HELPER_SECONDS if helper else blow.strike.seconds
        body = {"seconds": seconds} if seconds else {}
        self._phones.post("/faults", phone=serial, fault="slow" if helper else blow.strike.kind, **body, **more)

    def _after_tap(self, blow: Blow) -> None:
        """Lie in wait for the tap that cannot be taken back; a phone where none comes is given up for another."""
        for turn in range(FIRE_TRIES):
            with self._victims.busy_phone((blow.strike.pick + turn * 0.37) % 1.0, acting=True) as (serial, runs):
                if runs is None or self._ended.is_set():
                    return
                self._fault(blow, serial, at=blow.strike.moment, on=tap_of(runs))
                if self._fires(serial):
                    self._struck_after_tap(blow, serial)
                    return
                self._phones.post("/heal", phone=serial)

    def _struck_after_tap(self, blow: Blow, serial: str) -> None:
        blow.at, blow.target, blow.no_return = time.time(), serial, True
        runs = next((one for one in self._phones.running() if one.serial == serial), None)
        if runs is not None:
            blow.aimed, blow.task_id = True, runs.task_id
        if blow.strike.kind == "kill_worker" and runs is not None:
            pids = self._phones.worker_pids(runs)
            if pids:
                blow.at = time.time()
                signal_all(pids, signal.SIGKILL)
                blow.deaths.append(_death(blow, runs))
        self._ended.wait(blow.strike.seconds)
        self._phones.post("/heal", phone=serial)

    def _fires(self, serial: str) -> bool:
        deadline = time.monotonic() + FIRE_SECONDS
        while time.monotonic() < deadline and not self._ended.is_set():
            phone = next(one for one in self._phones.get("/phones") if one["serial"] == serial)
            if not phone["armed"]:
                return True
            self._ended.wait(LOOK_SECONDS)
        return False

    # Redis

    def _redis(self, blow: Blow) -> None:
        with self._victims.one_of(["redis"], 0.0):
            blow.target, blow.at = "redis", time.time()
            self._phones.redis.pause = blow.strike.seconds
            self._phones.redis.kill()
            self._wait_back(self._phones.redis.answers)

    def _wait_back(self, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + BACK_SECONDS
        while not answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not back after {BACK_SECONDS:g} s")
            Event().wait(LOOK_SECONDS)


class Striker(PhoneStriker):
    """Strikes all of phonefleet's own parts as well."""

    def __init__(self, fleet: StormFleet, ended: Event) -> None:
        super().__init__(fleet, ended)
        self._fleet = fleet
        self._by |= {"host": self._host, "coordinator": self._coordinator, "mariadb": self._mariadb}

    # hosts and coordinators

    def _host(self, blow: Blow) -> None:
        hosts = {host.name: host for host in self._fleet.hosts}
        with self._victims.one_of(list(hosts), blow.strike.pick) as name:
            blow.target = name
            self._strike_host(blow, hosts[name])

    def _strike_host(self, blow: Blow, host: KeptProcess) -> None:
        of = self._fleet.host_of
        mine = [one for one in self._fleet.running() if one.serial and of.get(one.serial) is host]
        blow.aimed = bool(mine)
        blow.at = time.time()
        if blow.strike.kind == "freeze_agent":
            self._freeze(host, blow.strike.seconds)
            return
        if blow.strike.kind == "kill_agent":
            host.pause = blow.strike.seconds
            host.signal(signal.SIGKILL)
        else:
            for zygote in zygotes_of(host.pid):
                signal_to(zygote, signal.SIGKILL)
        blow.deaths += [_death(blow, one) for one in mine]

    def _coordinator(self, blow: Blow) -> None:
        all_of_them = {one.name: one for one in self._fleet.coordinators}
        with self._victims.one_of(list(all_of_them), blow.strike.pick) as name:
            one = all_of_them[name]
            blow.target, blow.at = name, time.time()
            if blow.strike.kind == "freeze_coordinator":
                self._freeze(one, blow.strike.seconds)
            else:
                one.pause = blow.strike.seconds
                one.signal(signal.SIGKILL)

    def _freeze(self, process: KeptProcess, seconds: float) -> None:
        process.signal(signal.SIGSTOP)
        self._ended.wait(seconds)
        process.signal(signal.SIGCONT)

    # MariaDB

    def _mariadb(self, blow: Blow) -> None:
        with self._victims.one_of(["mariadb"], 0.0):
            self._wait_back(self._fleet.mariadb.answers)
            try:
                self._strike_mariadb(blow)
            except Exception:
                if self._fleet.mariadb.answers():
                    raise
                # it ended by itself, late: a rollback had found the disk full
                self._wait_back(self._fleet.mariadb.answers)
                self._strike_mariadb(blow)

    def _strike_mariadb(self, blow: Blow) -> None:
        server = self._fleet.mariadb.server
        blow.target, blow.at = "mariadb", time.time()
        if blow.strike.kind == "mariadb_cut":
            cut_connections(server)
        elif blow.strike.kind == "disk_full":
            with disk_full(server):
                self._ended.wait(blow.strike.seconds)
        else:
            self._fleet.mariadb.pause = blow.strike.seconds
            server.kill()
            self._wait_back(self._fleet.mariadb.answers)


def _death(blow: Blow, runs: Running) -> Death:
    return Death(blow.at, runs.task_id, runs.attempt, runs.pinned, blow.strike.kind, blow.no_return)
