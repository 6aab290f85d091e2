"""The bell: rings what was planted, many tasks in one round, beside the requests that planted them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterable

from sqlalchemy import Engine

from workers.ring import AT_ONCE, ring

log = logging.getLogger("phonefleet.gateway")

STOP_SECONDS = 15.0


class Bell:
    """A thread. What it does not ring, because it ended or the ledger was away, the coordinator rings."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._owed: deque[str] = deque()
        self._news = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def ring(self, task_ids: Iterable[str]) -> None:
        """Ring these soon."""
        with self._news:
            self._owed.extend(task_ids)
            self._news.notify()

    def stop(self) -> None:
        """Ring what is owed, and end."""
        with self._news:
            self._ending = True
            self._news.notify()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._owed or self._ending)
                some = [self._owed.popleft() for _ in range(min(len(self._owed), AT_ONCE))]
                if not some:
                    return
            try:
                ring(self._engine, some)
            except Exception:  # the thread outlives whatever a database or a broker raises
                log.exception("%d tasks not rung, the coordinator rings them", len(some))
