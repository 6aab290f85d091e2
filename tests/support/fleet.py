"""A whole fleet for a test: simulated phones, host agent and coordinator as processes, on a ledger and a Redis."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, func, select

from models.database.engine import connect
from models.responsible_use.authors import register_author, set_basis
from models.tables import Account, Attempt, Task
from models.tasks.states import ENDED, State
from models.transactions.read_write import read
from scripts.demo.judge import Deed, ledger_deeds, mismatches, true_deeds
from scripts.demo.shelf import Shelf, start_shelf
from scripts.local.embedded import free_port
from scripts.local.processes import COORDINATOR, HOST, Part, Processes
from tests.support.ledger.copied import make_tables
from tests.support.poll import wait_until
from workers.app import app
from workers.settings import settings
from workers.settings.sentinels import celery_options, celery_url

ACCOUNTS_SECONDS = 180.0


def reach_redis(redis_url: str) -> None:
    """Let this test process publish its tickets to that Redis, and no longer to an earlier test's."""
    os.environ["PHONEFLEET_REDIS_URL"] = redis_url
    settings.cache_clear()
    app.conf.broker_url = celery_url(redis_url)
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **celery_options(redis_url)}
    del app.amqp  # which keeps producers that are connected; another one is made when it is asked for


class Fleet:
    """Runs until the `with` block ends. The world's main authors are registered as the operator's own."""

    _phones_at = ""  # the address of the phones, where it is not loopback

    def __init__(
        self,
        folder: Path,
        database_url: str,
        redis_url: str,
        phones: int,
        *,
        speed: float = 0,
        owned: bool = True,
        rough: bool | str = False,
        **environment: str,
    ) -> None:
        """`environment`: variables of its processes beside its own. Not `owned`: no author is known.

        `rough`: see `start_shelf`.
        """
        self._folder = folder
        self._phones = phones
        self._speed = speed
        self._owned = owned
        self._rough = rough
        self.adb_port = free_port()
        env = {
            "PHONEFLEET_DATABASE_URL": database_url,
            "PHONEFLEET_REDIS_URL": redis_url,
            "PHONEFLEET_ADB_PORT": str(self.adb_port),
            "PHONEFLEET_VAR": str(folder),
            "PHONEFLEET_HOST": "shelf",
            **environment,
        }
        self.env = env
        self.processes = Processes(folder / "log", env)
        self.engine: Engine = connect(database_url)
        self.shelf: Shelf
        reach_redis(redis_url)

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._end()  # nobody else does: __exit__ is not called
            raise
        return self

    def _begin(self) -> None:
        self._make_tables()
        self.shelf = start_shelf(
            self.processes, self._folder, self._phones, self._speed, seed=1, rough=self._rough, bind=self._phones_at
        )
        self.coordinator = self.processes.start(self._part(COORDINATOR))
        self._start_hosts()
        for author in self.shelf.authors() if self._owned else ():
            register_author(self.engine, author["id"], author["name"])
            if author["main"]:
                set_basis(self.engine, author["id"], "owned", who="test", note="the practice world's own")
        self.wait(lambda: self.accounts() == self._phones, ACCOUNTS_SECONDS, "every phone's account")

    def _start_hosts(self) -> None:
        """Start the host agent that has all phones."""
        self.processes.also({"PHONEFLEET_ADB_CONNECT": ",".join(self.shelf.addresses)})
        self.host = self.processes.start(self._part(HOST))

    def _make_tables(self) -> None:
        make_tables(self.engine)

    def _part(self, part: Part) -> Part:
        """How a part is started."""
        return part

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self.processes.stop()
        self.engine.dispose()

    def accounts(self) -> int:
        """How many accounts the ledger knows."""
        return read(self.engine, lambda session: session.scalar(select(func.count()).select_from(Account))) or 0

    def wait(self, condition: Callable[[], Any], timeout: float, what: str) -> Any:
        """As `wait_until`, and at once an error when a process of the fleet died."""

        def look() -> Any:
            self.processes.check()
            return condition()

        return wait_until(look, timeout, what, every=0.1)

    def states(self, flow: str | None = None) -> dict[str, int]:
        """How many tasks are in which state."""
        counted = select(Task.state, func.count()).group_by(Task.state)
        chosen = counted if flow is None else counted.where(Task.flow == flow)
        return dict(read(self.engine, lambda session: session.execute(chosen).all()))

    def all_ended(self) -> bool:
        """There are tasks, and none is open."""
        states = self.states()
        return bool(states) and all(State(state) in ENDED for state in states)

    def fault(self, name: str, phone: str, **options: Any) -> None:
        """Let a fault strike a phone."""
        self._control("/faults", json.dumps({"phone": phone, "fault": name, **options}).encode())

    def _control(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.shelf.control}{path}", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def world(self, change: str, **named: Any) -> Any:
        """Change what is on the app: say, delete_comment, publish, …"""
        return self._control(f"/world/{change}", json.dumps(named).encode())

    def heal(self, phone: str, fault: str = "") -> None:
        """End one fault of a phone, or all."""
        self._control("/heal", json.dumps({"phone": phone, **({"fault": fault} if fault else {})}).encode())

    def described(self) -> list[dict[str, Any]]:
        """The phones, as phonesim describes them."""
        phones: list[dict[str, Any]] = self._control("/phones")
        return phones

    def touches(self) -> int:
        """How many calls the phones' UI servers got so far."""
        return sum(phone["calls"] for phone in self.described())

    def attempts(self) -> list[Attempt]:
        """All attempts so far, in the order in which they started."""
        wanted = select(Attempt).order_by(Attempt.started_at)
        return list(read(self.engine, lambda session: session.scalars(wanted).all()))

    def truth(self) -> list[Deed]:
        """What really happened."""
        return true_deeds(self.shelf.truth)

    def differences(self) -> list[str]:
        """Where the ledger and what really happened are not the same."""
        return list(mismatches(ledger_deeds(self.engine), self.truth()))
