"""Each kind of change is sent to a folder, a file and tests that are there, and to a list that is in its file."""

from __future__ import annotations

import re

import pytest

from tests.support.documents import ROOT, rows

CHANGES = list(rows("docs/where-does-this-go.md", "## Ten kinds of change"))
_PATH = re.compile(r"`((?:\w+/)+(?:\w+\.\w+)?)`")
_LISTED = re.compile(r"`(\w+)(?:\(\))?` (there|in `([\w/]+\.py)`)")


def test_ten_kinds_of_change_have_a_line_each() -> None:
    assert len(CHANGES) == 10
    assert len({change for change, *_ in CHANGES}) == 10


@pytest.mark.parametrize("cells", CHANGES, ids=lambda cells: cells[0])
def test_one_folder_one_file_in_it_and_one_folder_of_tests(cells: list[str]) -> None:
    _, folder, first, _, tests = cells
    (where,), (file,), (tested,) = (_PATH.findall(cell) for cell in (folder, first, tests))
    assert (ROOT / where).is_dir()
    assert (ROOT / file).is_file()
    assert file.startswith(where)
    assert tested == f"tests/{where}"
    assert list((ROOT / tested).glob("test_*.py"))


@pytest.mark.parametrize("cells", CHANGES, ids=lambda cells: cells[0])
def test_what_lists_a_kind_of_change_is_where_the_line_says(cells: list[str]) -> None:
    (first,) = _PATH.findall(cells[2])
    assert not [path for path in _PATH.findall(cells[3]) if not (ROOT / path).exists()]
    for name, there, elsewhere in _LISTED.findall(cells[3]):
        code = (ROOT / (first if there == "there" else elsewhere)).read_text()
        assert re.search(rf"^(?:def |class )?{name}\b", code, re.MULTILINE), name
