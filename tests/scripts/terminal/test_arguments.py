"""What a shell may hand over and no command can use is refused before any command begins."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.tables import Export
from models.transactions.read_write import read
from tests.scripts.conftest import Run
from tests.support.installation import Installation

HALF = "\udcff"  # as Python reads the byte FF of a command line


@pytest.mark.parametrize(
    "command",
    [
        ["status", HALF],
        ["stop", HALF],
        ["pause", "P0001", "--why", f"x{HALF}"],
        ["export", f"{HALF}.xlsx"],
        ["records", "--account", HALF],
    ],
)
def test_what_is_not_utf_8_is_refused_with_its_place(here: Installation, run: Run, command: list[str]) -> None:
    said = run(*command)
    number = next(place for place, one in enumerate(command, 1) if HALF in one)
    assert (said.status, said.out) == (2, "")
    assert f"argument {number}:" in said.err
    assert "UTF-8" in said.err


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["authors", "caps", "likes_per_comment", "99999999999999999999"], "the largest cap"),
        (["authors", "caps", "likes_per_comment", "1000000001"], "the largest cap"),
        (["profile", "accept", "99999999999999999999999"], "atch"),
        (["profile", "withdraw", "0"], "atch"),
        (["submit", "day.yaml", "--wait", "nan"], "no number that one can count to"),
        (["demo", "--speed", "inf"], "no number that one can count to"),
        (["profile", "accept", "1", "--why", "x" * 501], "501 characters, of at most 500"),
        (["pause", "SIM0001", "--why", "x" * 501], "501 characters, of at most 500"),
        (["authors", "basis", "a1", "permitted", "--note", "x" * 501], "501 characters, of at most 500"),
        (["submit", "/dev/zero"], "too many for a campaign file"),
    ],
)
def test_numbers_and_files_without_end_are_refused(here: Installation, run: Run, command: list[str], why: str) -> None:
    said = run(*command)
    assert said.status == 2
    assert why in said.err.replace("\n", " ")


def test_a_workbook_is_not_made_for_a_folder(here: Installation, run: Run) -> None:
    said = run("export", here.var)
    assert (said.status, "is a folder" in said.err) == (2, True)
    assert read(here.engine, lambda session: session.scalars(select(Export)).all()) == []
