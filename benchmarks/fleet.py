"""Measures the memory of a phone's worker, and how soon a shelf consumes: our forked workers beside stock ones.

`python -m benchmarks.fleet --phones 100`. Every worker, ours and stock alike, holds its connection
to the ledger, runs 20 tasks on a simulated phone (each reads the logged-in account from the app and
writes it into the ledger) and keeps one screenshot. Then the memory of each is read as PSS: its own
pages, and its share of those that it shares.

Of stock workers a sample of five runs, while all of ours still do: what they share with others makes
them look lighter, not heavier.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

from celery import Celery
from redis import Redis as Client

from benchmarks.fleet_task import FAILED, LOOK, STOCK_PHONE
from models.database.engine import connect
from models.fleet.phones import phone_online
from models.migrate import upgrade
from scripts.local.embedded import free_port
from tests.support.host.processes import Sim, children
from tests.support.poll import wait_until
from tests.support.report import Line, Target, finish
from tests.support.servers import Redis
from workers.dispatch.tickets import Ticket, publish, queue_lengths
from workers.host.adb import Adb, AdbServer
from workers.runtime.linux import bound_to_me
from workers.runtime.worker_identity import phone_queue

TASKS = 20
STOCK_SAMPLE = 5
START_SECONDS = 180.0
SECONDS_A_TASK = 2.0  # far more than one takes; bounds the wait
MB = 1024.0  # smaps counts in kB

MOST_MB = 24.0
MOST_OF_STOCK = 0.45


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--phones", type=int, default=100, help="how many phones, each with a worker (default 100)")
    phones = parser.parse_args().phones
    with ExitStack() as stack:
        redis_url = stack.enter_context(Redis()).url
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        environment = _environment(redis_url, var)
        upgrade(connect(environment["PHONEFLEET_DATABASE_URL"]))
        sim = Sim(phones + STOCK_SAMPLE)
        stack.callback(sim.close)
        addresses = list(sim.addresses.items())
        ours, stock = dict(addresses[:phones]), dict(addresses[phones:])
        bench = Bench(redis_url, environment)
        with bench.fleet(ours) as (host, started):
            fleet = bench.weigh_fleet(host, ours)
            with bench.stock(stock) as pairs:
                rival = bench.weigh_stock(pairs, stock)
    return _report(phones, started, fleet, rival)


def _environment(redis_url: str, var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PHONEFLEET_REDIS_URL": redis_url,
        "PHONEFLEET_DATABASE_URL": os.environ.get("PHONEFLEET_DATABASE_URL", f"sqlite:///{var / 'ledger.db'}"),
        "PHONEFLEET_VAR": str(var),
        "PHONEFLEET_TASKS": "benchmarks.fleet_task",
        "PHONEFLEET_DESKS": "0",
        "PHONEFLEET_ADB_USB": "0",
        "PHONEFLEET_LOG": "WARNING",
        "PYTHONWARNINGS": "ignore",  # a stock worker warns at length of being root
    }


class Bench:
    """The two ways to run workers, on one Redis and one ledger."""

    def __init__(self, redis_url: str, environment: Mapping[str, str]) -> None:
        self._redis = Client.from_url(redis_url, socket_timeout=10)
        self._environment = environment
        self._app = Celery("bench", set_as_current=False)
        self._app.config_from_object("celeryconfig")
        self._app.conf.broker_url = redis_url

    @contextmanager
    def fleet(self, addresses: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
        """A host agent with a worker for each phone, and the seconds until all consumed."""
        began = time.monotonic()
        host = subprocess.Popen(
            bound_to_me([sys.executable, "-m", "workers.host"]),
            env={
                **self._environment,
                "PHONEFLEET_ADB_PORT": str(free_port()),
                "PHONEFLEET_ADB_CONNECT": ",".join(addresses.values()),
            },
        )
        try:
            wait_until(lambda: self._consuming() >= len(addresses), START_SECONDS, "all workers to consume")
            yield host, time.monotonic() - began
        finally:
            host.send_signal(signal.SIGTERM)
            host.wait(60)

    @contextmanager
    def stock(self, addresses: Mapping[str, str]) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
        """Stock workers with Celery's default pool (prefork) and one process in it, one for each phone."""
        server = AdbServer(free_port(), usb=False)
        server.ensure()
        started = [self._stock_worker(server.port, serial, address) for serial, address in addresses.items()]
        try:
            yield started
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(60)
            server.close()

    def weigh_fleet(self, host: subprocess.Popen[bytes], addresses: Mapping[str, str]) -> dict[str, Any]:
        """Have our workers do their tasks; PSS in MB."""
        seconds = self._work(addresses)
        (zygote,) = children(host.pid, "workers.host.zygote")
        workers = [pss(pid) for pid in children(zygote, "workers.host.zygote")]
        return {
            "worker_mb": statistics.mean(workers),
            "heaviest_mb": max(workers),
            "phone_mb": (sum(workers) + pss(zygote)) / len(workers),
            "zygote_mb": pss(zygote),
            "agent_mb": pss(host.pid),
            "workers": len(workers),
            "seconds_for_tasks": seconds,
        }

    def weigh_stock(self, processes: Sequence[subprocess.Popen[bytes]], addresses: Mapping[str, str]) -> dict[str, Any]:
        """Have the stock workers do the same; PSS in MB of each main process with its pool process."""
        seconds = self._work(addresses)
        pairs = [pss(process.pid) + sum(map(pss, children(process.pid, "celery"))) for process in processes]
        return {"worker_mb": statistics.mean(pairs), "workers": len(pairs), "seconds_for_tasks": seconds}

    def _stock_worker(self, adb_port: int, serial: str, address: str) -> subprocess.Popen[bytes]:
        Adb(adb_port).connect(address)
        phone_online(
            connect(self._environment["PHONEFLEET_DATABASE_URL"]), serial, address, "stock", "SimPhone", serial
        )
        place = json.dumps({"serial": serial, "address": address, "adb_port": adb_port})
        arguments = ["-c", "1", "-P", "prefork", "-n", f"{serial}@stock", "-Q", phone_queue(serial), "-l", "WARNING"]
        return subprocess.Popen(
            bound_to_me([sys.executable, "-m", "celery", "-A", "workers.app", "worker", *arguments]),
            env={**self._environment, STOCK_PHONE: place},
            stdout=subprocess.DEVNULL,  # its banner
        )

    def _work(self, serials: Mapping[str, str]) -> float:
        """20 tasks for each phone; the seconds that they took."""
        tickets = [Ticket(str(uuid.uuid4()), LOOK, phone_queue(serial), 0) for _ in range(TASKS) for serial in serials]
        began = time.monotonic()
        publish(self._app, tickets)
        bound = START_SECONDS + SECONDS_A_TASK * len(tickets)
        wait_until(lambda: self._left(serials) == 0, bound, f"{len(tickets)} tasks", every=0.2)
        return time.monotonic() - began

    def _left(self, serials: Mapping[str, str]) -> int:
        """Tickets that wait or are held. Raises RuntimeError when a task failed."""
        failed = cast("list[bytes]", self._redis.lrange(FAILED, 0, 0))
        if failed:
            raise RuntimeError(f"a task failed: {failed[0].decode()}")
        queues = [phone_queue(serial) for serial in serials]
        return int(self._redis.hlen("unacked")) + sum(queue_lengths(self._redis, queues).values())

    def _consuming(self) -> int:
        """Workers that wait for a ticket: each sits in a BRPOP."""
        return sum(client["cmd"] == "brpop" for client in self._redis.client_list())


