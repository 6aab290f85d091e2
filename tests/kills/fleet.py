"""The fleet under test: the storm's, with one host, and with processes that can be held at the named moments."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chaos.fleet import Shape, StormFleet
from chaos.judge import Deed
from chaos.keeper import KeptProcess
from chaos.material import Target, read_material
from chaos.rows import read_truth
from models.database.clock import database_now
from models.tables import ApiKey, Phone
from models.transactions.read_write import read, write
from tests.kills.hold import FOLDER, Board
from tests.kills.moments import DESK, PHONE
from tests.support.host.processes import children
from tests.support.host.shelf import alive
from tests.support.poll import wait_until

SEED = 1
WAIT = 60.0
LOOK_SECONDS = 0.2  # what is waited for stays: whoever is held is held until the test lets go
CUSTOMER = "pf_kills"  # whose the campaigns are; nobody sends what is owed to it
SPARE_DESKS = 2  # they serve what follows while the others are held


class KillFleet:
    """A phone and a desk for each moment, so that all are held at once. Runs until the `with` block ends.

    `lease`: seconds. Nobody renews that of who is held right behind its claim, and it must last until all are held;
    where a strike is noticed by a lease that ran out, all wait so long.
    """

    def __init__(self, folder: Path, *, lease: float, phones: int = len(PHONE), coordinators: int = 1) -> None:
        self.board = Board(folder / "board")
        self.workers = phones + len(DESK) + SPARE_DESKS
        shape = Shape(
            phones,
            hosts=1,
            coordinators=coordinators,
            tasks=("tests.kills.wrap",),
            env={
                FOLDER: str(folder / "board"),
                "PHONEFLEET_DESKS": str(len(DESK) + SPARE_DESKS),
                "PHONEFLEET_DRAIN": "20",
                "PHONEFLEET_LEASE": str(lease),
                "PHONEFLEET_REHEARSALS": "1",  # from ten workers on it costs less than it spares them
            },
            host=("-m", "tests.kills.host"),
            coordinator=("-m", "tests.kills.coordinator"),
        )
        self._storm = StormFleet(folder, shape, SEED)
        self._drain = 20
        self._drains_otherwise = 0  # a host that was started before that was changed
        targets = read_material(SEED, phones).targets
        texts = Counter(target.text for target in targets)
        self._targets = iter([target for target in reversed(targets) if texts[target.text] == 1])
        self._videos = iter(dict.fromkeys((target.author_id, target.title) for target in targets))

    def __enter__(self) -> Self:
        self._storm.__enter__()
        try:
            write(self.engine, _make_customer)
            self.redis = redis.Redis.from_url(self._storm.redis.url, socket_timeout=10)
            self.wait_whole()
        except BaseException:
            self._storm.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._storm.close()
        self.redis.close()

    @property
    def engine(self) -> Engine:
        return self._storm.engine

    @property
    def host(self) -> KeptProcess:
        return self._storm.hosts[0]

    @property
    def coordinators(self) -> list[KeptProcess]:
        return self._storm.coordinators

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process of the product."""
        return self._storm.env

    @property
    def mariadb(self) -> Any:
        """The throwaway MariaDB."""
        return self._storm.mariadb.server

    def zygote(self) -> int:
        """The process that the host's workers are forked from."""
        (pid,) = children(self.host.pid, "workers.host.zygote")
        return pid

    def ask_host_to_end(self) -> None:
        """SIGTERM; returns once the host acts on it."""
        said = "ending: workers have"
        before = self.host.log.read_text(encoding="utf-8", errors="replace").count(said)
        self.host.signal(signal.SIGTERM)
        self.wait(
            lambda: self.host.log.read_text(encoding="utf-8", errors="replace").count(said) > before,
            "the host to end",
        )

    def next_video(self) -> tuple[str, str]:
        """The author and title of a video that nobody acted on yet."""
        return next(self._videos)

    def next_targets(self, count: int) -> list[Target]:
        """Comments that nobody acted on yet, no two with the same text."""
        return list(islice(self._targets, count))

    def truth(self) -> list[Deed]:
        """What really happened, oldest first."""
        return read_truth(self._storm.truth)

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """As `wait_until`, within a minute; the error holds the end of the host's log."""
        try:
            return wait_until(condition, WAIT, what, every=LOOK_SECONDS)
        except TimeoutError as error:
            log = self.host.log.read_text(encoding="utf-8", errors="replace")[-6000:]
            raise TimeoutError(f"{error}\n{log}") from None

    def drain_when_started_again(self, drain: int) -> None:
        """The next host lets its workers finish for so many seconds when it ends, as the round after this one wants."""
        if drain != self._drain:
            self._drain, self._drains_otherwise = drain, self.host.pid
            self.host.also({"PHONEFLEET_DRAIN": str(drain)})

    def wait_whole(self, drain: int = 20) -> None:
        """Until every worker consumes, in a host that lets its workers finish for `drain` seconds when it ends."""
        self.drain_when_started_again(drain)
        if self.host.pid == self._drains_otherwise:
            self.host.end()
        self.wait(self._whole, "every worker to consume")

    def wait_online(self) -> None:
        """Until every phone is online: a host that was silent is heard of again."""
        self.wait(lambda: len(self._serving()) == self._storm.shape.phones, "every phone to be online")

    def _serving(self) -> set[str | None]:
        """The incarnations of the phones that are online."""
        online = select(Phone.incarnation).where(Phone.state == "online")
        return read(self.engine, lambda session: set(session.scalars(online)))

    def _whole(self) -> bool:
        """Every phone is online with a worker that consumes, and every desk has one."""
        told = {file.name: int(file.read_text() or 0) for file in self._storm.pids.iterdir()}
        living = {incarnation for incarnation, pid in told.items() if alive(pid)}
        serving = self._serving()
        return len(living) == self.workers and len(serving) == self._storm.shape.phones and serving <= living


def _make_customer(session: Session) -> None:
    session.add(
        ApiKey(
            id=CUSTOMER,
            name="kills",
            customer="kills",
            sandbox=False,
            allowlist=[],
            rate_per_second=1.0,
            most_waiting=1000,
            plain_json_allowed=False,
            wants_alerts=False,
            wants_quarantines=False,
            created_at=database_now(session),
            created_by="test",
        )
    )
