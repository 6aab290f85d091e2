"""The host agent: its main thread takes events one by one, asks the roster, and hands on the roster's commands."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from queue import Empty, SimpleQueue

from celery import Celery

from flows.profile import load_profile
from models.fleet.fitness import HOST_STOPPED
from models.values.enums import PhoneState
from workers.host import zygote_messages
from workers.host.adb import Adb
from workers.host.adb_watch import AdbWatch, NoRoomFor, Seen
from workers.host.ask_identity import Identified, Unidentified
from workers.host.broker_report import BrokerReport
from workers.host.command_runner import CommandRunner
from workers.host.commands import Order
from workers.host.desk_rest import DeskRest, enough_awake
from workers.host.events import EndAsked, Enrolled, Happening, Occupied
from workers.host.health_watch import HealthWatch
from workers.host.host_ledger import Ledger
from workers.host.leases import LeaseKeeper, Worker, overrun
from workers.host.no_room import no_room
from workers.host.room_report import RoomReport
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
CLOSE_SECONDS = 10.0
ENDED_SECONDS = 1.0  # for the workers of a lost zygote; they end within a tenth of it
FREED_SECONDS = 0.5  # for their tasks to be freed, and to be rung, before the next zygote's imports take a processor
ZYGOTES = 5  # as many as may be lost in a row before the host gives up


class Agent:
    """One host's agent. Make it and run it in the process's main thread."""

    def __init__(self, settings: Settings, ledger: Ledger, app: Celery) -> None:
        self._settings = settings
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
        self._runner = CommandRunner(settings, ledger, app, self._adb, self._zygote, self._events.put)
        self._broker = broker(settings.redis_url)
        self._broker_watch = BrokerWatch(self._broker)
        self._alive: tuple[Worker, ...] = ()
        self._with_phones: tuple[Worker, ...] = ()
        self._reports = (BrokerReport(ledger, self._broker), RoomReport(ledger, self._watch.waiting))
        self._leases = LeaseKeeper(
            ledger, lambda: self._alive, settings.lease, self._report, phones=lambda: self._with_phones
        )
        self._zygotes_lost = 0  # in a row
        self._zygote_began = time.monotonic()
        self._here: Mapping[str, str] = {}
        self._health = HealthWatch(
            self._adb.shell,
            lambda: self._here,
            partial(ledger.phones_health, settings.host),
            package=load_profile(settings.profile).package,
            every=settings.health,
        )
        self._desk_rest = DeskRest(enough_awake())
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
        self._runner.forget_unknown_phones()
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
        self._runner.carry_out(self._decide(happening, time.monotonic()))

    def _decide(self, happening: Happening, now: float) -> Iterable[Order]:
        match happening:
            case Seen() | NoRoomFor():
                return self._told_by_adb(happening, now)
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

    def _told_by_adb(self, news: Seen | NoRoomFor, now: float) -> Iterable[Order]:
        if isinstance(news, Seen):
            return self._roster.seen(news.devices, now)
        return no_room(self._roster, news.address, news.why)

    def _report(self) -> None:
        for report in self._reports:
            report.look()

    def _look_after(self, now: float) -> None:
        """Does the work that is due by the clock alone, independent of the database and adb."""
        service_manager().pulse()
        self._runner.carry_out(self._roster.tick(now))
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
            why = late or silent(place.slot, awake_since, now)
            if why and (orders := self._roster.kill(incarnation, why)):
                log.warning("worker %s is killed, in %s: %s", life.identity.name, place.slot.doing, why)
                self._runner.carry_out(orders)
        served = [life.identity for _, life in self._roster.lives() if life.stage is not Stage.ENROLLING]
        self._alive = tuple((one.incarnation, one.slot) for one in served)
        self._with_phones = tuple((one.incarnation, one.slot) for one in served if one.serial is not None)
        self._desk_rest.look([life.identity.slot for _, life in self._roster.lives() if life.identity.serial is None])
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
        log.error("the zygote is lost, and all workers with it")
        self._free_all("its zygote was lost", now)
        if self._zygotes_lost == ZYGOTES:
            raise ZygoteLost(f"{ZYGOTES} zygotes were lost one after the other; their errors stand above")
        if self._ends_asked == 0:
            self._runner.wait_freed(FREED_SECONDS)
            self._zygote.restart()
            self._zygote.listen(self._events.put)
            self._zygote_began = time.monotonic()
        return ()

    def _free_all(self, why: str, now: float) -> None:
        """Ends the workers that are left, and frees their tasks: others need not wait for their leases to run out."""
        self._zygote.wait_ended(ENDED_SECONDS)
        lost = [life.identity.incarnation for _, life in self._roster.lives() if life.stage is not Stage.ENROLLING]
        for incarnation in lost:
            self._runner.carry_out(self._roster.died(incarnation, why, now))

    def _close(self) -> None:
        self._roster.ending = True
        self._free_all("its host agent ended", time.monotonic())  # none is left but after an error
        self._zygote.close()
        self._watch.close()
        self._broker_watch.close()
        self._runner.stop_asking()
        self._leases.close(CLOSE_SECONDS)
        self._health.close(CLOSE_SECONDS)
        for place in self._roster.places.values():
            if place.serial is not None and place.wanted:
                self._runner.report(place.serial, PhoneState.OFFLINE, HOST_STOPPED)
        self._runner.forget_unknown_phones()
        self._runner.close(CLOSE_SECONDS)
        log.info("ended")
