"""New objects inserted with one statement: the session has them as if it had read them, and reads none again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from models.tables import Campaign
from models.transactions.insert_rows import completed, keep, lay_aside, row_of
from models.transactions.insert_together import insert_together
from models.transactions.read_write import read, write

AT = datetime(2030, 1, 31, 8, 0, 0, 123456, timezone(timedelta(hours=8)))


def campaign(name: str, **more: Any) -> Campaign:
    return Campaign(id=name, name=name, asked_by="acme", seed=1, created_at=AT, **more)


def inserted(session: Session, rows: list[Campaign]) -> None:
    insert_together(session, [(Campaign, completed(rows))])
    keep(session, rows)


def columns(row: Campaign) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in Campaign.__mapper__.columns}


def test_what_was_inserted_is_what_is_read_and_is_not_read_again(ledger: Engine) -> None:
    asked: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    def work(session: Session) -> list[dict[str, Any]]:
        inserted(session, [campaign("a"), campaign("b", paused=True, asked_for={"参数": [1, None]}, reference="r")])
        return [columns(session.get_one(Campaign, name)) for name in "ab"]

    event.listen(ledger, "before_cursor_execute", note)
    known = write(ledger, work)
    event.remove(ledger, "before_cursor_execute", note)
    assert [one.split()[0] for one in asked if not one.startswith("BEGIN")] == ["INSERT"]
    stored = read(ledger, lambda session: [columns(one) for one in session.scalars(select(Campaign).order_by("id"))])
    assert known == stored
    assert (stored[0]["paused"], stored[0]["join"], stored[0]["created_at"]) == (False, "all", AT.astimezone(UTC))


def test_a_change_after_it_is_written(ledger: Engine) -> None:
    def work(session: Session) -> None:
        row = campaign("a")
        inserted(session, [row])
        row.paused = True

    write(ledger, work)
    assert read(ledger, lambda session: session.get_one(Campaign, "a").paused)


def test_no_rows_ask_nothing(ledger: Engine) -> None:
    write(ledger, lambda session: inserted(session, []))
    assert read(ledger, lambda session: session.scalars(select(Campaign)).all()) == []


def test_what_was_laid_aside_is_shown_without_a_question_and_equals_what_is_read(ledger: Engine) -> None:
    def work(session: Session) -> tuple[dict[str, Any], dict[str, Any]]:
        inserted(session, [campaign("read")])
        rows = [campaign("a", paused=True, asked_for={"参数": [1, None]})]
        insert_together(session, [(Campaign, completed(rows))])
        lay_aside(session, rows)
        assert row_of(session, Campaign, "a") is rows[0]
        return columns(row_of(session, Campaign, "a")), columns(row_of(session, Campaign, "read"))

    shown, others = write(ledger, work)
    stored = read(ledger, lambda session: [columns(row_of(session, Campaign, name)) for name in ("a", "read")])
    assert [shown, others] == stored


def test_a_row_that_is_not_there_is_not_shown(ledger: Engine) -> None:
    with pytest.raises(NoResultFound):
        read(ledger, lambda session: row_of(session, Campaign, "absent"))
