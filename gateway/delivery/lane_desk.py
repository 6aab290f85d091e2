"""Lane desk: writes the results of a lane's tries, and takes its next callbacks, for all threads that serve the lane.

A transaction costs more than a callback. The threads come here after each try. One of them writes for all that came
meanwhile, in one transaction under the lane's lock. While a receiver is quick and many threads serve it, this one stays
the writer, and takes some callbacks ahead, so that the others need not wait for the ledger.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from gateway.delivery.pinned_post import NotSent
from gateway.delivery.send import DeliverySettings
from gateway.keys.api_keys import Key, find_key
from gateway.keys.master_key import MasterKeyWrong
from models.database.clock import database_now
from models.notify.lanes import give_back, leave_lane, lock_lane, settle_tries, take_next
from models.notify.sending import Demand, Sending, TryResult
from models.transactions.read_write import write
from workers.dispatch.messages import MOST_IN_A_LANE
from workers.runtime.db_retry import retry_while_unavailable

MARGIN = 10.0  # seconds besides the post itself: waiting for a thread, resolving the name, and two transactions
GATE_SECONDS = 10.0
QUICK_SECONDS = 1.0  # a try of a quick receiver takes no longer
FRESH_SECONDS = 2.0  # so long a callback that was taken ahead may wait for a thread
MANY = 4  # threads of a lane that are worth a writer
WRITER_SECONDS = 5.0  # then the writer sends again, and another thread writes
PAUSE_SECONDS = 0.05  # between two transactions of a writer: what was taken ahead lasts longer

T = TypeVar("T")
Tried = tuple[Sending, TryResult]


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery that this process has taken, and its key, or the reason why there is none."""

    sending: Sending
    key: Key | NotSent
    taken_at: float  # time.monotonic


@dataclass(eq=False, slots=True)
class _Visit:
    """One thread at the desk."""

    goes_on: bool
    told: threading.Event = field(default_factory=threading.Event)  # it is served, or it is the next writer
    done: bool = False
    held: Held | None = None
    error: Exception | None = None


