"""`phonefleet erase` counts first, erases with --yes, deletes the workbooks, and names nobody in the audit log."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.tables import AuditEntry, Export
from models.transactions.read_write import read
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.person import everywhere

NAME = "小红"


@pytest.fixture
def known(here: Installation) -> Installation:
    """A ledger that knows somebody."""
    everywhere(here.engine, NAME)
    return here


def test_it_counts_and_changes_nothing_without_yes(known: Installation, run: Run) -> None:
    told = (
        "1 comments, 2 tasks, 1 attempts, 1 campaigns, 1 callbacks, 1 actions, 1 approvals, 1 alerts, 1 holds,"
        " 1 records"
    )
    first, second = run("erase", NAME), run("erase", NAME)
    assert first.status == 0, first.err
    assert f"would be erased: {told}" in " ".join(first.out.split())
    assert first.out == second.out
    assert read(known.engine, lambda session: session.scalars(select(AuditEntry)).all()) == []


def test_it_erases_and_deletes_every_workbook(known: Installation, run: Run) -> None:
    assert run("export").status == 0
    made = read(known.engine, lambda session: session.scalars(select(Export)).one())
    folder = known.var / "exports" / made.id
    assert list(folder.iterdir())
    said = run("erase", NAME, "--yes", "--who", "wang")
    assert said.status == 0, said.err
    assert "1 workbooks deleted" in " ".join(said.out.split())
    assert not folder.exists()
    assert "would be erased: nothing" in run("erase", NAME).out
    mine = select(AuditEntry).where(AuditEntry.subject == "person")
    entries = read(known.engine, lambda session: session.scalars(mine).all())
    assert {one.who for one in entries} == {"wang"}
    assert not any(NAME in str((one.subject, one.before, one.after, one.reason)) for one in entries)


@pytest.mark.usefixtures("here")
def test_a_name_that_nobody_has_is_refused(run: Run) -> None:
    said = run("erase", "")
    assert said.status != 0
    assert "name: it has 0 characters" in said.err
