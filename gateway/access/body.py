"""Reads the body of a request: bounded in bytes and in time, and with all other bodies that are being read."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import TracebackType

from starlette.types import Receive, Scope

from gateway.problem import ApiProblem

BODY_SECONDS = 15.0
SMALL_BYTES = 4_096  # so much of each body counts nowhere: the limit on connections bounds it
KEY_SHARE = 2  # the bodies of one key take at most this part of all bytes: half


class BodyBudget:
    """Bounds the bytes of all bodies that are being read or answered, and those of one key to half of them.

    The id of a key is no secret: whoever knows one, and cannot sign, can hold up that key alone.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._of_keys: Counter[str] = Counter()
        self._all = 0

    def take(self, key_id: str, count: int) -> bool:
        """Counts so many bytes more. Returns False, and counts none, when these are too many."""
        if self._all + count > self._most or self._of_keys[key_id] + count > self._most // KEY_SHARE:
            return False
        self._all += count
        self._of_keys[key_id] += count
        return True

    def give_back(self, key_id: str, count: int) -> None:
        """Ends the count of so many bytes."""
        self._all -= count
        self._of_keys[key_id] -= count
        if self._of_keys[key_id] <= 0:
            del self._of_keys[key_id]


class BodyReader:
    """Reads the body of one request. As a context manager, it ends the count of its bytes."""

    def __init__(self, scope: Scope, receive: Receive, most: int, budget: BodyBudget) -> None:
        self._scope = scope
        self._receive = receive
        self._most = most
        self._budget = budget
        self._key_id = ""
        self._counted = 0

    def __enter__(self) -> BodyReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget.give_back(self._key_id, self._counted)

    def check_length(self) -> None:
        """Looks at the head alone. Raises ApiProblem: too_large."""
        length = dict(self._scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > self._most:
            raise self._too_large()

    async def start(self) -> bytes:
        """Returns the first 4 kB or less of the body of a caller without a key. Raises ApiProblem: too_slow."""
        return await self._read(SMALL_BYTES)

    async def whole(self, key_id: str) -> bytes:
        """Returns the body of a request that names this key. Raises ApiProblem: too_large, too_slow, unavailable."""
        self._key_id = key_id
        return await self._read(None)

    async def _read(self, enough: int | None) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise ApiProblem("too_slow", "the connection ended before the body did")
                    more = message.get("more_body", False)
                    if not body and not more:
                        body = message.get("body", b"")
                    else:
                        body += message.get("body", b"")
                    if enough is not None and len(body) >= enough:
                        return bytes(body[:enough])
                    if enough is None:
                        self._count(len(body))
                    if not more:
                        return bytes(body)
        except TimeoutError:
            detail = f"it must be here within {BODY_SECONDS:g} s"
            raise ApiProblem("too_slow", detail, headers={"connection": "close"}) from None

    def _count(self, length: int) -> None:
        if length > self._most:
            raise self._too_large()
        if length <= max(SMALL_BYTES, self._counted):
            return
        if not self._budget.take(self._key_id, length - self._counted):
            raise ApiProblem("unavailable", "too many bodies arrive at this moment", headers={"retry-after": "1"})
        self._counted = length

    def _too_large(self) -> ApiProblem:
        return ApiProblem("too_large", f"at most {self._most} bytes", headers={"connection": "close"})
