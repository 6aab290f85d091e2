"""Sends several statements in one trip to MySQL or MariaDB, and reads the result of each.

SQLAlchemy reads the first result alone, and hides the error of a later one: a cursor that fails while it is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExecutionContext

from models.database.spared_trips import note_committed

_CAN, _SEVERAL = "can_send_several", "several_statements"


def allow_several(engine: Engine) -> None:
    """Lets `send_several` work on an engine of MySQL or MariaDB."""

    @event.listens_for(engine, "do_execute")
    def _read_each_result(cursor: Any, statement: str, parameters: Any, context: ExecutionContext) -> bool:
        if not context.execution_options.get(_SEVERAL):
            return False
        cursor.execute(statement, parameters)
        while cursor.connection.next_result() == 0:  # past the cursor, which asks the driver about each result
            cursor.connection.discard_result()
        return True

    engine.update_execution_options(**{_CAN: True})


def can_send_several(connection: Connection) -> bool:
    """Returns whether `send_several` works on this connection."""
    return bool(connection.get_execution_options().get(_CAN))


def send_several(connection: Connection, statements: Sequence[str], values: Sequence[Any]) -> None:
    """Executes statements that return no rows, with `%s` for each value of all of them. Raises as each one would."""
    connection.exec_driver_sql("; ".join(statements), tuple(values), execution_options={_SEVERAL: True})


def send_with_commit(connection: Connection, statements: Sequence[str], values: Sequence[Any]) -> None:
    """Does the same as the last of a transaction, and commits it in the same trip; its own COMMIT then costs none.

    After an error in one of them the server reads no further: nothing is committed.
    """
    send_several(connection, [*statements, "COMMIT"], values)
    note_committed(connection)
