"""The host agent: its main thread takes events one by one, asks the roster, and carries out the roster's commands."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

from celery import Celery

from flows.profile import ProfileError, load_profile
from models.fleet.fitness import HOST_STOPPED
from models.fleet.phones import ServedElsewhere
from models.values.enums import PhoneState
from workers.dispatch.tickets import put_back
from workers.host import zygote_messages
from workers.host.adb import Adb
from workers.host.adb_watch import AdbWatch, Seen
from workers.host.ask_identity import Identified, Unidentified, ask_who
from workers.host.commands import (
    EqualSerials,
    Forget,
    ForkWorker,
    Identify,
    Order,
    RegisterPhone,
    ReleaseDeadWorker,
    Report,
    SignalWorker,
)
from workers.host.health_watch import HealthWatch
from workers.host.host_ledger import Ledger
from workers.host.leases import LeaseKeeper, Worker, overrun
from workers.host.retry_queue import RetryQueue
from workers.host.roster import Roster
from workers.host.worker_life import STEADY_SECONDS, Stage
from workers.host.zygote_client import ZygoteClient, ZygoteLost
from workers.runtime.broker import BrokerWatch, broker
from workers.runtime.liveness import Awake, silent
from workers.runtime.service_manager import service_manager
from workers.runtime.slots import Stop
from workers.settings import Settings

log = logging.getLogger("phonefleet.host")

PLACES = 1024
TICK_SECONDS = 0.25
ASK_AT_ONCE = 8
CLOSE_SECONDS = 10.0
ENDED_SECONDS = 1.0  # for the workers of a lost zygote; they end within a tenth of it
SHARED_SECONDS = 10.0  # another host that has a phone for so long still does not hand it over: people are told
ZYGOTES = 5  # as many as may be lost in a row before the host gives up


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The ledger was told of an incarnation, or could not be."""

    incarnation: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Occupied:
    """Another host serves the phone."""

    incarnation: str
    why: str


@dataclass(frozen=True, slots=True)
class EndAsked:
    """Somebody asked the host to end."""


Happening = Seen | Identified | Unidentified | Enrolled | Occupied | EndAsked | zygote_messages.Message | None


