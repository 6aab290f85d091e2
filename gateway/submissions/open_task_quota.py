"""The limit on a key's open tasks: counted in the ledger once a second, plus what this gateway planted since."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy.orm import Session

from gateway.problem import ApiProblem
from gateway.protocol.signed_text import KEY_HEADER
from models.tasks.open_tasks import OpenTasks, open_tasks
from models.values.refused import Problem
from workers.planting.quota import over_quota

KEEP_SECONDS = 1.0


class OpenTaskQuota:
    """Counts are cached for 1 s, so several gateways may briefly exceed the limit."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: dict[str, tuple[float, OpenTasks]] = {}
        self._lock = threading.Lock()

    def make_room(self, session: Session, key_id: str, more: OpenTasks, most: int) -> None:
        """Adds `more` tasks to the count. Raises ApiProblem (too_many_waiting) when the key would exceed `most`."""
        now = self._clock()
        with self._lock:
            kept = self._counted.get(key_id)
        if kept is None or now - kept[0] >= KEEP_SECONDS:
            kept = (now, open_tasks(session, key_id))
        over = over_quota(kept[1], more, most, "it")
        if over is not None:
            problem = Problem(KEY_HEADER, over, "wait until some have ended, or ask the operator to allow it more")
            raise ApiProblem("too_many_waiting", problems=[problem], headers={"retry-after": "60"})
        with self._lock:
            before = self._counted.get(key_id, kept)
            newest = kept if before[0] < kept[0] else before
            self._counted[key_id] = (newest[0], newest[1] + more)
