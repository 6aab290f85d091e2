"""Warms up the zygote: before it forks, it runs once the code that each worker will run.

Code that ran has its mappers configured, its caches filled and its bytecode adapted (the interpreter
rewrites code that it finds busy). Done before the fork, those pages are shared; done afterwards,
each worker would copy them for itself.

It uses a Celery application, stand-ins for Redis and for a phone, and a ledger (an SQLite file) of
its own, so that nothing of it stays behind in a worker; the zygote has one thread again when it is over.
"""

from __future__ import annotations

import codecs
import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import redis.utils
from celery import Celery
from celery.signals import worker_ready
from celery.worker import state
from kombu import pools
from kombu.asynchronous import Hub
from kombu.transport.redis import MultiChannelPoller
from redis import Redis
from sqlalchemy import Engine, event
from sqlalchemy.orm import configure_mappers

import workers.execution.run  # noqa: F401 - tasks import it when they run: here, so that workers share it
from flows.specs.catalogue import SPECS
from models.database.engine import FLEET, connect
from models.fleet import logins, phones
from models.fleet.app_version import note_app_version
from models.tables import metadata_of_all
from models.tasks import leases
from workers.app import app
from workers.attempts import rescue
from workers.attempts.claim import claim
from workers.dispatch.tickets import Ticket, publish
from workers.execution.identify_account import may_look
from workers.execution.phone_connection import PhoneConnection
from workers.execution.worker import load_app_profile
from workers.host.celery_worker import phone_worker
from workers.host.heap_fill import fill_free_heap
from workers.host.hot_code import lay_side_by_side, noting_code
from workers.host.stand_in_phone import StandInPhone
from workers.host.stand_in_redis import StandInRedis
from workers.phone.small_picture import warm_up_pictures
from workers.phone.ui_jar import pinned_md5
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

ROUNDS = 20  # CPython 3.11 and 3.12 adapt a function's code within its first 16 runs
NAME = "rehearsal"
ID = "a:id/b"
SCREEN = (
    "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?><hierarchy rotation=\"0\">"
    + f'<node index="0" text="一" resource-id="{ID}" class="android.widget.TextView" package="a" content-desc="" '
    'checkable="false" checked="false" clickable="true" enabled="true" focusable="false" focused="false" '
    'scrollable="false" long-clickable="false" password="false" selected="false" bounds="[0,0][1080,2400]" />'
    * 40
    + "</hierarchy>"
)


def warm_up() -> Engine:
    """Warms up once the code that each child of the zygote would warm up for itself. Leaves nothing open.

    Returns the engine that the children adopt: for the ledger of the settings, without a connection.
    """
    metadata_of_all()
    configure_mappers()
    for spec in SPECS.values():
        spec.params_model.model_rebuild()  # pydantic would build them when a child first uses them
        spec.result_model.model_rebuild()
    pinned_md5()
    warm_up_pictures()
    codecs.lookup("idna")  # the encoding of hosts' names
    _warm_up_redis_client()
    load_app_profile(settings().profile)
    engine = connect(settings().database_url, FLEET)
    with tempfile.TemporaryDirectory(prefix="phonefleet-rehearsal-") as directory:
        scratch = f"{directory}/ledger.db"
        if engine.dialect.name == "sqlite":  # compiles the statements of this very engine
            with _connecting_to(scratch, engine):
                _rehearse(engine)
        else:
            _rehearse(connect(f"sqlite:///{scratch}"))
    pools.reset()  # type: ignore[no-untyped-call]  # each child would close the rehearsal's connections
    app.set_default()
    app.set_current()
    for lazy in ("queues", "router", "task_protocols"):
        getattr(app.amqp, lazy)
    return engine


def _warm_up_redis_client() -> None:
    """Makes redis-py do here what its clients would do in each child.

    A connection reads redis-py's version from the metadata of the package: a megabyte of memory for each child. The
    first subscriber sets up a logger, at which every logger forgets its level.
    """
    redis.utils.get_lib_version = cache(redis.utils.get_lib_version)
    redis.utils.get_lib_version()
    Redis().pubsub()  # type: ignore[no-untyped-call]


@contextmanager
def _connecting_to(file: str, engine: Engine) -> Iterator[None]:
    """Inside the block, an SQLite engine opens this file in place of its own."""

    def redirect(_dialect: object, _record: object, arguments: list[str], _options: object) -> None:
        arguments[0] = file

    event.listen(engine, "do_connect", redirect)
    try:
        yield
    finally:
        event.remove(engine, "do_connect", redirect)


def _rehearse(engine: Engine) -> None:
    """Runs a worker twice: to learn which code runs, and once that code lies side by side, to have it adapted."""
    metadata_of_all().create_all(engine)
    with StandInRedis() as broker, StandInPhone(SCREEN) as adb:
        with noting_code() as ran:
            _run_worker(engine, broker.url, adb.port, 2)
        gc.collect()
        fill_free_heap()  # the copies come behind everything that there is
        lay_side_by_side(ran)
        _run_worker(engine, broker.url, adb.port, ROUNDS)
    _close_pollers()


def _close_pollers() -> None:
    """Closes what kombu leaves to the end of objects that others still know."""
    for one in gc.get_objects():
        if isinstance(one, MultiChannelPoller):
            one.poller.close()
        elif isinstance(one, Hub):
            one.close()  # type: ignore[no-untyped-call]  # again: the connections that ended after it opened its poller anew


def _run_worker(engine: Engine, broker_url: str, adb_port: int, rounds: int) -> None:
    """Runs a worker on an empty ledger: it starts, runs so many tasks and ends."""
    identity = WorkerIdentity(NAME, NAME, adb_port, NAME, NAME, own_slot())
    connection = PhoneConnection(identity)
    stage = Celery(NAME, set_as_current=False)
    stage.config_from_object("celeryconfig")
    stage.conf.update(
        broker_url=broker_url,
        worker_timer_precision=0.01,  # its end waits for the timer to look up
        imports=(),
    )

    runs = count(1)

    @stage.task(name=NAME, shared=False)  # a second rehearsal has its own
    def act() -> None:
        try:
            if state.should_stop is None:
                _use_ledger(engine, identity)
                _use_phone(connection)
        finally:
            if next(runs) == rounds:
                state.should_stop = 0  # as SIGTERM does
            enter()  # one more ticket: the worker ends when it looks up from waiting for the next

    def enter(**_: object) -> None:
        publish(stage, [Ticket(NAME, NAME, NAME, 0)])

    worker_ready.connect(enter)
    try:
        phone_worker(stage, NAME, [NAME], heartbeat=60.0).start()
    finally:
        connection.close()
        worker_ready.disconnect(enter)
        state.should_stop = None
        stage.close()
        engine.dispose()


def _use_phone(connection: PhoneConnection) -> None:
    profile, phone = load_app_profile(settings().profile), connection.connect()
    phone.app_version(profile.package)
    screen = phone.look()
    profile.page_of(profile.own(screen))
    phone.texts(ID)
    phone.tap(screen.all(ID)[0])


def _use_ledger(engine: Engine, identity: WorkerIdentity) -> None:
    phones.phone_online(engine, NAME, NAME, NAME, NAME, NAME)
    may_look(engine, identity)
    note_app_version(engine, NAME, NAME, known=True)
    logins.account_seen(engine, NAME, NAME, NAME)
    claim(engine, identity, NAME, lease=30, zone="UTC")
    leases.renew_leases(engine, {NAME: NAME}, 30)
    rescue.incarnation_died(engine, NAME, NAME)
