"""A connection that one thread keeps between its transactions.

The pool checks a connection before each use and rolls it back after it: two trips to the database for each
transaction, as many as a small one needs itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

KEEP_SECONDS = 1.0  # after so long without use, the pool checks it again


class KeptConnection:
    """Gives one connection after the other to a single thread, the same one while it is in use."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._connection: Connection | None = None
        self._used = 0.0

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """Gives a connection without a transaction. It goes back to the pool after an error."""
        if self._clock() - self._used > KEEP_SECONDS:
            self.close()
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            yield self._connection
        except BaseException:
            self.close()
            raise
        self._used = self._clock()

    def close(self) -> None:
        """Gives the connection back to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
