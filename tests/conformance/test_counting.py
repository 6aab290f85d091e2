"""How `make conformance` counts a run, and what it says where it cannot run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from conformance import debian
from conformance.__main__ import table_of, write
from conformance.suites import Outcome, Suite, outcome_of

SUITE = Suite("ledger", "MySQL", ["tests/models"])
REPORT = """<testsuites><testsuite>
<testcase classname="a" name="one"/><testcase classname="a" name="two"><failure/></testcase>
<testcase classname="b" name="three"><error/></testcase>
<testcase classname="b" name="four"><skipped message="not stable"/></testcase></testsuite></testsuites>"""


def test_failures_errors_and_skipped_tests_are_named(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    outcome = outcome_of(SUITE, report)
    assert (outcome.passed, outcome.failed) == (1, ["a::two", "b::three", "b::four"])
    assert not outcome.right


def test_a_run_without_a_report_and_one_without_tests_are_not_right(tmp_path: Path) -> None:
    assert not outcome_of(SUITE, tmp_path / "absent").right
    assert not Outcome(SUITE, 0, []).right
    assert Outcome(SUITE, 1, []).right


def test_a_row_is_of_the_last_run_of_its_suite(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table -->\n<!-- end of table -->\nafter\n")
    adbd = Outcome(Suite("transport", "adbd", ["tests/transport"]), 43, [])
    write([Outcome(SUITE, 345, ["one"]), adbd], page, date(2026, 1, 1))
    write([Outcome(SUITE, 346, [])], page, date(2026, 1, 2))
    text = page.read_text()
    assert text == (
        "before\n<!-- table -->\n| suite | over | passed | failed | on |\n|---|---|---|---|---|\n"
        "| transport | adbd | 43 | 0 | 2026-01-01 |\n| ledger | MySQL | 346 | 0 | 2026-01-02 |\n"
        "<!-- end of table -->\nafter\n"
    )
    assert "| ledger | MySQL | 346 | 0 | 2026-01-02 |" in table_of([Outcome(SUITE, 346, [])], date(2026, 1, 2))


def test_without_root_it_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(debian.NotPossible, match="only root can make it: run make conformance once as root"):
        debian.debian(tmp_path / "debian")


def test_without_debootstrap_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(debian.NotPossible, match="apt-get install debootstrap"):
        debian.debian(tmp_path / "debian")
    assert not (tmp_path / "debian").exists()
