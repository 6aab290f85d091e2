"""Measures what a phone costs: memory of its worker, idle and after work, beside a stock one; CPU, statements,
connections; how soon a shelf consumes, and one phone that is plugged in.

`python -m benchmarks.fleet --phones 100`. Every worker, ours and stock alike, holds its connection
to the ledger, runs 20 tasks on a simulated phone (each reads the logged-in account from the app and
writes it into the ledger) and keeps one screenshot. Before that, with every account read and nothing to do,
their cost at rest is measured for 75 s: more than one and a half times the 45 s after which the account of an idle
phone is read again, so that each phone is looked at meanwhile. Then the memory of each is read as PSS: its own
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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any, cast

from celery import Celery
from redis import Redis as Client
from sqlalchemy import func, select

from benchmarks.fleet_report import COORDINATOR, HOST, report
from benchmarks.fleet_rest import Meter, Part
from benchmarks.fleet_task import FAILED, LOOK, STOCK_PHONE
from models.database.engine import connect
from models.fleet.phones import phone_online
from models.migrate import upgrade
from models.tables import Phone
from models.transactions.read_write import read
from scripts.local.embedded import free_port
from tests.support.host.processes import Sim, children
from tests.support.poll import wait_until
from tests.support.servers import MariaDB, Redis
from workers.coordinator.at_rest import SETTLED
from workers.dispatch.tickets import Ticket, publish, queue_lengths
from workers.host.adb import Adb, AdbServer
from workers.runtime.linux import bound_to_me
from workers.runtime.worker_identity import phone_queue

TASKS = 20
AT_ONCE = 50  # phones at work: simulated ones answer at once, so that each computes all the time, as no real one does
STOCK_SAMPLE = 5
START_SECONDS, START_SECONDS_A_PHONE = 180.0, 0.6
SECONDS_A_TASK = 2.0  # far more than one takes; bounds the wait
MB = 1024.0  # smaps counts in kB

PLUGGED = 3  # phones that are plugged in one by one
REST_SECONDS = 75.0  # longer than one and a half times the time after which an idle phone is looked at again


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--phones", type=int, default=100, help="how many phones, each with a worker (default 100)")
    phones = parser.parse_args().phones
    with ExitStack() as stack:
        redis_url = stack.enter_context(Redis()).url
        maria = stack.enter_context(MariaDB("--userstat=1", f"--max-connections={phones * 4 + 200}"))
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        url = stack.enter_context(maria.database())
        upgrade(connect(url))
        users = {part: maria.user(url, part, ["ALL PRIVILEGES"]) for part in (HOST, COORDINATOR)}
        sim = Sim(phones + PLUGGED + STOCK_SAMPLE)
        stack.callback(sim.close)
        addresses = list(sim.addresses.items())
        ours, later, stock = (
            dict(addresses[since:until])
            for since, until in ((0, phones), (phones, phones + PLUGGED), (phones + PLUGGED, None))
        )
        bench = Bench(redis_url, _environment(redis_url, users[HOST], var), users, maria)
        with bench.fleet(ours) as (host, started):
            # before the accounts are read: an adb server with 1,024 open files ends when it connects a phone more
            plugged = statistics.median(bench.plug_in(later.values(), phones))
            fleet = {"seconds_until_all_consume": started, "seconds_from_plugging_in": plugged}
            fleet |= bench.rest(host, ours | later)
            fleet |= bench.weigh_fleet(host, ours | later)
            with bench.stock(stock) as pairs:
                rival = bench.weigh_stock(pairs, stock)
    return report(phones, TASKS, fleet, rival)


def _environment(redis_url: str, database: str, var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PHONEFLEET_REDIS_URL": redis_url,
        "PHONEFLEET_DATABASE_URL": database,
        "PHONEFLEET_VAR": str(var),
        "PHONEFLEET_TASKS": "benchmarks.fleet_task",
        "PHONEFLEET_DESKS": "0",
        "PHONEFLEET_ADB_USB": "0",
        "PHONEFLEET_LOG": "WARNING",
        "PYTHONWARNINGS": "ignore",  # a stock worker warns at length of being root
    }


class Bench:
    """The two ways to run workers, on one Redis and one ledger."""

    def __init__(
        self, redis_url: str, environment: Mapping[str, str], users: Mapping[str, str], maria: MariaDB
    ) -> None:
        self._redis = Client.from_url(redis_url, socket_timeout=10)
        self._environment = environment
        self._users = users
        self._engine = connect(users[COORDINATOR])
        self._meter = Meter(maria, self._redis)
        self._adb_port = free_port()
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
                "PHONEFLEET_ADB_PORT": str(self._adb_port),
                "PHONEFLEET_ADB_CONNECT": ",".join(addresses.values()),
            },
        )
        try:
            bound = _bound(addresses)
            wait_until(lambda: self._consuming() >= len(addresses), bound, "all workers to consume", every=0.2)
            yield host, time.monotonic() - began
        finally:
            host.send_signal(signal.SIGTERM)
            host.wait(60)

    def rest(self, host: subprocess.Popen[bytes], addresses: Mapping[str, str]) -> dict[str, Any]:
        """What the fleet costs while it has nothing to do. A coordinator works meanwhile, and has the accounts read."""
        (zygote,) = children(host.pid, "workers.host.zygote")
        fresh = self._pss(zygote)
        with self._coordinator() as coordinator:
            parts = {
                HOST: Part(self._users[HOST], lambda: [host.pid, zygote, *children(zygote, "workers.host.zygote")]),
                COORDINATOR: Part(self._users[COORDINATOR], lambda: [coordinator.pid]),
            }
            wait_until(lambda: self._known() >= len(addresses), _bound(addresses) * 2, "the accounts", every=0.5)
            Event().wait(SETTLED + 5.0)
            before = self._read_at()
            with self._meter.costs(parts) as costs:
                Event().wait(REST_SECONDS)
            after = self._read_at()
            return {
                "fresh_mb": fresh,
                "looked_at": sum(after[serial] != at for serial, at in before.items()),
                "idle_mb": self._pss(zygote),
                "rest": {name: asdict(cost) for name, cost in costs.items()},
                "connections": self._meter.connections(parts),
            }

    def plug_in(self, addresses: Iterable[str], consuming: int) -> list[float]:
        """Connect one phone after the other to the host; the seconds until each consumes."""
        took = []
        for number, address in enumerate(addresses, consuming + 1):
            began = time.monotonic()
            Adb(self._adb_port).connect(address)
            wait_until(lambda number=number: self._consuming() >= number, START_SECONDS, "the phone to consume")  # type: ignore[misc]
            took.append(time.monotonic() - began)
        return took

    @contextmanager
    def _coordinator(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            bound_to_me([sys.executable, "-m", "workers.coordinator"]),
            env={**self._environment, "PHONEFLEET_DATABASE_URL": self._users[COORDINATOR]},
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)

    def _known(self) -> int:
        """Phones whose account is known."""
        known = select(func.count()).select_from(Phone).where(Phone.account_id.is_not(None))
        return read(self._engine, lambda session: session.scalar(known)) or 0

    def _read_at(self) -> dict[str, datetime | None]:
        """When the account of each phone was last read."""
        rows = read(
            self._engine, lambda session: session.execute(select(Phone.serial, Phone.account_read_at)).tuples().all()
        )
        return dict(rows)

    def _pss(self, zygote: int) -> float:
        """PSS in MB of a worker with its share of the zygote."""
        workers = [pss(pid) for pid in children(zygote, "workers.host.zygote")]
        return (sum(workers) + pss(zygote)) / len(workers)

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
        """20 tasks for each phone, of so many phones at once; the seconds that they took."""
        began, in_order = time.monotonic(), list(serials)
        for since in range(0, len(in_order), AT_ONCE):
            some = in_order[since : since + AT_ONCE]
            tickets = [Ticket(str(uuid.uuid4()), LOOK, phone_queue(serial), 0) for _ in range(TASKS) for serial in some]
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


def _bound(phones: Collection[str]) -> float:
    return START_SECONDS + START_SECONDS_A_PHONE * len(phones)


def pss(pid: int) -> float:
    """The proportional set size of a process, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / MB
    raise RuntimeError(f"no PSS for process {pid}")


if __name__ == "__main__":
    sys.exit(main())
