"""An error of the database names no value: these hold people's texts, and errors are logged and kept."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

SECRET = "a text that nobody else may read"


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SELECT * FROM nothing WHERE one = :one", {"one": SECRET}),
        ("INSERT INTO accounts (id, nowhere) VALUES (:one, 1)", {"one": SECRET}),
        ("UPDATE nothing SET one = :one", [{"one": SECRET}, {"one": SECRET}]),
    ],
)
def test_an_error_tells_the_statement_and_no_value(ledger: Engine, statement: str, values: object) -> None:
    with ledger.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.execute(text(statement), values)  # type: ignore[call-overload]
    assert statement.split(":", maxsplit=1)[0][:10] in str(failed.value)
    assert SECRET not in str(failed.value)
