"""A fleet of stock Celery workers, one for each simulated phone, kept alive as systemd would."""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from redis import Redis

from benchmarks.stock import PHONE, REDIS
from benchmarks.stock_canvas import ACCOUNT, DESK_QUEUE, POOL_QUEUE
from benchmarks.stock_told import FOLDER, Line, read_told, running_now
from chaos.fleet import START_SECONDS, KeptRedis
from chaos.keeper import Keeper, KeptProcess
from chaos.look import Running
from chaos.processes import signal_all, tree_of
from chaos.simfleet import SimFleet
from scripts.demo.shelf import start_shelf
from scripts.local.embedded import free_port
from scripts.local.processes import Processes, python
from tests.support.poll import wait_until
from workers.dispatch.tickets import UNACKED, queue_lengths
from workers.host.adb import Adb, AdbServer

SECONDS_A_PHONE = 5.0  # a stock worker imports everything for itself


class StockFleet(SimFleet):
    """Runs until the `with` block ends; its files are in `folder`. A desk worker serves what touches no phone."""

    def __init__(self, folder: Path, phones: int, seed: int, speed: float = 0) -> None:
        self.folder = folder
        self.phones = phones
        self.redis = KeptRedis(folder / "redis")
        self.workers: dict[str, KeptProcess] = {}
        self.serials: list[str] = []
        self._queues: dict[str, tuple[str, ...]] = {}
        self.keeper: Keeper
        self._seed, self._speed = seed, speed
        self.told_folder = folder / "told"
        self.desk: KeptProcess
        self._stack = ExitStack()

    def close(self) -> None:
        """End everything; workers are not waited for, what they hold is not needed any more."""
        if hasattr(self, "keeper"):
            self.keeper.rest()
        for worker in [*self.workers.values(), *([self.desk] if hasattr(self, "desk") else [])]:
            if worker.alive():
                kill_tree(worker.pid)
                worker.end()
        self.redis.kill()
        self._stack.close()

    def client(self) -> Redis:
        """A client of the fleet's Redis."""
        return Redis.from_url(self.redis.url, socket_timeout=10)

    def messages(self) -> int:
        """Messages that wait in a queue or that a worker took and has not acknowledged; retries are among these."""
        queues = [DESK_QUEUE, *(queue for serial in self.serials for queue in self._queues[serial])]
        with self.client() as redis:
            return sum(queue_lengths(redis, sorted(set(queues))).values()) + cast("int", redis.hlen(UNACKED))

    def told(self) -> list[Line]:
        """Returns the lines that its workers wrote, oldest first."""
        return read_told(self.told_folder)

    def running(self) -> list[Running]:
        """Returns the tasks that run on phones."""
        return running_now(self.told())

    def worker_pids(self, runs: Running) -> list[int]:
        """The worker of this attempt's phone, with its pool process."""
        return self.any_worker(runs.serial or "")

    def any_worker(self, serial: str) -> list[int]:
        """The worker of this phone, with its pool process; none while it does not live."""
        worker = self.workers[serial]
        return tree_of(worker.pid) if worker.alive() else []

    def _start(self) -> None:
        processes = self._stack.enter_context(Processes(self.folder / "log", {}))
        shelf = start_shelf(processes, self.folder, self.phones, self._speed, self._seed)
        self.told_folder.mkdir(parents=True, exist_ok=True)
        self.control, self.truth = shelf.control, shelf.truth
        server = AdbServer(free_port(), usb=False)
        self._stack.callback(server.close)
        server.ensure()
        for phone in self.get("/phones"):
            Adb(server.port).connect(phone["address"])
            place = {key: phone[key] for key in ("serial", "address", "account")} | {"adb_port": server.port}
            queues = self._queues[phone["serial"]] = (f"{ACCOUNT}{phone['account']}", POOL_QUEUE)
            self.serials.append(phone["serial"])
            self.workers[phone["serial"]] = self._worker(phone["serial"], queues, {PHONE: json.dumps(place)})
        self.desk = self._worker("desk", (DESK_QUEUE,), {})
        self.keeper = Keeper([self.redis, *self.workers.values(), self.desk])
        self.keeper.start(START_SECONDS)
        with self.client() as redis:
            wait_until(
                lambda: (
                    sum(client["cmd"] == "brpop" for client in cast("list[Any]", redis.client_list())) >= self.phones
                ),
                START_SECONDS + SECONDS_A_PHONE * self.phones,
                "every stock worker to consume",
                every=0.2,
            )

    def _worker(self, name: str, queues: tuple[str, ...], env: dict[str, str]) -> KeptProcess:
        arguments = ["-c", "1", "-P", "prefork", "-n", f"{name}@stock", "-Q", ",".join(queues), "-l", "WARNING"]
        common = {REDIS: self.redis.url, FOLDER: str(self.told_folder), "PYTHONWARNINGS": "ignore"}
        command = python("-m", "celery", "-A", "benchmarks.stock", "worker", *arguments)
        return KeptProcess(f"{name}@stock", command, {**common, **env}, self.folder / "log")


def kill_tree(pid: int) -> None:
    """kill -9 of a worker with its pool process."""
    signal_all(tree_of(pid), signal.SIGKILL)
