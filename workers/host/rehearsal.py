"""The rehearsal: before it forks, the zygote runs once what each worker will run.

Code that ran has its mappers configured, its caches filled and its bytecode adapted (the interpreter
rewrites code that it finds busy). Done before the fork, those pages are shared; done afterwards,
each worker would copy them for itself.

It uses a Celery application, a broker (kombu's in-memory transport) and a ledger (an SQLite file) of
its own, so that nothing of it stays behind in a worker; the zygote has one thread again when it is over.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from celery import Celery
from celery.signals import worker_ready
from celery.worker import state
from sqlalchemy import Engine
from sqlalchemy.orm import configure_mappers

from flows.screen import Screen
from models import fleet
from models.base import Base
from models.engine import connect
from workers import hand, rescue, ring
from workers.app import app
from workers.claim import claim
from workers.host.celery_worker import phone_worker
from workers.host.slots import Slot, own_slot
from workers.seat import Seat
from workers.tickets import Ticket, publish

ROUNDS = 20  # CPython 3.11 and 3.12 adapt a function's code within its first 16 runs
NAME = "rehearsal"
SCREEN = (
    "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?><hierarchy rotation=\"0\">"
    + '<node index="0" text="一" resource-id="a:id/b" class="android.widget.TextView" package="a" content-desc="" '
    'checkable="false" checked="false" clickable="true" enabled="true" focusable="false" focused="false" '
    'scrollable="false" long-clickable="false" password="false" selected="false" bounds="[0,0][1080,2400]" />' * 40
    + "</hierarchy>"
)


def rehearse() -> None:
    """Warm up what the zygote's children would each warm up for themselves. Leaves nothing open."""
    configure_mappers()
    hand.profile()
    with tempfile.TemporaryDirectory(prefix="phonefleet-rehearsal-") as directory:
        engine = connect(f"sqlite:///{Path(directory) / 'ledger.db'}")
        try:
            Base.metadata.create_all(engine)
            _run_worker(engine, own_slot())
        finally:
            engine.dispose()
    app.set_default()
    app.set_current()
    for lazy in ("queues", "router", "task_protocols"):
        getattr(app.amqp, lazy)


def _run_worker(engine: Engine, slot: Slot) -> None:
    """A whole life of a worker: it starts, runs one task and ends."""
    stage = Celery(NAME, set_as_current=False)
    stage.config_from_object("celeryconfig")
    stage.conf.update(broker_url="memory://localhost", broker_transport_options={"polling_interval": 0.01}, imports=())

    @stage.task(name=NAME)
    def act() -> None:
        for _ in range(ROUNDS):
            _use_ledger(engine, slot)
            Screen.parse(SCREEN)
        state.should_stop = 0  # as SIGTERM does

    def ready(**_: object) -> None:
        publish(stage, [Ticket(NAME, NAME, NAME, 0)])

    worker_ready.connect(ready)
    try:
        phone_worker(stage, NAME, [NAME], heartbeat=60.0).start()
    finally:
        worker_ready.disconnect(ready)
        state.should_stop = None
        stage.close()


def _use_ledger(engine: Engine, slot: Slot) -> None:
    fleet.phone_online(engine, NAME, NAME, NAME, NAME, NAME)
    fleet.account_seen(engine, NAME, NAME, NAME)
    claim(engine, Seat(NAME, NAME, 0, NAME, NAME, slot), NAME, lease=30, zone="UTC")
    fleet.renew_leases(engine, [NAME], 30)
    rescue.incarnation_died(engine, NAME, NAME)
