"""Spares a trip to MySQL or MariaDB for each transaction: the pool's rollback after it.

The pool's check before use stays: a connection that was cut between two transactions must harm no attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection as Connected
from sqlalchemy import Dialect, Engine, event

if TYPE_CHECKING:
    from MySQLdb.connections import Connection


def spare_rollbacks(engine: Engine) -> None:
    """Rolls a connection back after use only when a transaction may be open.

    For an engine with `pool_reset_on_return=None`.
    """

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Dialect, _record: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Connection:
        return _connection_class()(*arguments, **options)

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

        def query(self, query: bytes | str) -> None:
            self.may_be_open = True
            super().query(query)

        def commit(self) -> None:
            if self.may_be_open:
                super().commit()
            self.may_be_open = False

        def rollback(self) -> None:
            super().rollback()
            self.may_be_open = False

    _classes.append(NotingConnection)
    return NotingConnection
