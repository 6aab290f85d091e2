"""The line of requests that plant: those that stand in it together are planted in one transaction.

A commit costs more than a task. One thread plants, each time for all who came meanwhile: one that
comes alone waits for nobody, and of many at once each pays a part. The tickets are the coordinator's
to ring, half a second later: one round for all of them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from gateway.access.caller import Caller
from gateway.problem import ApiProblem
from gateway.submissions.open_task_quota import OpenTaskQuota
from gateway.submissions.plant import PlantRequest, PlantResult, Show, plant, planted_before
from gateway.submissions.submission import Submission
from models.transactions.read_write import write
from workers.runtime.db_retry import is_unavailable

MOST_TOGETHER = 64
TURN_SECONDS = 60.0  # longer than a transaction with all its tries may take
TRIES = 3
LOOK_SECONDS, LOOKS = 0.002, 4  # a tenth of a turn, and only while the line grows
STOP_SECONDS = 30.0


@dataclass(slots=True)
class QueuedRequest:
    """One request in the line, what came of it, and whom to tell."""

    asked: PlantRequest
    told: asyncio.Future[None] | None = None
    planted: PlantResult | None = None
    error: Exception | None = None

    def answer(self) -> tuple[Any, bool]:
        """What is shown, and whether it is new. Raises what it was declined with."""
        if self.error is not None:
            raise self.error
        assert self.planted is not None, "served without an error"
        if self.planted.declined is not None:
            raise self.planted.declined
        return self.planted.shown, self.planted.new


class GroupCommitter:
    """Plants for all requests of one gateway, on one ledger. To be started, and stopped."""

    def __init__(self, engine: Engine, waiting: OpenTaskQuota) -> None:
        self._engine = engine
        self._waiting = waiting
        self._line: deque[QueuedRequest] = deque()
        self._news = threading.Condition()
        self._ending = False
        self._together = 0  # how many the last turn served
        self._thread = threading.Thread(target=self._run, name="planter", daemon=True)

    def start(self) -> None:
        """Start its thread."""
        self._thread.start()

    def stop(self) -> None:
        """Serve who stands in line, and end."""
        with self._news:
            self._ending = True
            self._news.notify()
        self._thread.join(STOP_SECONDS)

    async def plant_in_line(self, caller: Caller, wish: Submission, show: Show) -> tuple[Any, bool]:
        """Plant a lone task, unless its reference stands for it already; what `show` makes of it, and is it new?

        Raises Declined: reference_taken when the reference stands for another request, too_many_waiting,
        refused; then nothing is planted.
        """
        place = QueuedRequest(PlantRequest(caller, wish, show), asyncio.get_running_loop().create_future())
        assert place.told is not None
        with self._news:
            self._line.append(place)
            self._news.notify()
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await place.told
        except TimeoutError:
            raise ApiProblem("unavailable", "the ledger is slow; try again", headers={"retry-after": "5"}) from None
        return place.answer()

    def plant_alone(self, caller: Caller, wish: Submission, show: Show) -> tuple[Any, bool]:
        """The same for a campaign, in a transaction of its own."""
        place = QueuedRequest(PlantRequest(caller, wish, show))
        self._serve([place])
        return place.answer()

    def planted_before(self, caller: Caller, reference: str, digest: str, show: Show) -> Any | None:
        """What a reference stands for, for a request that would be refused by now: it may be sent again all the same.

        None when it stands for nothing. Remembers the request. Raises Declined: reference_taken, Replayed.
        """
        return write(self._engine, lambda session: planted_before(session, caller, reference, digest, show))

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._line or self._ending)
                if not self._line:
                    return
            self._await_company()
            places = [self._line.popleft() for _ in range(min(len(self._line), MOST_TOGETHER))]
            self._serve(places)
            for loop in {place.told.get_loop() for place in places if place.told is not None}:
                loop.call_soon_threadsafe(_tell, places)

    def _await_company(self) -> None:
        """While several come at once, wait a little for those that are on their way; for one alone, for nobody."""
        waiting = len(self._line)
        if self._together > 1 or waiting > 1:
            for _ in range(LOOKS):
                time.sleep(LOOK_SECONDS)
                if len(self._line) == waiting:
                    break
                waiting = len(self._line)
        self._together = waiting

    def _serve(self, places: Sequence[QueuedRequest]) -> None:
        try:
            for place, came in zip(places, self._written([place.asked for place in places]), strict=True):
                place.planted = came
        except Exception as error:  # noqa: BLE001 - each is told by its own request
            if len(places) == 1 or is_unavailable(error):
                for place in places:
                    place.error = error
            else:  # one of them cannot be planted in this company: the others shall not suffer for it
                for place in places:
                    self._serve([place])

    def _written(self, asked: Sequence[PlantRequest]) -> list[PlantResult]:
        """Plant them. Another gateway may plant the same reference meanwhile: a lone request finds it the next time."""
        return Retrying(
            retry=retry_if_exception_type(IntegrityError),
            stop=stop_after_attempt(TRIES if len(asked) == 1 else 1),
            reraise=True,
        )(lambda: write(self._engine, lambda session: plant(session, asked, self._waiting)))


def _tell(places: Sequence[QueuedRequest]) -> None:
    for place in places:
        if place.told is not None and not place.told.done():
            place.told.set_result(None)
