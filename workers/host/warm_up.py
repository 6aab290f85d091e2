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
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import redis.utils
from celery import Celery
from celery.signals import worker_ready
from celery.worker import state
from kombu import pools
from kombu.asynchronous import Hub
from kombu.transport.redis import MultiChannelPoller
from redis import Redis
from sqlalchemy import Engine, event, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import configure_mappers

from flows.specs.catalogue import SPECS
from models.database.engine import FLEET, connect
from models.tables import metadata_of_all
from workers.app import app
from workers.dispatch.tickets import Ticket, publish
from workers.execution.worker import Worker, load_app_profile
from workers.host.celery_worker import phone_worker
from workers.host.heap_fill import fill_free_heap
from workers.host.hot_code import Codes, lay_side_by_side, noting_code
from workers.host.rehearsal import NAME, Rehearsal, prepare, screen_of
from workers.host.stand_in_ledger import StandInLedger
from workers.host.stand_in_phone import StandInPhone
from workers.host.stand_in_redis import StandInRedis
from workers.phone.small_picture import warm_up_pictures
from workers.phone.ui_jar import pinned_md5
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

log = logging.getLogger("phonefleet.zygote")

LEARNING_ROUNDS = 2


def warm_up(learn: Callable[[Codes], object] = lambda _: None) -> Engine:
    """Warms up once the code that each child of the zygote would warm up for itself. Leaves nothing open.

    `learn` is shown the code that a worker runs; nobody is shown any where the settings have no rehearsals. Returns the
    engine that the children adopt: for the ledger of the settings, without a connection.
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
    redirect = _Redirect()
    engine = connect(settings().database_url, FLEET, stand_in=redirect.stand_in)
    if settings().rehearsals:
        _rehearse_on_scratch(engine, redirect, learn)
    app.set_default()
    app.set_current()
    for lazy in ("queues", "router", "task_protocols"):
        getattr(app.amqp, lazy)
    return engine


def _rehearse_on_scratch(engine: Engine, redirect: _Redirect, learn: Callable[[Codes], object]) -> None:
    """Rehearses with a ledger that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="phonefleet-rehearsal-") as directory:
        scratch = f"{directory}/ledger.db"
        plain = connect(f"sqlite:///{scratch}")
        metadata_of_all().create_all(plain)
        prepare(plain, LEARNING_ROUNDS + settings().rehearsals)
        plain.dispose()
        if _knows_its_server(engine):
            with redirect.to(scratch, engine):  # compiles the statements of this very engine
                _rehearse(engine, learn)
        else:
            _rehearse(plain, learn)
    pools.reset()  # type: ignore[no-untyped-call]  # each child would close the rehearsal's connections


def _warm_up_redis_client() -> None:
    """Makes redis-py do here what its clients would do in each child.

    A connection reads redis-py's version from the metadata of the package: a megabyte of memory for each child. The
    first subscriber sets up a logger, at which every logger forgets its level.
    """
    redis.utils.get_lib_version = cache(redis.utils.get_lib_version)
    redis.utils.get_lib_version()
    Redis().pubsub()  # type: ignore[no-untyped-call]


def _knows_its_server(engine: Engine) -> bool:
    """Connects once: what statements look like depends on the server. Returns False while it is away.

    Leaves no connection. SQLite needs none.
    """
    if engine.dialect.name == "sqlite":
        return True
    try:
        with engine.connect() as connection:
            for number in range(settings().rehearsals):
                connection.execute(select(literal(number)))
    except DBAPIError as error:
        log.warning("workers compile their statements themselves: the ledger is away: %s", error.orig)
        return False
    finally:
        engine.dispose()
    return True


class _Redirect:
    """Has an engine open an SQLite file in place of its own ledger, while it names one."""

    def __init__(self) -> None:
        self._file: str | None = None

    def stand_in(self) -> StandInLedger | None:
        """As models.database.engine.connect asks."""
        return None if self._file is None else StandInLedger(self._file)

    @contextmanager
    def to(self, file: str, engine: Engine) -> Iterator[None]:
        """Inside the block."""

        def redirect(_dialect: object, _record: object, arguments: list[str], _options: object) -> None:
            arguments[0] = file

        self._file = file
        if engine.dialect.name == "sqlite":
            event.listen(engine, "do_connect", redirect)
        try:
            yield
        finally:
            self._file = None
            if engine.dialect.name == "sqlite":
                event.remove(engine, "do_connect", redirect)


def _rehearse(engine: Engine, learn: Callable[[Codes], object]) -> None:
    """Runs a worker twice: to learn which code runs, and once that code lies side by side, to have it adapted.

    CPython 3.11 and 3.12 adapt a function's code within its first 16 runs.
    """
    rounds = settings().rehearsals
    profile = load_app_profile(settings().profile)
    phone = StandInPhone(screen_of(profile), profile.versions)
    with _unheard(), StandInRedis() as broker, phone as adb:
        with noting_code() as ran:
            _run_worker(engine, broker.url, adb.port, LEARNING_ROUNDS)
        learn(ran)
        gc.collect()
        fill_free_heap()  # the copies come behind everything that there is
        lay_side_by_side(ran)
        failed = _run_worker(engine, broker.url, adb.port, rounds)
    _close_pollers()
    if failed:
        log.warning(
            "workers take more memory, and are slower at first: %d of %d rehearsals failed",
            len(failed),
            rounds,
            exc_info=failed[0],
        )


@contextmanager
def _unheard() -> Iterator[None]:
    """Inside the block, what is logged is made into lines as ever, and nobody reads them."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, ExitStack() as after:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                after.callback(handler.setStream, handler.stream)
                handler.setStream(nowhere)
        yield


def _close_pollers() -> None:
    """Closes what kombu leaves to the end of objects that others still know."""
    for one in gc.get_objects():
        # `isinstance` would look `__class__` up in each type there is, and so drive what workers look up out of
        # CPython's cache of attributes; each entry that is made anew counts references in two names
        if issubclass(type(one), MultiChannelPoller):
            one.poller.close()
        elif issubclass(type(one), Hub):
            one.close()


def _run_worker(engine: Engine, broker_url: str, adb_port: int, rounds: int) -> list[Exception]:
    """Runs a worker on the scratch ledger: it starts, runs so many tasks and ends. Returns why tasks failed."""
    worker = Worker.of(WorkerIdentity(NAME, NAME, adb_port, NAME, NAME, own_slot()), engine, settings())
    rehearsal = Rehearsal(worker)
    stage = Celery(NAME, set_as_current=False)
    stage.config_from_object("celeryconfig")
    stage.conf.update(
        broker_url=broker_url,
        worker_timer_precision=0.01,  # its end waits for the timer to look up
        imports=(),
    )

    runs = count(1)
    failed: list[Exception] = []

    @stage.task(name=NAME, shared=False)  # a second rehearsal has its own
    def act() -> None:
        try:
            if state.should_stop is None:
                rehearsal.act()
        except Exception as error:  # noqa: BLE001 - workers do without what was not rehearsed
            failed.append(error)
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
        worker.connection.close()
        worker_ready.disconnect(enter)
        state.should_stop = None
        stage.close()
        engine.dispose()
    return failed
