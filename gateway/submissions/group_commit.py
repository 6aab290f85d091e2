"""Group commit: requests that wait together are planted in one transaction.

A commit costs more than a task. One thread plants all requests that queued up during the transaction before: a lone
request does not wait, and concurrent ones share the cost. The coordinator rings the tickets within half a second, in
one round for all of them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from gateway.access.caller import Caller
from gateway.problem import ApiProblem
from gateway.submissions.open_task_quota import OpenTaskQuota
from gateway.submissions.plant import LookFirst, PlantRequest, PlantResult, Show, plant, planted_before
from gateway.submissions.recent_facts import RecentFacts
from gateway.submissions.submission import Submission
from models.transactions.read_write import write
from models.transactions.retry import retried
from workers.runtime.db_retry import is_unavailable

MOST_TOGETHER = 64
TURN_SECONDS = 60.0  # longer than a transaction with all its retries can take
TRIES = 3
LOOK_SECONDS, LOOKS = 0.002, 4  # a tenth of a turn, and only while the queue grows
STOP_SECONDS = 30.0


@dataclass(slots=True)
class QueuedRequest:
    """One queued request, its result, and the future that receives it."""

    asked: PlantRequest
    told: asyncio.Future[None] | None = None
    planted: PlantResult | None = None
    error: Exception | None = None

    def answer(self) -> tuple[Any, bool]:
        """Returns the answer, and True when it was planted now. Raises the ApiProblem of a declined request."""
        if self.error is not None:
            raise self.error
        assert self.planted is not None, "served without an error"
        if self.planted.declined is not None:
            raise self.planted.declined
        return self.planted.shown, self.planted.new


class GroupCommitter:
    """Plants for all requests of one gateway, in one thread. The owner starts and stops it."""

    def __init__(self, engine: Engine, waiting: OpenTaskQuota) -> None:
        self._engine = engine
        self._waiting = waiting
        self._recent = RecentFacts()
        self._queue: SimpleQueue[QueuedRequest | None] = SimpleQueue()  # None ends the thread
        self._together = 0  # requests that the last turn planted
        self._thread = threading.Thread(target=self._run, name="planter", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Plants the queued requests, then ends the thread."""
        self._queue.put(None)
        self._thread.join(STOP_SECONDS)

    async def plant_in_batch(self, caller: Caller, submission: Submission, show: Show) -> tuple[Any, bool]:
        """Plants a lone task, unless its reference is planted already. Returns the answer, and whether it is new.

        Raises ApiProblem: reference_taken when the reference belongs to another request, too_many_waiting,
        refused; then nothing is planted.
        """
        request = QueuedRequest(PlantRequest(caller, submission, show), asyncio.get_running_loop().create_future())
        assert request.told is not None
        self._queue.put(request)
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await request.told
        except TimeoutError:
            raise ApiProblem("unavailable", "the ledger is slow; try again", headers={"retry-after": "5"}) from None
        return request.answer()

    def plant_alone(self, caller: Caller, submission: Submission, show: Show) -> tuple[Any, bool]:
        """Plants a campaign in a transaction of its own; returns and raises as `plant_in_batch`."""
        request = QueuedRequest(PlantRequest(caller, submission, show))
        self._serve([request])
        return request.answer()

    def planted_before(self, caller: Caller, reference: str, digest: str, show: Show) -> Any | None:
        """Returns what this reference planted, for a repeated request that would be refused now.

        None when it planted nothing. Records the request id. Raises ApiProblem: reference_taken, Replayed.
        """
        return write(self._engine, lambda session: planted_before(session, caller, reference, digest, show))

    def _run(self) -> None:
        ends = False
        while not ends:
            first = self._queue.get()
            self._await_company()
            queued = [first, *self._queued_now(MOST_TOGETHER - 1)]
            requests = [one for one in queued if one is not None]
            ends = len(requests) < len(queued)
            if requests:
                self._serve(requests)
            for loop in {request.told.get_loop() for request in requests if request.told is not None}:
                loop.call_soon_threadsafe(_tell, requests)

    def _queued_now(self, most: int) -> Iterator[QueuedRequest | None]:
        with suppress(Empty):
            for _ in range(most):
                yield self._queue.get_nowait()

    def _await_company(self) -> None:
        """Waits briefly for more requests while several arrive at once; a lone request does not wait."""
        more = self._queue.qsize()
        if self._together > 1 or more:
            for _ in range(LOOKS):
                time.sleep(LOOK_SECONDS)
                if self._queue.qsize() == more:
                    break
                more = self._queue.qsize()
        self._together = 1 + more

    def _serve(self, requests: Sequence[QueuedRequest]) -> None:
        asked = [request.asked for request in requests]
        try:
            for request, result in zip(requests, self._written(asked), strict=True):
                request.planted = result
        except Exception as error:  # noqa: BLE001 - each is told by its own request
            if len(requests) == 1 or is_unavailable(error):
                for request in requests:
                    request.error = error
            else:  # one of the batch fails: plant each alone, so that the others succeed
                for request in requests:
                    self._serve([request])

    def _written(self, asked: Sequence[PlantRequest]) -> list[PlantResult]:
        """Plants the batch. If another gateway plants the same reference meanwhile, a retry finds it.

        A lone task is planted without a look whether its reference was planted before: nearly none was.
        """
        alone = len(asked) == 1
        without_a_look = iter((self._recent,) if alone and asked[0].submission.kind == "task" else ())

        def policy() -> Retrying:
            return Retrying(
                retry=retry_if_exception_type((IntegrityError, LookFirst)),
                stop=stop_after_attempt(TRIES if alone else 1),
                reraise=True,
            )

        def once() -> list[PlantResult]:
            recent = next(without_a_look, None)
            return write(self._engine, lambda session: plant(session, asked, self._waiting, recent=recent))

        return retried(policy, once)


def _tell(requests: Sequence[QueuedRequest]) -> None:
    for request in requests:
        if request.told is not None and not request.told.done():
            request.told.set_result(None)
