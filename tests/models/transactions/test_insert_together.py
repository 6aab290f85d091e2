"""Rows of several tables in one trip: stored as by an INSERT each, and an error in any of them undoes all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.tables import Campaign, CapValue, StateChange
from models.transactions.insert_together import MOST_TOGETHER, insert_at_the_end, insert_together
from models.transactions.read_write import read, write

Insert = Callable[[Session, list[tuple[Any, list[dict[str, Any]]]]], None]

AT = datetime(2030, 1, 31, 8, 0, 0, 123456, UTC)
TEXTS = ("'); DROP TABLE caps; --", "a; b", "%s %(id)s %%", "\\'", "标题 😀", "")


def campaign(name: str, text: str = "x", **more: Any) -> dict[str, Any]:
    given = {"id": name, "name": text, "asked_by": "acme", "seed": 1, "created_at": AT, "join": "all"}
    return {**given, "asked_for": {"text": text}, "paused": False, "sandbox": False, "completes": None, **more}


def change(number: int) -> dict[str, Any]:
    return {"key_id": "k", "kind": "task", "subject_id": str(number), "campaign_id": "c", "state": "open", "at": AT}


def counted(ledger: Engine) -> Sequence[int]:
    tables = (Campaign, CapValue, StateChange)
    return read(ledger, lambda session: [session.scalar(select(func.count()).select_from(one)) or 0 for one in tables])


def statements(
    ledger: Engine, inserts: list[tuple[Any, list[dict[str, Any]]]], how: Insert = insert_together
) -> list[str]:
    """What was sent to the database for these rows."""
    asked: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(ledger, "before_cursor_execute", note)
    write(ledger, lambda session: how(session, inserts))
    event.remove(ledger, "before_cursor_execute", note)
    return [one for one in asked if not one.startswith("BEGIN")]


@pytest.mark.parametrize("text", TEXTS)
def test_each_value_is_stored_as_it_is(ledger: Engine, text: str) -> None:
    rows = [campaign("a", text), campaign("b", text, completes="a", paused=True)]
    caps = [{"name": "c", "value": 1}]
    write(ledger, lambda session: insert_together(session, [(Campaign, rows), (StateChange, []), (CapValue, caps)]))

    def work(session: Session) -> list[Any]:
        found = session.scalars(select(Campaign).order_by(Campaign.id)).all()
        return [[(one.name, one.asked_for, one.paused, one.completes, one.created_at) for one in found]]

    (found,) = read(ledger, work)
    assert found == [(text, {"text": text}, False, None, AT), (text, {"text": text}, True, "a", AT)]
    assert counted(ledger) == [2, 1, 0]


def test_mariadb_takes_one_trip_and_sqlite_one_for_each(ledger: Engine) -> None:
    sent = statements(ledger, [(Campaign, [campaign("a")]), (StateChange, [change(1), change(2)])])
    assert len(sent) == (2 if ledger.dialect.name == "sqlite" else 1)
    assert counted(ledger) == [1, 0, 2]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_error_in_any_of_them_undoes_all(ledger: Engine, place: int) -> None:
    write(ledger, lambda session: insert_together(session, [(CapValue, [{"name": "there", "value": 1}])]))
    inserts: list[tuple[Any, list[dict[str, Any]]]] = [(Campaign, [campaign("a")]), (StateChange, [change(1)])]
    inserts.insert(place, (CapValue, [{"name": "new", "value": 1}, {"name": "there", "value": 2}]))
    with pytest.raises(IntegrityError):
        write(ledger, lambda session: insert_together(session, inserts))
    assert counted(ledger) == [0, 1, 0]


@pytest.mark.parametrize(("rows", "text"), [(MOST_TOGETHER, "x"), (2, "长" * 500_001)])
def test_what_is_too_much_for_one_trip_goes_apart(ledger: Engine, rows: int, text: str) -> None:
    caps = [{"name": "c", "value": 1}]
    sent = statements(
        ledger, [(CapValue, caps), (Campaign, [campaign(str(one), "x", quotas={"x": text}) for one in range(rows)])]
    )
    assert len(sent) == 2
    assert counted(ledger) == [rows, 1, 0]


def test_rows_at_the_end_go_with_the_commit_where_the_database_takes_one_trip(ledger: Engine) -> None:
    sent = statements(ledger, [(Campaign, [campaign("a", TEXTS[0])]), (StateChange, [change(1)])], insert_at_the_end)
    if ledger.dialect.name == "sqlite":
        assert len(sent) == 2
    else:
        assert len(sent) == 1
        assert sent[0].endswith("; COMMIT")
    assert counted(ledger) == [1, 0, 1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_error_at_the_end_undoes_all(ledger: Engine, place: int) -> None:
    write(ledger, lambda session: insert_together(session, [(CapValue, [{"name": "there", "value": 1}])]))
    inserts: list[tuple[Any, list[dict[str, Any]]]] = [(Campaign, [campaign("a")]), (StateChange, [change(1)])]
    inserts.insert(place, (CapValue, [{"name": "new", "value": 1}, {"name": "there", "value": 2}]))

    def work(session: Session) -> None:
        session.add(CapValue(name="before", value=1))
        session.flush()
        insert_at_the_end(session, inserts)

    with pytest.raises(IntegrityError):
        write(ledger, work)
    assert counted(ledger) == [0, 1, 0]
    statements(ledger, [(CapValue, [{"name": "after", "value": 1}])], insert_at_the_end)
    assert counted(ledger) == [0, 2, 0]


def test_work_that_fails_after_them_leaves_nothing(ledger: Engine) -> None:
    def work(session: Session) -> None:
        insert_at_the_end(session, [(CapValue, [{"name": "new", "value": 1}])])
        raise RuntimeError("the answer cannot be made")

    with pytest.raises(RuntimeError):
        write(ledger, work)
    assert counted(ledger) == [0, 0, 0]


def test_in_the_transaction_of_somebody_else_they_are_not_committed(ledger: Engine) -> None:
    with ledger.connect() as connection, connection.begin() as outer:
        write(connection, lambda session: insert_at_the_end(session, [(CapValue, [{"name": "new", "value": 1}])]))
        outer.rollback()
    assert counted(ledger) == [0, 0, 0]


@pytest.mark.parametrize("nothing", [0, 0.0, False, "", [], {}, "0", "false"], ids=repr)
def test_nothing_is_stored_as_the_nothing_that_it_is(ledger: Engine, nothing: Any) -> None:
    one = [campaign("a", "0", seed=0, asked_for=nothing, root=nothing)]
    write(ledger, lambda session: insert_together(session, [(Campaign, one), (CapValue, [{"name": "c", "value": 0}])]))
    found, cap = read(ledger, lambda session: (session.get_one(Campaign, "a"), session.get_one(CapValue, "c")))
    assert (found.seed, found.paused, found.name, cap.value) == (0, False, "0", 0)
    for stored in (found.asked_for, found.root):
        assert (isinstance(stored, bool), stored) == (isinstance(nothing, bool), nothing)  # SQLite has 0 for 0.0