class LaneDesk:
    """The desk of one lane in one process."""

    def __init__(
        self, engine: Engine, lane: str, config: DeliverySettings, more: Callable[[int], object] = lambda _: None
    ) -> None:
        """`more` starts so many further threads for the lane, if it may have them: more is due than they take."""
        self._engine = engine
        self._lane = lane
        self._hold = config.timeout + MARGIN
        self._more = more
        self._news = threading.Condition()  # guards all below; the writer waits for it
        self._results: list[Tried] = []  # not yet written
        self._waiting: list[_Visit] = []
        self._ahead: deque[Held] = deque()
        self._threads = 0
        self._under_way = 0
        self._claims = 0  # deliveries that are this desk's in the ledger
        self._has_writer = False
        self._pops = False  # threads may take what was taken ahead
        self._quick = False  # the tries that were written last

    def visit(self, tried: Tried | None, *, goes_on: bool) -> Held | None:
        """Leaves the result of a try, and takes the lane's next callback if `goes_on`: None when there is none.

        Raises what the ledger raised, and PoolTimeout when it was too busy for too long. A thread that gets none comes
        no more.
        """
        mine = _Visit(goes_on)
        with self._news:
            if tried is None:
                self._threads += 1
            else:
                self._under_way -= 1
                self._results.append(tried)
                if not _was_quick(tried):  # what was taken ahead is for a receiver that takes it
                    self._quick = self._pops = False
                if goes_on and self._pops and (held := self._pop()) is not None:
                    self._under_way += 1
                    return held
            self._waiting.append(mine)
            self._news.notify()
            leads, self._has_writer = not self._has_writer, True
        if not leads:
            self._wait(mine)
        if not mine.done:
            self._write_for_all(mine)
        if mine.held is None:
            with self._news:
                self._threads -= 1
        if mine.error is not None:
            raise mine.error
        return mine.held

    def _wait(self, mine: _Visit) -> None:
        """Waits until this thread is served, or is the next writer."""
        if mine.told.wait(2 * self._hold):
            return
        with self._news:
            if mine in self._waiting:
                self._waiting.remove(mine)
        if not mine.told.wait(self._hold):
            mine.done, mine.error = True, PoolTimeout("the ledger is busy with other deliveries of this lane")

    def _pop(self) -> Held | None:
        """Returns the oldest callback that was taken ahead, unless it waited for too long."""
        return self._ahead.popleft() if self._ahead and self._is_fresh() else None

    def _is_fresh(self) -> bool:
        return not self._ahead or time.monotonic() - self._ahead[0].taken_at < FRESH_SECONDS

    def _write_for_all(self, mine: _Visit) -> None:
        """Writes until this thread is served, and another one writes or nothing is left to write."""
        until = time.monotonic() + WRITER_SECONDS
        while not (mine.done and self._hands_over()):
            with self._news:
                stays = not mine.done and self._quick and self._threads > MANY and time.monotonic() < until
                self._pops = stays
                if stays:
                    self._news.wait_for(lambda: len(self._waiting) > 1, PAUSE_SECONDS)
                visits = [one for one in self._waiting if not stays or one is not mine]
                self._waiting = [mine] if stays else []
                results, self._results = self._results, []
            if visits or results:
                self._serve(visits, results)

    def _hands_over(self) -> bool:
        """Leaves the desk to a thread that waits. Returns False when results are left, and nobody waits."""
        with self._news:
            if self._waiting:
                self._waiting[0].told.set()
                return True
            self._has_writer = bool(self._results)
            return not self._has_writer

    def _serve(self, visits: Sequence[_Visit], results: Sequence[Tried]) -> None:
        """Writes results, and gives these visits what they want."""
        try:
            self._exchange(visits, results)
        except Exception as error:  # noqa: BLE001 - each is told in its own thread
            for visit in visits:
                visit.error = error
        for visit in visits:
            visit.done = True
            visit.told.set()

    def _exchange(self, visits: Sequence[_Visit], results: Sequence[Tried]) -> None:
        """Exchanges results for callbacks in one transaction."""
        wanting = [visit for visit in visits if visit.goes_on]
        with self._news:
            if results:
                self._quick = all(map(_was_quick, [*results, *self._results]))
            kept = self._quick and self._is_fresh()
            free = min(len(wanting), len(self._ahead), MOST_IN_A_LANE - self._under_way) if kept else 0
            taken = [self._ahead.popleft() for _ in range(free)]
            self._under_way += len(taken)
            kept = kept and self._under_way > 0
            spare = [] if kept else [held.sending for held in self._ahead]
            if not kept:
                self._ahead.clear()
            self._claims -= len(results) + len(spare)
            demand = self._demand(len(wanting) - len(taken))
        leaves = len(wanting) < len(visits)
        until = time.monotonic() + self._hold

        def work(session: Session) -> tuple[list[Held], list[Held]]:
            return self._written(session, results, spare, demand, leaves=leaves)

        now, ahead = retry_while_unavailable(
            "a lane of callbacks", lambda: write_through_gate(self._engine, work), lambda: time.monotonic() < until
        )
        with self._news:
            self._claims += len(now) + len(ahead)
            self._under_way += len(now)
            self._ahead.extend(ahead)
            for visit, held in zip(wanting, [*taken, *now], strict=False):
                visit.held = held
            missing = MOST_IN_A_LANE + 1 - self._threads if ahead and len(ahead) == demand.ahead else 0
        if missing > 0:
            self._more(missing)

    def _demand(self, hands: int) -> Demand:
        """Returns what to take: ahead as many as are under way, from a quick receiver that many threads serve."""
        most = self._under_way + hands if self._quick and self._threads > MANY else 0
        return Demand(hands, self._under_way, self._claims, max(0, most - len(self._ahead)))

    def _written(
        self, session: Session, results: Sequence[Tried], spare: Sequence[Sending], demand: Demand, *, leaves: bool
    ) -> tuple[list[Held], list[Held]]:
        """Returns what was taken for threads that wait, and what was taken ahead."""
        lane = lock_lane(session, self._lane)
        if lane is None:
            return [], []
        now = database_now(session)
        if results:
            settle_tries(session, lane, results, now)
        if spare:
            give_back(session, spare, now)
        if leaves:
            leave_lane(lane)
        taken = (
            take_next(session, lane, now, self._hold, MOST_IN_A_LANE, demand) if demand.hands or demand.ahead else []
        )
        key, at = _key(session, lane.key_id) if taken else NotSent("key_revoked"), time.monotonic()
        held = [Held(sending, key, at) for sending in taken]
        return held[: demand.hands], held[demand.hands :]


def _was_quick(tried: Tried) -> bool:
    return tried[1].arrived and tried[1].seconds <= QUICK_SECONDS


def _key(session: Session, key_id: str) -> Key | NotSent:
    try:
        return find_key(session, key_id) or NotSent("key_revoked")
    except MasterKeyWrong:
        return NotSent("secret_unreadable")


def write_through_gate(engine: Engine, work: Callable[[Session], T]) -> T:
    """Writes with a limit on concurrent transactions: many lanes are served, and the ledger is shared."""
    gate = _gate(engine.dialect.name)
    if not gate.acquire(timeout=GATE_SECONDS):
        raise PoolTimeout("the ledger is busy with other deliveries")
    try:
        return write(engine, work)
    finally:
        gate.release()


@cache
def _gate(dialect: str) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(1 if dialect == "sqlite" else 8)
