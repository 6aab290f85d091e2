"""Real workers for tests: a zygote, its children on a throwaway Redis, and the traces they leave."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import cast

from celery import Celery
from redis import Redis

from tests.support.poll import wait_until
from workers.dispatch.tickets import Ticket, publish
from workers.host import zygote_messages
from workers.host.zygote_client import ZygoteClient
from workers.runtime.slots import SlotState
from workers.runtime.worker_identity import WorkerIdentity

WAIT = 60.0


def celery_for(redis_url: str) -> Celery:
    """The fleet's Celery application, on another Redis than the environment's."""
    app = Celery("tests", set_as_current=False)
    app.config_from_object("celeryconfig")
    app.conf.broker_url = redis_url
    return app


def ticket(name: str, queue: str, priority: int = 6) -> Ticket:
    """A new ticket for one of tests.support.host.sample_tasks."""
    return Ticket(str(uuid.uuid4()), name, queue, priority)


class Traces:
    """What tasks did, in the order in which they did it."""

    def __init__(self, redis_url: str) -> None:
        self.redis = Redis.from_url(redis_url, socket_timeout=10)

    def all(self) -> list[tuple[str, str, str]]:
        """(what, task id, worker) so far."""
        lines = cast("list[bytes]", self.redis.lrange("trace", 0, -1))
        return [tuple(line.decode().split(" ")) for line in lines]  # type: ignore[misc]  # always three words

    def wait(self, count: int) -> list[tuple[str, str, str]]:
        """The traces, once there are `count` of them."""
        return wait_until(lambda: found if len(found := self.all()) >= count else None, WAIT, f"{count} traces") or []

    def release(self, count: int = 1) -> None:
        """Let `count` tasks that hold a phone go on."""
        self.redis.rpush("go", *["go"] * count)


class Shelf:
    """Workers forked by a zygote of its own, without agent or ledger."""

    def __init__(self, serials: Sequence[str], redis_url: str) -> None:
        self.app = celery_for(redis_url)
        self.traces = Traces(redis_url)
        self.zygote = ZygoteClient(max(1, len(serials)))
        self.heard: list[zygote_messages.Message | None] = []
        self._inbox: SimpleQueue[zygote_messages.Message | None] = SimpleQueue()
        try:
            self.zygote.wait_ready()
            self.zygote.listen(self._inbox.put)
            self.identities = {serial: self.fork(serial, index) for index, serial in enumerate(serials)}
            self.wait_consuming()
        except BaseException:
            self.close()
            raise

    def fork(self, serial: str, index: int) -> WorkerIdentity:
        """One more life in a slot."""
        identity = WorkerIdentity(
            serial, f"127.0.0.1:{index + 1}", 5038, "shelf", str(uuid.uuid4()), self.zygote.slots[index]
        )
        self.zygote.fork(identity)
        return identity

    def wait_consuming(self) -> None:
        """Until every worker consumes."""
        wait_until(
            lambda: all(one.slot.state is not SlotState.EMPTY for one in self.identities.values()),
            WAIT,
            "all to consume",
        )

    def send(self, *tickets: Ticket) -> list[str]:
        """Publish; the task ids."""
        publish(self.app, tickets)
        return [one.task_id for one in tickets]

    def pid(self, identity: WorkerIdentity) -> int:
        """The process of a worker."""
        return next(
            m.pid for m in self._news() if isinstance(m, zygote_messages.Born) and m.incarnation == identity.incarnation
        )

    def death(self, identity: WorkerIdentity) -> str:
        """Why a worker ended, once it did."""

        def found() -> str | None:
            deaths = (
                m for m in self._news() if isinstance(m, zygote_messages.Died) and m.incarnation == identity.incarnation
            )
            return next((death.why for death in deaths), None)

        return wait_until(found, WAIT, "the worker's death") or ""

    def zygote_gone(self) -> bool:
        """Was the end of the zygote heard of?"""
        return None in self._news()

    def kill(self, identity: WorkerIdentity) -> str:
        """Kill a worker; why it ended."""
        self.zygote.signal(identity.incarnation, signal.SIGKILL)
        return self.death(identity)

    def close(self) -> None:
        """End everything."""
        self.zygote.close()
        self.app.close()

    def _news(self) -> list[zygote_messages.Message | None]:
        while not self._inbox.empty():
            self.heard.append(self._inbox.get())
        return self.heard


def alive(pid: int) -> bool:
    """Does this process exist (a zombie does not count)?"""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
