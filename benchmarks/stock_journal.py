"""The journal of a flow of stock Celery: a journal in Redis by task id, and a watch that only names steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import cast

from redis import Redis

from flows.action import Action, ActionKind, ActionRefused

KEEP_SECONDS = 24 * 3600


class RedisJournal:
    """Fulfils flows.session.Journal. A task that is delivered again or retried keeps its id, and so its journal."""

    def __init__(self, redis: Redis, task_id: str) -> None:
        self._redis = redis
        self._key = f"stock:journal:{task_id}"
        self._open: dict[int, Action] = {}

    def done(self) -> Sequence[Action]:
        """Returns the actions that an attempt confirmed. Those begun and not confirmed are missing, and done again."""
        return list(self._seen())

    def verified(self, action: Action) -> bool:
        return self._seen().get(action, False)

    def refusal(self, action: Action) -> ActionRefused | None:
        """Stock Celery has no caps and no bases."""
        return None

    def declare(self, action: Action) -> int:
        number = len(self._open) + 1
        self._open[number] = action
        return number

    def confirm(self, number: int, *, verified: bool) -> None:
        entry = json.dumps({"action": asdict(self._open[number]), "verified": verified})
        self._redis.rpush(self._key, entry)
        self._redis.expire(self._key, KEEP_SECONDS)

    def refute(self, number: int, reason: str) -> None:
        """Nothing to keep: it is done again."""

    def _seen(self) -> dict[Action, bool]:
        entries = [json.loads(line) for line in cast("list[bytes]", self._redis.lrange(self._key, 0, -1))]
        return {
            Action(**{**entry["action"], "kind": ActionKind(entry["action"]["kind"])}): entry["verified"]
            for entry in entries
        }


class StockWatch:
    """Fulfils flows.session.Watch: stops and limits come from Celery, as signals and exceptions."""

    def check(self) -> None:
        """Nobody asks."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        yield
