"""Measures what a phone costs: memory of its worker, idle and after work, beside a stock one; CPU, statements,
connections; how soon a shelf consumes, and one phone that is plugged in.

`python -m benchmarks.fleet --phones 100`. Every worker, ours and stock alike, holds its connection
to the ledger, runs 20 tasks on a simulated phone (each reads the logged-in account from the app and
writes it into the ledger) and keeps one screenshot. Before that, with every account read and nothing to do,
their cost at rest is measured for 75 s: more than one and a half times the 45 s after which the account of an idle
phone is read again, so that each phone is looked at meanwhile. Then the memory of each is read as PSS: its own
pages, and its share of those that it shares.

More phones than one adb server takes over the network are served by several hosts of this machine, as an operator
would have them: each with a name, a folder, an adb port and here a database user of its own, by which its statements
are counted.

Of stock workers a sample of five runs, while all of ours still do: what they share with others makes
them look lighter, not heavier.
"""

from __future__ import annotations

import argparse
import json
import os
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

from benchmarks.fleet_hosts import HostAgent, check_machine, hosts_for, names, pss, shares
from benchmarks.fleet_report import COORDINATOR, report
from benchmarks.fleet_rest import Meter, Part
from benchmarks.fleet_task import FAILED, LOOK, STOCK_PHONE
from models.database.engine import connect
from models.fleet.phones import phone_online
from models.migrate import upgrade
from models.tables import Phone
from models.transactions.read_write import read
from scripts.local.embedded import free_port
from tests.support.arguments import at_least
from tests.support.host.processes import Sim, children
from tests.support.poll import wait_until
from tests.support.servers import MariaDB, Redis
from workers.coordinator.at_rest import SETTLED
from workers.dispatch.tickets import Ticket, publish, queue_lengths
from workers.host.adb import Adb, AdbServer
from workers.runtime.linux import bound_to_me
from workers.runtime.worker_identity import phone_queue

TASKS = 20
AT_ONCE = 20  # phones at work: simulated ones answer at once, and one process is all of them: it draws their screens
STOCK_SAMPLE = 5
START_SECONDS, START_SECONDS_A_PHONE = 180.0, 0.6
SECONDS_A_TASK = 2.0  # far more than one takes; bounds the wait

PLUGGED = 3  # phones that are plugged in one by one
SETTLE_SECONDS = SETTLED + 5.0
REST_SECONDS = 75.0  # longer than one and a half times the time after which an idle phone is looked at again


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--phones", type=at_least(1), default=100, help="how many, each with a worker (default 100)")
    parser.add_argument("--hosts", type=at_least(1), help="by how many hosts they are served (default: as few as can)")
    asked = parser.parse_args()
    check_machine(asked.phones)
    return measure(asked.phones, asked.hosts or hosts_for(asked.phones + PLUGGED))


