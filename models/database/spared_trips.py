"""Spares two trips to MySQL or MariaDB for each transaction: the pool's check before it, and its rollback after it.

A connection that was cut between two transactions must harm no attempt. The kernel knows of a cut at once: the socket
can be read, where nothing is expected. So the server is asked only then, and after a pause, in which a machine on the
way may have forgotten the connection and told nobody.
"""

from __future__ import annotations

import select
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection as Connected
from sqlalchemy import Dialect, Engine, event

from models.database.driver_times import conversions

if TYPE_CHECKING:
    from MySQLdb.connections import Connection


FRESH_SECONDS = 1.0  # for so long after an answer a silent socket is taken for a connection


def spare_trips(engine: Engine) -> None:
    """Checks a connection only when it may be lost, and rolls it back after use only when a transaction may be open.

    For an engine with `pool_pre_ping` and `pool_reset_on_return=None`.
    """

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Dialect, _record: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Connection:
        return _connection_class()(*arguments, conv=conversions(), **options)

    @event.listens_for(engine, "reset")
    def _roll_back(connection: Any, _record: Any, state: Any) -> None:
        if not state.terminate_only and connection.may_be_open:
            connection.rollback()


def note_committed(connection: Connected) -> None:
    """Notes that a statement committed what was open, so that a COMMIT need not be sent."""
    driver = connection.connection.dbapi_connection
    if isinstance(driver, _connection_class()):
        driver.may_be_open = False


_classes: list[type[Connection]] = []


def _connection_class() -> type[Connection]:
    """Returns a connection that knows whether a transaction may be open; whoever uses SQLite has no driver for it."""
    if _classes:
        return _classes[0]
    from MySQLdb.connections import Connection  # noqa: PLC0415

    class NotingConnection(Connection):  # type: ignore[misc]  # the driver has no types
        """Every statement may open a transaction; only a COMMIT or ROLLBACK that succeeded ends it."""

        may_be_open = False
        answered_at = -FRESH_SECONDS

        def query(self, query: bytes | str) -> None:
            self.may_be_open = True
            super().query(query)
            self.answered_at = monotonic()

        def ping(self, *reconnects: bool) -> None:
            if monotonic() - self.answered_at > FRESH_SECONDS or _can_be_read(self.fileno()):
                super().ping(*reconnects)

        def commit(self) -> None:
            if self.may_be_open:
                super().commit()
            self.may_be_open = False

        def rollback(self) -> None:
            super().rollback()
            self.may_be_open = False

    _classes.append(NotingConnection)
    return NotingConnection


def _can_be_read(descriptor: int) -> bool:
    """True when a socket that expects nothing holds something, such as its end."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))
