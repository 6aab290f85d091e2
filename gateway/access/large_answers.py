"""Large answers are made one after the other: while it is made, an answer takes several times its bytes of memory.

An endpoint that finds that its answer is large raises IsLarge before it reads what it is to tell. The middleware waits
for the key's turn, without a thread, and asks again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.access.body import BodyBudget
from gateway.problem import ApiProblem

AT_ONCE = 2  # of all keys; of one key one
WAITING = 8  # of one key, the one that is being made included
WAIT_SECONDS = 5.0
IN_ITS_TURN = "phonefleet.in_its_turn"  # in the scope: the answer may be large
TOO_MANY_LARGE = "too many large answers are being read at this moment"


class IsLarge(Exception):
    """The answer has about so many bytes, and is made in its turn. Raised before anything is done for it."""

    def __init__(self, length: int) -> None:
        super().__init__(f"{length} bytes")
        self.length = length


class LargeAnswers:
    """Gives keys their turns, while the bytes of the answers that are being read leave room."""

    def __init__(self, answers: BodyBudget) -> None:
        self._answers = answers
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, key_id: str, length: int) -> AsyncIterator[None]:
        """Waits for the turn of a key, which lasts as long as the block. Raises ApiProblem (unavailable)."""
        if self._users[key_id] >= WAITING:
            raise _too_many()
        lock = self._locks.setdefault(key_id, asyncio.Lock())
        self._users[key_id] += 1
        try:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await lock.acquire()
            except TimeoutError:
                raise _too_many() from None
            try:
                self._check_room(key_id, length)
                async with self._slots:
                    yield
            finally:
                lock.release()
        finally:
            self._users[key_id] -= 1
            if not self._users[key_id]:
                del self._users[key_id], self._locks[key_id]

    def _check_room(self, key_id: str, length: int) -> None:
        if not self._answers.take(key_id, length):
            raise _too_many()
        self._answers.give_back(key_id, length)


def _too_many() -> ApiProblem:
    return ApiProblem("unavailable", TOO_MANY_LARGE, headers={"retry-after": "2"})
