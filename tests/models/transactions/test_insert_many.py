"""Many rows in few statements: they are stored as the session stores them, whatever their values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, insert, select
from sqlalchemy.orm import Session

from models.tables import Campaign
from models.transactions.insert_many import MOST_ROWS, insert_many
from models.transactions.read_write import read, write

AT = datetime(2030, 1, 31, 8, 0, 0, 123456, timezone(timedelta(hours=8)))
HOSTILE = [
    "'); DROP TABLE campaigns; --",
    "\\",
    "\\'",
    "''",
    '"',
    "%",
    "%s",
    "%(id)s",
    "?",
    ":id",
    "`",
    "a\nb",
    "a\x00b",
    "$1 {x} [y]",
    "标题 😀",
    "",
]


def row(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "asked_by": "acme", "seed": 1, "created_at": AT, **more}


def stored(ledger: Engine) -> Sequence[dict[str, Any]]:
    def work(session: Session) -> Sequence[dict[str, Any]]:
        names = [column.key for column in Campaign.__mapper__.columns]
        found = session.scalars(select(Campaign).order_by(Campaign.id))
        return [{name: getattr(one, name) for name in names} for one in found]

    return read(ledger, work)


def same_as_by_the_session(ledger: Engine, rows: list[dict[str, Any]]) -> None:
    write(ledger, lambda session: session.execute(insert(Campaign), rows))
    expected = stored(ledger)
    write(ledger, lambda session: session.execute(delete(Campaign)))
    write(ledger, lambda session: insert_many(session, Campaign, rows))
    assert stored(ledger) == expected
    assert len(expected) == len(rows)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_all_rows_share_is_stored_as_it_is(ledger: Engine, text: str) -> None:
    rows = [row(f"c{number}", asked_by=text, asked_for={text: [text]}) for number in range(3)]
    same_as_by_the_session(ledger, rows)


def test_texts_that_differ_are_stored_as_they_are(ledger: Engine) -> None:
    same_as_by_the_session(
        ledger, [row(f"c{number:02}", asked_by=text, asked_for=[text]) for number, text in enumerate(HOSTILE)]
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"paused": True, "sandbox": True},
        {"paused": None, "reference": None, "ended_at": None},
        {"ended_at": datetime(2030, 1, 1, tzinfo=UTC), "root": {"list": []}, "asked_for": None},
        {"seed": -(2**31), "join": "settled", "asked_for": [1.5, True, None]},
    ],
)
def test_values_of_every_kind_are_stored_as_the_session_stores_them(ledger: Engine, more: dict[str, Any]) -> None:
    same_as_by_the_session(ledger, [row("one", **more)])
    write(ledger, lambda session: session.execute(delete(Campaign)))
    same_as_by_the_session(ledger, [row(f"c{number}", **more) for number in range(2)])


def test_values_that_python_takes_for_equal_stay_apart(ledger: Engine) -> None:
    values = [[1, {"a": 0}], [True, {"a": False}], [1.0, {"a": 0.0}]]
    rows = [row(f"c{number}", asked_for=value) for number, value in enumerate(values)]
    same_as_by_the_session(ledger, rows)
    assert [json.dumps(one["asked_for"]) for one in stored(ledger)] == [json.dumps(value) for value in values]


def test_a_default_stands_only_where_no_value_is_given(ledger: Engine) -> None:
    paused = (True, None, False, None)
    same_as_by_the_session(ledger, [row(f"c{number}", paused=one) for number, one in enumerate(paused)])
    assert [one["paused"] for one in stored(ledger)] == [True, False, False, False]


def test_many_rows_take_few_statements(ledger: Engine) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    rows = [row(f"c{number:05}", paused=bool(number % 2)) for number in range(2 * MOST_ROWS + 1)]
    event.listen(ledger, "before_cursor_execute", note)
    write(ledger, lambda session: insert_many(session, Campaign, rows))
    event.remove(ledger, "before_cursor_execute", note)
    assert len([one for one in asked if one.startswith("INSERT")]) == 3
    assert [one["paused"] for one in stored(ledger)] == [bool(number % 2) for number in range(2 * MOST_ROWS + 1)]


def test_large_values_are_sent_apart(ledger: Engine) -> None:
    rows = [row(f"c{number}", asked_for=["x" * 3_000_000, number]) for number in range(4)]
    write(ledger, lambda session: insert_many(session, Campaign, rows))
    assert [one["asked_for"][1] for one in stored(ledger)] == [0, 1, 2, 3]


def test_no_rows_ask_nothing(ledger: Engine) -> None:
    write(ledger, lambda session: insert_many(session, Campaign, []))
    assert stored(ledger) == []


def test_rows_go_in_by_the_order_of_their_key(ledger: Engine) -> None:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("INSERT"):
            sent.extend(value for value in flat(parameters) if value in names)

    names = [f"c{number * 7919 % 1009:05}" for number in range(1009)]
    event.listen(ledger, "before_cursor_execute", note)
    write(ledger, lambda session: insert_many(session, Campaign, [row("c") | {"id": name} for name in names]))
    event.remove(ledger, "before_cursor_execute", note)
    assert sent == sorted(names)


def flat(parameters: Any) -> list[Any]:
    """The parameters of one statement, or of one for each row."""
    return [value for one in parameters for value in (one if isinstance(one, tuple) else (one,))]
