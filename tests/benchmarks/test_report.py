"""The end of every benchmark: its table, its file, its last line, its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import report
from tests.support.report import Line, Target, finish


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A results folder of the test's own."""
    folder = tmp_path / "benchmarks" / "results"
    folder.parent.mkdir()
    monkeypatch.setattr(report, "RESULTS", folder)
    return folder


@pytest.mark.parametrize(
    ("targets", "status", "last"),
    [
        ([Target("cost", 0.05, 0.1)], 0, "all targets hold: cost"),
        ([Target("cost", 0.2, 0.1), Target("got", 50, 50, at_least=True)], 1, "targets missed: cost; held: got"),
        ([Target("cost", float("nan"), 0.1)], 1, "targets missed: cost; held: none"),
        ([Target("got", 49, 50, at_least=True)], 1, "targets missed: got; held: none"),
    ],
)
def test_the_last_line_and_the_status_say_which_targets_hold(
    targets: list[Target], status: int, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finish("x", "title", ["ours"], [Line("dump", (1.5,))], {}, targets) == status
    assert capsys.readouterr().out.strip().splitlines()[-1] == last


def test_a_table_that_goes_to_a_file_is_not_cut_to_a_terminals_width(capsys: pytest.CaptureFixture[str]) -> None:
    headings = [f"heading number {place}" for place in range(12)]
    finish("x", "title", headings, [Line("a line", (*range(12),))], {}, [])
    out = capsys.readouterr().out
    assert all(heading in out for heading in headings)
    assert max(map(len, out.splitlines())) > 12 * len(headings[0])


def test_the_file_holds_what_was_measured(results: Path) -> None:
    finish("x", "title", ["ours"], [Line("dump", (1.5,))], {"ms": 1.5}, [Target("cost", 0.05, 0.1)])
    data = json.loads((results / "x.json").read_text(encoding="utf-8"))
    assert data["measured"] == {"ms": 1.5}
    assert data["targets"] == [{"name": "cost", "value": 0.05, "limit": 0.1, "ok": True}]