def measure(phones: int, hosts: int) -> int:
    """Measure so many phones on so many hosts of this machine, and report; 1 when a target is missed."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(Redis()).url
        maria = stack.enter_context(MariaDB("--userstat=1", f"--max-connections={phones * 4 + 200}"))
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        url = stack.enter_context(maria.database())
        upgrade(connect(url))
        sim = Sim(phones + PLUGGED + STOCK_SAMPLE)
        stack.callback(sim.close)
        addresses = list(sim.addresses.items())
        ours, later, stock = (
            dict(addresses[since:until])
            for since, until in ((0, phones), (phones, phones + PLUGGED), (phones + PLUGGED, None))
        )
        bench = Bench(redis_url, url, var, maria)
        with bench.fleet(ours, hosts) as (agents, started):
            plugged = statistics.median(bench.plug_in(agents[0].adb_port, later.values(), phones))
            fleet = {"hosts": hosts, "seconds_until_all_consume": started, "seconds_from_plugging_in": plugged}
            fleet |= bench.rest(agents, ours | later)
            fleet |= bench.weigh_fleet(agents, ours | later)
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

    def __init__(self, redis_url: str, database_url: str, var: Path, maria: MariaDB) -> None:
        self._redis = Client.from_url(redis_url, socket_timeout=10)
        self._lists = Client.from_url(redis_url, socket_timeout=10)
        self._lists.set_response_callback("CLIENT LIST", lambda raw, **_: raw)  # of thousands: nobody reads them
        self._environment = _environment(redis_url, database_url, var)
        self._database_url = database_url
        self._engine = connect(database_url)
        self._maria = maria
        self._meter = Meter(maria, self._redis)
        self._app = Celery("bench", set_as_current=False)
        self._app.config_from_object("celeryconfig")
        self._app.conf.broker_url = redis_url

    @contextmanager
    def fleet(self, addresses: Mapping[str, str], hosts: int) -> Iterator[tuple[Sequence[HostAgent], float]]:
        """Host agents with a worker for each phone, and the seconds until all consumed."""
        environments = {name: {**self._environment, **self._as_user(name)} for name in names(hosts)}
        began = time.monotonic()
        agents = [
            HostAgent(name, environment, share)
            for (name, environment), share in zip(environments.items(), shares(addresses, hosts), strict=True)
        ]
        try:
            bound = _bound(addresses)
            wait_until(lambda: self._consuming() >= len(addresses), bound, "all workers to consume", every=0.2)
            yield agents, time.monotonic() - began
        finally:
            for agent in agents:
                agent.process.terminate()
            for agent in agents:
                agent.ended()

    def rest(self, agents: Sequence[HostAgent], addresses: Mapping[str, str]) -> dict[str, Any]:
        """What the fleet costs while it has nothing to do. A coordinator works meanwhile, and has the accounts read."""
        fresh = _mb_a_phone(agents)
        as_coordinator = self._as_user(COORDINATOR)
        with self._coordinator(as_coordinator) as coordinator:
            parts = {agent.name: Part(agent.database, agent.pids) for agent in agents}
            parts[COORDINATOR] = Part(as_coordinator["PHONEFLEET_DATABASE_URL"], lambda: [coordinator.pid])
            wait_until(lambda: self._known() >= len(addresses), _bound(addresses) * 2, "the accounts", every=0.5)
            Event().wait(SETTLE_SECONDS)
            before = self._read_at()
            with self._meter.costs(parts) as costs:
                Event().wait(REST_SECONDS)
            after = self._read_at()
            return {
                "fresh_mb": fresh,
                "looked_at": sum(after[serial] != at for serial, at in before.items()),
                "idle_mb": _mb_a_phone(agents),
                "rest": {name: asdict(cost) for name, cost in costs.items()},
                "connections": self._meter.connections(parts),
            }

    def _as_user(self, name: str) -> dict[str, str]:
        """The environment of a part with a database user of its own, by which its statements are counted."""
        return {"PHONEFLEET_DATABASE_URL": self._maria.user(self._database_url, name, ["ALL PRIVILEGES"])}

    def plug_in(self, adb_port: int, addresses: Iterable[str], consuming: int) -> list[float]:
        """Connect one phone after the other to a host; the seconds until each consumes."""
        took = []
        for number, address in enumerate(addresses, consuming + 1):
            began = time.monotonic()
            Adb(adb_port).connect(address)
            wait_until(lambda number=number: self._consuming() >= number, START_SECONDS, "the phone to consume")  # type: ignore[misc]
            took.append(time.monotonic() - began)
        return took

    @contextmanager
    def _coordinator(self, user: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            bound_to_me([sys.executable, "-m", "workers.coordinator"]), env={**self._environment, **user}
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
        asked = select(Phone.serial, Phone.account_read_at)
        rows = read(self._engine, lambda session: session.execute(asked).all())
        return {row.serial: row.account_read_at for row in rows}

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

    def weigh_fleet(self, agents: Sequence[HostAgent], addresses: Mapping[str, str]) -> dict[str, Any]:
        """Have our workers do their tasks; PSS in MB."""
        seconds = self._work(addresses)
        workers = [pss(pid) for agent in agents for pid in agent.workers()]
        return {
            "worker_mb": statistics.mean(workers),
            "heaviest_mb": max(workers),
            "phone_mb": _mb_a_phone(agents),
            "zygote_mb": statistics.mean(pss(agent.zygote) for agent in agents),
            "agent_mb": statistics.mean(pss(agent.process.pid) for agent in agents),
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
            wait_until(lambda some=some: self._left(some) == 0, bound, f"{len(tickets)} tasks", every=0.2)  # type: ignore[misc]
        return time.monotonic() - began

    def _left(self, serials: Iterable[str]) -> int:
        """Tickets that wait or are held. Raises RuntimeError when a task failed."""
        failed = cast("list[bytes]", self._redis.lrange(FAILED, 0, 0))
        if failed:
            raise RuntimeError(f"a task failed: {failed[0].decode()}")
        queues = [phone_queue(serial) for serial in serials]
        return int(self._redis.hlen("unacked")) + sum(queue_lengths(self._redis, queues).values())

    def _consuming(self) -> int:
        """Workers that wait for a ticket: each sits in a BRPOP, or is about to begin the next one."""
        return cast("bytes", self._lists.client_list()).count(b" cmd=brpop ")


def _bound(phones: Collection[str]) -> float:
    return START_SECONDS + START_SECONDS_A_PHONE * len(phones)


def _mb_a_phone(agents: Sequence[HostAgent]) -> float:
    """PSS in MB of a worker, with its share of the zygote of its host."""
    workers = [pss(pid) for agent in agents for pid in agent.workers()]
    return (sum(workers) + sum(pss(agent.zygote) for agent in agents)) / len(workers)


if __name__ == "__main__":
    sys.exit(main())