class Agent:
    """One host's agent. Make it and run it in the process's main thread."""

    def __init__(self, settings: Settings, ledger: Ledger, app: Celery) -> None:
        self._settings = settings
        self._ledger = ledger
        self._app = app
        self._events: SimpleQueue[Happening] = SimpleQueue()
        self._zygote = ZygoteClient(PLACES, pool_open_at_first=False)
        self._roster = Roster(
            settings.host, settings.adb_port, self._zygote.slots, new_incarnation=lambda: str(uuid.uuid4())
        )
        self._adb = Adb(settings.adb_port)
        self._watch = AdbWatch(
            settings.adb_port,
            settings.adb_connect,
            self._events.put,
            usb=settings.adb_usb,
            named=frozenset(settings.phone_names),
        )
        self._ledger_jobs = RetryQueue("ledger-jobs")
        # whatever needs Redis: one that hangs must not keep the ledger waiting
        self._redis_jobs = RetryQueue("redis-jobs", gives_up=False)
        self._broker = broker(settings.redis_url)
        self._broker_watch = BrokerWatch(self._broker)
        self._askers = ThreadPoolExecutor(ASK_AT_ONCE, thread_name_prefix="ask")
        self._alive: tuple[Worker, ...] = ()
        self._leases = LeaseKeeper(ledger, lambda: self._alive, settings.lease)
        self._zygotes_lost = 0  # in a row
        self._zygote_began = time.monotonic()
        self._here: Mapping[str, str] = {}
        self._health = HealthWatch(
            self._adb.shell,
            lambda: self._here,
            partial(ledger.phones_health, settings.host),
            package=_package(settings.profile),
            every=settings.health,
        )
        self._ends_asked = 0
        self._tick_at = 0.0
        self._awake = Awake(since=time.monotonic(), looked=time.monotonic())

    def end(self) -> None:
        """Asks the agent to end: workers finish or hand back; a second call kills them. Safe in signal handlers."""
        self._events.put(EndAsked())

    def run(self) -> None:
        """Serves this host's phones until asked to end. Raises ZygoteLost when no zygote stays alive."""
        try:
            self._begin()
            while not self._over():
                self._step()
        finally:
            self._close()

    def _begin(self) -> None:
        self._ledger_jobs.do("forget unknown phones", self._ledger.forget_unknown_phones)
        self._watch.start()
        self._zygote.wait_ready()
        self._zygote.listen(self._events.put)
        self._leases.start()
        self._health.start()
        self._broker_watch.start()
        self._roster.open_desks(self._settings.desks)
        service_manager().ready()
        log.info("host %s serves its phones through adb on port %d", self._settings.host, self._settings.adb_port)

    def _over(self) -> bool:
        return self._ends_asked > 0 and not any(self._roster.lives())

    def _step(self) -> None:
        """Handles one event; four times a second also the work that is due."""
        now = time.monotonic()
        if now >= self._tick_at:
            self._look_after(now)
            self._tick_at = now + TICK_SECONDS
        try:
            happening = self._events.get(timeout=max(0.0, self._tick_at - time.monotonic()))
        except Empty:
            return
        self._carry_out(self._decide(happening, time.monotonic()))

    def _decide(self, happening: Happening, now: float) -> Iterable[Order]:
        match happening:
            case Seen(devices):
                return self._roster.seen(devices, now)
            case Identified(address, serial, model, boot):
                return self._roster.identified(address, serial, model, boot, now)
            case Unidentified(address, why):
                return self._roster.unidentified(address, why, now)
            case Enrolled(incarnation, ok):
                return self._roster.enrolled(incarnation, now) if ok else self._roster.not_enrolled(incarnation, now)
            case Occupied(incarnation, why):
                if self._roster.occupied(incarnation, why, now):
                    log.info("%s", why)
            case zygote_messages.Died(incarnation, pid, why):
                log.info("worker %d %s", pid, why)
                return self._roster.died(incarnation, why, now, falls=self._broker.trouble is None)
            case EndAsked():
                return self._end(now)
            case None:
                return self._zygote_gone(now)
        return ()

    def _look_after(self, now: float) -> None:
        """Does the work that is due by the clock alone, independent of the database and adb."""
        service_manager().pulse()
        self._carry_out(self._roster.tick(now))
        for slot in self._roster.to_hand_back(now):
            slot.ask(Stop.DRAIN, slot.turn)
        awake_since = self._awake.look(now)
        if why := silent(self._zygote.heart, awake_since, now):
            log.error("the zygote is killed: %s", why)
            self._zygote.kill()
        for place, life in list(self._roster.lives()):
            if life.stage is Stage.ENROLLING:
                continue
            incarnation = life.identity.incarnation
            late = overrun(place.slot, life.began, now, self._leases.asked(incarnation))
            if why := late or silent(place.slot, awake_since, now):
                self._carry_out(self._roster.kill(incarnation, why))
        self._alive = tuple(
            (life.identity.incarnation, place.slot)
            for place, life in self._roster.lives()
            if life.stage is not Stage.ENROLLING
        )
        self._here = self._roster.here()

    def _end(self, now: float) -> Iterable[Order]:
        self._ends_asked += 1
        if self._ends_asked == 1:
            service_manager().ending()
            log.info("ending: workers have %g s to finish", self._settings.drain)
            return self._roster.end(now, self._settings.drain)
        return self._roster.end(now, 0.0, grace=0.0)

    def _zygote_gone(self, now: float) -> Iterable[Order]:
        """Releases all workers, which ended with their zygote, then starts another zygote."""
        self._zygotes_lost = 1 if now - self._zygote_began >= STEADY_SECONDS else self._zygotes_lost + 1
        if self._zygotes_lost == ZYGOTES:
            raise ZygoteLost(f"{ZYGOTES} zygotes were lost one after the other; their errors stand above")
        log.error("the zygote is lost, and all workers with it")
        self._zygote.wait_ended(ENDED_SECONDS)
        lost = [life.identity.incarnation for _, life in self._roster.lives() if life.stage is not Stage.ENROLLING]
        for incarnation in lost:  # before the next zygote, whose imports take a second or two
            self._carry_out(self._roster.died(incarnation, "its zygote was lost", now))
        if self._ends_asked == 0:
            self._zygote.restart()
            self._zygote.listen(self._events.put)
            self._zygote_began = time.monotonic()
        return ()

    def _carry_out(self, orders: Iterable[Order]) -> None:
        for order in orders:
            match order:
                case Identify(address):
                    self._askers.submit(self._ask_who, address)
                case RegisterPhone():
                    self._enrol(order)
                case ForkWorker(identity):
                    self._to_zygote(partial(self._zygote.fork, identity))
                case SignalWorker(incarnation, number):
                    self._to_zygote(partial(self._zygote.signal, incarnation, number))
                case ReleaseDeadWorker():
                    self._release(order)
                case Report(serial, state, why):
                    self._report(serial, state, why)
                case EqualSerials(serial, model, phones):
                    self._tell_equal(serial, model, phones)
                case Forget(address):
                    self._ledger_jobs.do(f"forget {address}", partial(self._ledger.forget_phone, address))

    def _ask_who(self, address: str) -> None:
        answer = ask_who(self._adb, address, self._settings.phone_names)
        if isinstance(answer, Identified):
            log.info("the phone at %s is %s", address, answer.serial)
        self._events.put(answer)

    def _enrol(self, order: RegisterPhone) -> None:
        identity, serial = order.identity, order.identity.serial or ""

        def job() -> None:
            try:
                self._ledger.phone_online(serial, identity.address, identity.host, order.model, identity.incarnation)
            except ServedElsewhere as elsewhere:
                if order.waited >= SHARED_SECONDS:
                    self._ledger.waits_for_other_host(serial, identity.address, order.model)
                self._events.put(Occupied(identity.incarnation, str(elsewhere)))
            else:
                self._events.put(Enrolled(identity.incarnation, ok=True))

        refused = Enrolled(identity.incarnation, ok=False)
        self._ledger_jobs.do(f"enrol {serial}", job, otherwise=lambda: self._events.put(refused))

    def _release(self, order: ReleaseDeadWorker) -> None:
        if order.tag:
            self._redis_jobs.do("put its ticket back", lambda: put_back(self._app, order.tag))

        def give_up() -> None:
            self._ledger.incarnation_died(order.incarnation, order.why)
            self._redis_jobs.do("ring", self._ledger.ring)

        self._ledger_jobs.do("give up its task", give_up)

    def _report(self, serial: str, state: str, why: str) -> None:
        log.info("phone %s: %s (%s)", serial, state, why)
        seen = time.monotonic()  # the queue may be late; phones lost together are recognised by their time

        def job() -> None:
            ago = time.monotonic() - seen
            if state == PhoneState.OFFLINE:
                self._ledger.phone_offline(serial, why, ago)
            else:
                self._ledger.phone_problem(serial, state, why, ago)

        self._ledger_jobs.do(f"report {serial}", job)

    def _tell_equal(self, serial: str, model: str, phones: tuple[str, ...]) -> None:
        log.error("%d phones have the serial %s: %s", len(phones), serial, ", ".join(phones))
        self._ledger_jobs.do(f"tell of {serial}", lambda: self._ledger.equal_serials(serial, model, phones))

    def _to_zygote(self, job: Callable[[], None]) -> None:
        try:
            job()
        except ZygoteLost as error:
            log.warning("the zygote does not hear: %s", error)  # its end is on its way as an event

    def _close(self) -> None:
        self._zygote.close()
        self._watch.close()
        self._broker_watch.close()
        self._askers.shutdown(wait=False, cancel_futures=True)
        self._leases.close(CLOSE_SECONDS)
        self._health.close(CLOSE_SECONDS)
        for place in self._roster.places.values():
            if place.serial is not None and place.wanted:
                self._report(place.serial, PhoneState.OFFLINE, HOST_STOPPED)
        self._ledger_jobs.do("forget unknown phones", self._ledger.forget_unknown_phones)
        self._ledger_jobs.close(CLOSE_SECONDS)
        self._redis_jobs.close(CLOSE_SECONDS)
        log.info("ended")


def _package(profile: str) -> str | None:
    """The app of the fleet's profile; None for a profile that cannot be read, which is told whoever runs a flow."""
    try:
        return load_profile(profile).package
    except ProfileError as error:
        log.warning("phones are not asked whether they have the app: %s", error)
        return None
