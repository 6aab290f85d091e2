"""Carries out the roster's commands: through the zygote, in the ledger, in Redis and over adb."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from celery import Celery

from models.fleet.phones import ServedElsewhere
from models.values.enums import PhoneState
from workers.dispatch.tickets import put_back
from workers.host.adb import Adb
from workers.host.ask_identity import Identified, ask_who
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
from workers.host.events import Enrolled, Happening, Occupied
from workers.host.host_ledger import Ledger
from workers.host.retry_queue import RetryQueue
from workers.host.zygote_client import ZygoteClient, ZygoteLost
from workers.settings import Settings

log = logging.getLogger("phonefleet.host")

ASK_AT_ONCE = 8
DEAD_AT_ONCE = 50  # workers whose tasks one transaction frees
SHARED_SECONDS = 10.0  # another host that has a phone for so long still does not hand it over: people are told


class CommandRunner:
    """Runs the commands of one host agent. Answers return as events, through `put`."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        app: Celery,
        adb: Adb,
        zygote: ZygoteClient,
        put: Callable[[Happening], None],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._app = app
        self._adb = adb
        self._zygote = zygote
        self._put = put
        self._ledger_jobs = RetryQueue("ledger-jobs")
        self._dead: deque[ReleaseDeadWorker] = deque()  # whose tasks are to be freed
        self._tickets: deque[ReleaseDeadWorker] = deque()  # whose tickets nobody answered for
        # whatever needs Redis: one that hangs must not keep the ledger waiting
        self._redis_jobs = RetryQueue("redis-jobs", gives_up=False)
        self._askers = ThreadPoolExecutor(ASK_AT_ONCE, thread_name_prefix="ask")

    def wait_freed(self, seconds: float) -> bool:
        """Waits until what dead workers held is freed and rung, at most so long each. Returns whether it is."""
        return self._ledger_jobs.wait(seconds) and self._redis_jobs.wait(seconds)

    def forget_unknown_phones(self) -> None:
        """Removes from the ledger the phones of this host that never told their serial."""
        self._ledger_jobs.do("forget unknown phones", self._ledger.forget_unknown_phones)

    def stop_asking(self) -> None:
        """Asks no further phone for its serial."""
        self._askers.shutdown(wait=False, cancel_futures=True)

    def close(self, seconds: float) -> None:
        """Ends the queues. Waits at most `seconds` for the jobs of each."""
        self._ledger_jobs.close(seconds)
        self._redis_jobs.close(seconds)

    def carry_out(self, orders: Iterable[Order]) -> None:
        """Carries out commands in their order. Those for the ledger, Redis or adb run on threads of their own."""
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
                    self.report(serial, state, why)
                case EqualSerials(serial, model, phones):
                    self._tell_equal(serial, model, phones)
                case Forget(address):
                    self._ledger_jobs.do(f"forget {address}", partial(self._ledger.forget_phone, address))

    def _ask_who(self, address: str) -> None:
        answer = ask_who(self._adb, address, self._settings.phone_names)
        if isinstance(answer, Identified):
            log.info("the phone at %s is %s", address, answer.serial)
        self._put(answer)

    def _enrol(self, order: RegisterPhone) -> None:
        identity, serial = order.identity, order.identity.serial or ""

        def job() -> None:
            try:
                self._ledger.phone_online(serial, identity.address, identity.host, order.model, identity.incarnation)
            except ServedElsewhere as elsewhere:
                if order.waited >= SHARED_SECONDS:
                    self._ledger.waits_for_other_host(serial, identity.address, order.model)
                self._put(Occupied(identity.incarnation, str(elsewhere)))
            else:
                self._put(Enrolled(identity.incarnation, ok=True))

        refused = Enrolled(identity.incarnation, ok=False)
        self._ledger_jobs.do(f"enrol {serial}", job, otherwise=lambda: self._put(refused))

    def _release(self, order: ReleaseDeadWorker) -> None:
        if order.tag:
            self._tickets.append(order)
            self._redis_jobs.do("put tickets of dead workers back", self._put_all_back)
        self._dead.append(order)
        self._ledger_jobs.do("give up the tasks of dead workers", self._give_up_all)

    def _put_all_back(self) -> None:
        """Does so for all workers that died by now, over one connection; one that fails is done again for all."""
        dead = list(self._tickets)
        if dead:
            unspent = [order.tag for order in dead if not order.spent]
            put_back(self._app, unspent, spent=[order.tag for order in dead if order.spent])
        for _ in dead:
            self._tickets.popleft()

    def _give_up_all(self) -> None:
        """Frees the tasks of all workers that died by now: the job of one that died before finds nothing to do."""
        dead = [self._dead.popleft() for _ in range(min(len(self._dead), DEAD_AT_ONCE))]
        if not dead:
            return
        try:
            self._give_up(dead)
        except Exception as error:  # noqa: BLE001 - one of them may be to blame: each is tried by itself, and again
            log.warning("the tasks of %d dead workers are given up one by one: %s", len(dead), error)
            for order in dead:
                self._ledger_jobs.do("give up its task", partial(self._give_up, [order]))

    def _give_up(self, dead: Sequence[ReleaseDeadWorker]) -> None:
        ready = self._ledger.incarnations_died({order.incarnation: order.why for order in dead})
        log.info("the tasks of %d dead workers are freed, %d of them for another attempt now", len(dead), len(ready))
        self._redis_jobs.do("ring", self._ledger.ring)

    def report(self, serial: str, state: str, why: str) -> None:
        """Records in the ledger how a phone is reached, and why."""
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
