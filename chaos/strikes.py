"""Carrying out one strike: whom it hits, the blow itself, and how it heals."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock

from chaos.fleet import StormFleet
from chaos.keeper import KeptProcess
from chaos.look import Running, running
from chaos.schedule import KINDS, Strike
from chaos.servers import cut_connections, disk_full
from chaos.tell import pid_of
from tests.host.processes import children

FIRE_SECONDS = 8.0  # an armed fault waits so long for its tap, then another phone is tried
FIRE_TRIES = 3
LOOK_SECONDS = 0.05
VICTIM_SECONDS = 3.0  # so long for something to run before whoever is idle is struck

# The tap that each act of a flow cannot be taken back after.
TAPS: Mapping[str, str] = {"comment": "comment_send", "reply": "reply_send", "like_comment": "comment_like"}
NURTURE_TAP = "video_like"
HELPER_SECONDS = 3.0  # so long a phone is slow after its tap, so that its worker is killed before it records


@dataclass(frozen=True, slots=True)
class Death:
    """A worker that the storm killed while it ran an attempt: when (seconds since 1970), and what it ran."""

    at: float
    task_id: str
    attempt: int
    pinned: bool
    kind: str
    no_return: bool


@dataclass(slots=True)
class Blow:
    """What became of a strike. `aimed`: it hit between a claim and its record; `no_return`: after the tap."""

    strike: Strike
    at: float = 0.0
    healed_at: float = 0.0
    target: str = ""
    task_id: str = ""
    aimed: bool = False
    no_return: bool = False
    deaths: list[Death] = field(default_factory=list)
    error: str = ""


class Striker:
    """Strikes the fleet, several at a time from threads of the caller; one phone or server is struck once at a time."""

    def __init__(self, fleet: StormFleet, ended: Event) -> None:
        self._fleet = fleet
        self._ended = ended  # the storm is over: nothing waits any more
        self._lock = Lock()
        self._struck: set[str] = set()
        self._by: Mapping[str, Callable[[Blow], None]] = {
            "worker": self._worker,
            "phone": self._phone,
            "host": self._host,
            "coordinator": self._coordinator,
            "redis": self._redis,
            "mariadb": self._mariadb,
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

    # whom

    def _claim(self, names: Sequence[str], pick: float) -> str | None:
        """One of the names that no other strike is at, for this one alone."""
        with self._lock:
            free = [name for name in names if name not in self._struck]
            if not free:
                return None
            chosen = free[int(pick * len(free))]
            self._struck.add(chosen)
            return chosen

    def _release(self, name: str) -> None:
        with self._lock:
            self._struck.discard(name)

    def _busy_phone(self, pick: float, *, acting: bool = False) -> tuple[str, Running | None]:
        """A phone whose worker runs a task; after a while any phone. The caller releases it."""
        deadline = time.monotonic() + VICTIM_SECONDS
        while time.monotonic() < deadline and not self._ended.is_set():
            runs = {one.serial: one for one in running(self._fleet.engine) if one.serial and (not acting or _tap(one))}
            serial = self._claim(list(runs), pick)
            if serial is not None:
                return serial, runs[serial]
            self._ended.wait(LOOK_SECONDS)
        return self._wait_claim(self._fleet.serials, pick), None

    def _wait_claim(self, names: Sequence[str], pick: float) -> str:
        while (name := self._claim(names, pick)) is None:
            if self._ended.wait(LOOK_SECONDS):
                raise TimeoutError("the storm ended before anything was free to be struck")
        return name

    # blows

    def _worker(self, blow: Blow) -> None:
        serial, runs = self._busy_phone(blow.strike.pick)
        try:
            self._strike_worker(blow, serial, runs)
        finally:
            self._release(serial)

    def _strike_worker(self, blow: Blow, serial: str, runs: Running | None) -> None:
        pid = pid_of(self._fleet.pids, runs.incarnation) if runs is not None else None
        if pid is None:
            pid = self._some_worker(serial)
        blow.target = f"worker {pid} of {serial}"
        if runs is not None:
            blow.aimed, blow.task_id = True, runs.task_id
        blow.at = time.time()
        if blow.strike.kind == "kill_worker":
            _kill(pid)
            if runs is not None:
                blow.deaths.append(self._death(blow, runs))
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self._ended.wait(blow.strike.seconds)
            os.kill(pid, signal.SIGCONT)

    def _some_worker(self, serial: str) -> int:
        zygotes = children(self._fleet.host_of[serial].pid, "workers.host.zygote")
        workers = [pid for zygote in zygotes for pid in children(zygote, "workers.host.zygote")]
        if not workers:
            raise TimeoutError(f"the host of {serial} has no worker now")
        return workers[0]

    def _phone(self, blow: Blow) -> None:
        serial, runs = self._busy_phone(blow.strike.pick)
        try:
            blow.target, blow.aimed = serial, runs is not None
            blow.task_id = runs.task_id if runs is not None else ""
            blow.at = time.time()
            self._fault(blow, serial)
            self._ended.wait(blow.strike.seconds)
            self._fleet.post("/heal", phone=serial, fault=blow.strike.kind)
        finally:
            self._release(serial)

    def _fault(self, blow: Blow, serial: str, **more: str) -> None:
        helper = blow.strike.kind == "kill_worker"
        seconds = HELPER_SECONDS if helper else blow.strike.seconds
        body = {"seconds": seconds} if seconds else {}
        self._fleet.post("/faults", phone=serial, fault="slow" if helper else blow.strike.kind, **body, **more)

    def _after_tap(self, blow: Blow) -> None:
        """Lie in wait for the tap that cannot be taken back; a phone where none comes is given up for another."""
        for turn in range(FIRE_TRIES):
            serial, runs = self._busy_phone((blow.strike.pick + turn * 0.37) % 1.0, acting=True)
            try:
                if runs is None or self._ended.is_set():
                    return
                self._fault(blow, serial, at=blow.strike.moment, on=_tap(runs))
                if not self._fires(serial):
                    self._fleet.post("/heal", phone=serial)
                    continue
                self._struck_after_tap(blow, serial)
                return
            finally:
                self._release(serial)

    def _struck_after_tap(self, blow: Blow, serial: str) -> None:
        blow.at, blow.target, blow.no_return = time.time(), serial, True
        runs = next((one for one in running(self._fleet.engine) if one.serial == serial), None)
        if runs is not None:
            blow.aimed, blow.task_id = True, runs.task_id
        if blow.strike.kind == "kill_worker" and runs is not None:
            pid = pid_of(self._fleet.pids, runs.incarnation)
            if pid is not None:
                blow.at = time.time()
                _kill(pid)
                blow.deaths.append(self._death(blow, runs))
        self._ended.wait(blow.strike.seconds)
        self._fleet.post("/heal", phone=serial)

    def _fires(self, serial: str) -> bool:
        deadline = time.monotonic() + FIRE_SECONDS
        while time.monotonic() < deadline and not self._ended.is_set():
            phone = next(one for one in self._fleet.get("/phones") if one["serial"] == serial)
            if not phone["armed"]:
                return True
            self._ended.wait(LOOK_SECONDS)
        return False

    def _host(self, blow: Blow) -> None:
        name = self._wait_claim([host.name for host in self._fleet.hosts], blow.strike.pick)
        try:
            host = next(one for one in self._fleet.hosts if one.name == name)
            blow.target = name
            self._strike_host(blow, host)
        finally:
            self._release(name)

    def _strike_host(self, blow: Blow, host: KeptProcess) -> None:
        mine = [
            one for one in running(self._fleet.engine) if one.serial and self._fleet.host_of.get(one.serial) is host
        ]
        blow.aimed = bool(mine)
        blow.at = time.time()
        if blow.strike.kind == "freeze_agent":
            self._freeze(host, blow.strike.seconds)
            return
        if blow.strike.kind == "kill_agent":
            host.pause = blow.strike.seconds
            host.signal(signal.SIGKILL)
        else:
            for zygote in children(host.pid, "workers.host.zygote"):
                _kill(zygote)
        blow.deaths += [self._death(blow, one) for one in mine]

    def _coordinator(self, blow: Blow) -> None:
        name = self._wait_claim([one.name for one in self._fleet.coordinators], blow.strike.pick)
        try:
            one = next(each for each in self._fleet.coordinators if each.name == name)
            blow.target, blow.at = name, time.time()
            if blow.strike.kind == "freeze_coordinator":
                self._freeze(one, blow.strike.seconds)
            else:
                one.pause = blow.strike.seconds
                one.signal(signal.SIGKILL)
        finally:
            self._release(name)

    def _freeze(self, process: KeptProcess, seconds: float) -> None:
        process.signal(signal.SIGSTOP)
        self._ended.wait(seconds)
        process.signal(signal.SIGCONT)

    def _redis(self, blow: Blow) -> None:
        self._wait_claim(["redis"], 0.0)
        try:
            blow.target, blow.at = "redis", time.time()
            self._fleet.redis.pause = blow.strike.seconds
            self._fleet.redis.kill()
            self._wait_alive(self._fleet.redis.alive)
        finally:
            self._release("redis")

    def _mariadb(self, blow: Blow) -> None:
        self._wait_claim(["mariadb"], 0.0)
        server = self._fleet.mariadb.server
        try:
            blow.target, blow.at = "mariadb", time.time()
            if blow.strike.kind == "mariadb_cut":
                cut_connections(server)
            elif blow.strike.kind == "disk_full":
                with disk_full(server):
                    self._ended.wait(blow.strike.seconds)
            else:
                self._fleet.mariadb.pause = blow.strike.seconds
                server.kill()
                self._wait_alive(self._fleet.mariadb.alive)
        finally:
            self._release("mariadb")

    def _wait_alive(self, alive: Callable[[], bool]) -> None:
        while not alive() and not self._ended.is_set():
            self._ended.wait(LOOK_SECONDS)

    @staticmethod
    def _death(blow: Blow, runs: Running) -> Death:
        return Death(blow.at, runs.task_id, runs.attempt, runs.pinned, blow.strike.kind, blow.no_return)


def _tap(runs: Running) -> str:
    if runs.flow == "nurture":
        return NURTURE_TAP
    return TAPS.get(str(runs.kwargs.get("kind")), "")


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
