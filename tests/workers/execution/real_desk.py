"""Workers at the desk that take real messages from a real Redis: what lies between a ticket and its claim is tried."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Engine, select

from models.database.base import new_id
from models.tables import Task
from models.tasks.states import ENDED
from models.transactions.read_write import read
from tests.support.host.shelf import celery_for
from tests.support.ledger.drive import plant_rows
from tests.support.poll import wait_until
from workers.canvas.rows import Planted
from workers.coordinator.close_campaigns import close_ended
from workers.dispatch import ring as ringing
from workers.dispatch.ring import ring_ready
from workers.host.zygote_client import ZygoteClient
from workers.runtime.slots import SlotState
from workers.runtime.worker_identity import WorkerIdentity

WAIT = 90.0
LEASE = "120"  # nobody renews it here


class RealDesk:
    """Forked workers on a ledger and a Redis, without agent or coordinator: the test rings what is owed."""

    def __init__(self, engine: Engine, redis_url: str, workers: int, modules: str) -> None:
        self.engine = engine
        self.celery: Celery = celery_for(redis_url)
        self.redis = Redis.from_url(redis_url, socket_timeout=10)
        self._workers = workers
        self._patch = pytest.MonkeyPatch()
        for name, value in {
            "PHONEFLEET_DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "PHONEFLEET_REDIS_URL": redis_url,
            "PHONEFLEET_TASKS": modules,
            "PHONEFLEET_LEASE": LEASE,
        }.items():
            self._patch.setenv(name, value)
        self._patch.setattr(ringing, "app", self.celery)
        self._zygote = ZygoteClient(workers)

    def __enter__(self) -> Self:
        try:
            self._zygote.wait_ready()
            slots = self._zygote.slots[: self._workers]
            for slot in slots:
                self._zygote.fork(WorkerIdentity(None, "", 5038, "desk", new_id(), slot))
            wait_until(lambda: all(slot.state is not SlotState.EMPTY for slot in slots), WAIT, "all to consume")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._zygote.close()
        self._patch.undo()
        self.redis.close()
        self.celery.close()

    def run(self, campaigns: Iterable[str]) -> None:
        """Ring until every task of these campaigns has ended."""
        wanted = list(campaigns)

        def ended() -> bool:
            ring_ready(self.engine)
            open_ones = select(Task.id).where(Task.campaign_id.in_(wanted), Task.state.not_in(list(ENDED))).limit(1)
            return read(self.engine, lambda session: session.scalar(open_ones)) is None

        wait_until(ended, WAIT, "the campaigns to end", every=0.05)
        while close_ended(self.engine):  # as a coordinator does: of two tasks that end at one moment neither closes
            continue

    def plant(self, planted: Planted, **more: Any) -> str:
        """Plant compiled rows; the campaign's id."""
        return plant_rows(self.engine, planted, **more)
