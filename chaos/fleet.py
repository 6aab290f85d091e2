"""A fleet to be struck: MariaDB, Redis, phonesim, host agents that share the phones, coordinators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from chaos.keeper import Keeper, KeptProcess
from chaos.look import Running, running
from chaos.processes import workers_of
from chaos.servers import StormRedis, storm_mariadb
from chaos.simfleet import SimFleet
from chaos.tell import FOLDER, pid_of
from models.database.engine import connect
from models.responsible_use.authors import register_author, set_basis, set_cap
from models.tables import Account
from models.transactions.read_write import read
from scripts.demo.shelf import start_shelf
from scripts.local.embedded import free_port
from scripts.local.processes import Processes, python
from tests.support.fleet import reach_redis
from tests.support.ledger.copied import make_tables
from tests.support.poll import wait_until
from tests.support.servers import MariaDB

START_SECONDS = 60.0
HOSTS = 2
# The storm asks one account for a month's work in ten minutes; what the caps do is tested elsewhere.
CAPS = {
    "actions_per_account_day": 100_000,
    "accounts_per_video": 100_000,
    "comments_per_video": 100_000,
    "comments_per_account_video": 100_000,
    "replies_per_comment": 1_000,
    "likes_per_comment": 1_000,
    "dislikes_per_author_day": 100_000,
    "reports_per_author_day": 100_000,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of a fleet. `tasks` are modules that its workers load besides the product's own, `env` is
    every process's, `host` and `coordinator` the arguments to Python that start one."""

    phones: int
    speed: float = 0  # of the phones, as docs/phonesim.md says
    rough: bool = False  # phones as rough as real ones
    hosts: int = HOSTS
    coordinators: int = 2
    tasks: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    host: Sequence[str] = ("-m", "workers.host")
    coordinator: Sequence[str] = ("-m", "workers.coordinator")


class KeptRedis(StormRedis):
    """The storm's Redis, for the keeper."""

    name = "redis"
    pause = 0.5


class KeptMariaDB:
    """The storm's MariaDB, for the keeper."""

    name = "mariadb"
    pause = 0.5

    def __init__(self, server: MariaDB) -> None:
        self.server = server

    def alive(self) -> bool:
        try:
            state = Path(f"/proc/{self.server.pid}/stat").read_text(encoding="ascii", errors="replace")
        except (RuntimeError, FileNotFoundError, ProcessLookupError):
            return False
        return state.rpartition(")")[2].split()[0] != "Z"  # InnoDB ends by itself when a rollback finds the disk full

    def answers(self) -> bool:
        """Returns whether it serves."""
        try:
            self.server.execute("SELECT 1")
        except Exception:  # noqa: BLE001  # the driver is an optional import of the server's
            return False
        return True

    def start(self) -> None:
        if not self.alive():
            self.server.kill()  # reaps one that ended by itself
            self.server.start()


class StormFleet(SimFleet):
    """Runs until the `with` block ends; its files are in `folder`."""

    def __init__(self, folder: Path, shape: Shape, seed: int) -> None:
        self.folder = folder
        self.shape = shape
        self._seed = seed
        self._stack = ExitStack()
        self.pids = folder / "pids"
        self.mariadb: KeptMariaDB
        self.redis = KeptRedis(folder / "redis")
        self.hosts: list[KeptProcess] = []
        self.coordinators: list[KeptProcess] = []
        self.keeper: Keeper
        self.engine: Engine
        self.serials: list[str] = []
        self.host_of: dict[str, KeptProcess] = {}
        self.env: dict[str, str] = {}  # of every process of the product

    def stop_product(self) -> list[str]:
        """Ask hosts and coordinators to end; the names of those that had to be killed."""
        if hasattr(self, "keeper"):
            self.keeper.rest()
        return [one.name for one in (*self.hosts, *self.coordinators) if not one.end()]

    def close(self) -> None:
        """End everything."""
        self.stop_product()
        self.redis.kill()
        self._stack.close()

    def running(self) -> list[Running]:
        """Returns the running attempts; none while the ledger does not answer."""
        return running(self.engine)

    def worker_pids(self, runs: Running) -> list[int]:
        """The process of the worker that runs it; none before it told its process id."""
        pid = pid_of(self.pids, runs.incarnation)
        return [] if pid is None else [pid]

    def any_worker(self, serial: str) -> list[int]:
        """The process of some worker at this phone's host; none while there is none."""
        return workers_of(self.host_of[serial].pid)[:1]

    def _start(self) -> None:
        self.pids.mkdir(parents=True, exist_ok=True)
        server = self._stack.enter_context(storm_mariadb())
        self.mariadb = KeptMariaDB(server)
        url = self._stack.enter_context(server.database())
        self._stack.callback(self._database_up)
        self.engine = connect(url)
        self._stack.callback(self.engine.dispose)
        make_tables(self.engine)
        processes = self._stack.enter_context(Processes(self.folder / "log", {}))
        shape = self.shape
        shelf = start_shelf(processes, self.folder, shape.phones, shape.speed, self._seed, rough=shape.rough)
        self.control, self.truth = shelf.control, shelf.truth
        phones = self.get("/phones")
        self.serials = [phone["serial"] for phone in phones]
        self._register(shelf.authors())
        self._make_parts(url, [phone["address"] for phone in phones])
        self.keeper = Keeper([self.redis, self.mariadb, *self.coordinators, *self.hosts])
        self.keeper.start(START_SECONDS)
        reach_redis(self.redis.url)
        bound = START_SECONDS + self.shape.phones
        wait_until(lambda: self._accounts() == self.shape.phones, bound, "every phone's account", every=0.2)

    def _make_parts(self, url: str, addresses: list[str]) -> None:
        self.env = {
            "PHONEFLEET_DATABASE_URL": url,
            "PHONEFLEET_REDIS_URL": self.redis.url,
            "PHONEFLEET_TASKS": ",".join(("workers.tasks", "chaos.tell", *self.shape.tasks)),
            "PHONEFLEET_ADB_USB": "0",
            "PHONEFLEET_VAR": str(self.folder),
            FOLDER: str(self.pids),
            **self.shape.env,
        }
        logs = self.folder / "log"
        for number in range(self.shape.hosts):
            env = {
                "PHONEFLEET_HOST": f"shelf{number + 1}",
                "PHONEFLEET_ADB_PORT": str(free_port()),
                "PHONEFLEET_ADB_CONNECT": ",".join(addresses[number :: self.shape.hosts]),
            }
            host = KeptProcess(f"host{number + 1}", python(*self.shape.host), {**self.env, **env}, logs)
            self.hosts.append(host)
            self.host_of |= dict.fromkeys(self.serials[number :: self.shape.hosts], host)
        self.coordinators = [
            KeptProcess(f"coordinator{number + 1}", python(*self.shape.coordinator), self.env, logs)
            for number in range(self.shape.coordinators)
        ]

    def _register(self, authors: list[dict[str, Any]]) -> None:
        for author in authors:
            register_author(self.engine, author["id"], author["name"])
            set_basis(self.engine, author["id"], "owned", who="chaos", note="the practice world's own")
        for name, value in CAPS.items():
            set_cap(self.engine, name, value, who="chaos")

    def _accounts(self) -> int:
        return read(self.engine, lambda session: session.scalar(select(func.count()).select_from(Account))) or 0

    def _database_up(self) -> None:
        """Its databases are dropped at the end, for which it must answer."""
        self.mariadb.start()