def pss(pid: int) -> float:
    """The proportional set size of a process, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / MB
    raise RuntimeError(f"no PSS for process {pid}")


def _report(phones: int, started: float, ours: Mapping[str, Any], stock: Mapping[str, Any]) -> int:
    ratio = ours["phone_mb"] / stock["worker_mb"]
    return finish(
        "fleet",
        f"{phones} phones: memory (PSS) of a phone's worker after {TASKS} tasks and a screenshot",
        ["ours", f"stock (sample of {stock['workers']})", "ours / stock"],
        [
            Line("MB a phone (ours: with its share of the zygote)", (ours["phone_mb"], stock["worker_mb"], ratio)),
            Line("MB of the heaviest worker", (ours["heaviest_mb"], "", "")),
            Line("MB of the host agent, once a host", (ours["agent_mb"], "", "")),
            Line("seconds from start until all consume", (started, "", "")),
            Line("seconds for all tasks", (ours["seconds_for_tasks"], stock["seconds_for_tasks"], "")),
        ],
        {
            "phones": phones,
            "seconds_until_all_consume": started,
            "ours": dict(ours),
            "stock": dict(stock),
            "ratio": ratio,
        },
        [Target("MB a phone", ours["phone_mb"], MOST_MB), Target("of stock", ratio, MOST_OF_STOCK)],
    )


if __name__ == "__main__":
    sys.exit(main())
