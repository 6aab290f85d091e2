"""The indexes of the tables: each finds what no other does, and what is asked for often is found by one."""

from __future__ import annotations

import pytest
from celery import group
from sqlalchemy import Engine, Table

from models.tables import metadata_of_all
from models.tasks.states import State
from models.transactions.read_write import read
from tests.support.ledger.drive import owned_author, plant, states, titles
from tests.support.ledger.many_tasks import many
from tests.support.ledger.statements import statements
from workers.attempts.content_holds import hold_flow, holds_in_force, release_hold
from workers.control.approvals import awaiting
from workers.coordinator.close_campaigns import close_ended

TABLES = [pytest.param(table, id=name) for name, table in metadata_of_all().tables.items()]


def indexes(table: Table) -> dict[str, tuple[str, ...]]:
    """The columns of each index, the primary key's among them."""
    found = {str(index.name): tuple(column.name for column in index.columns) for index in table.indexes}
    return {**found, "PRIMARY": tuple(column.name for column in table.primary_key.columns)}


@pytest.mark.parametrize("table", TABLES)
def test_no_index_is_the_beginning_of_another_one(table: Table) -> None:
    found = indexes(table)
    begins = [
        f"{one} finds nothing that {other} does not find"
        for one, columns in found.items()
        for other, more in found.items()
        if one != other and more[: len(columns)] == columns
    ]
    assert begins == []


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_what_is_held_or_open_is_found_without_a_look_at_what_ended(ledger: Engine) -> None:
    owned_author(ledger)
    campaign = plant(ledger, group(titles(), titles()))
    many(ledger, campaign, 50, state=State.SUCCEEDED)
    with statements(ledger) as seen:
        assert hold_flow(ledger, "collect_titles", "page_drift", who="someone", why="it drifted") == 2
        ((hold, count),) = read(ledger, holds_in_force)
        assert count == 2
        assert list(awaiting(ledger)) == []
        close_ended(ledger)
        release_hold(ledger, hold.id, who="someone", ring_now=False)
    assert states(ledger, campaign) == {State.READY: 2, State.SUCCEEDED: 50}
    asked = [(one, given) for one, given in seen if one.startswith(("SELECT", "UPDATE")) and "tasks" in one]
    assert asked
    with ledger.connect() as connection:
        for statement, parameters in asked:
            plan = [str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert not any("SCAN tasks" in step for step in plan), (statement, plan)
