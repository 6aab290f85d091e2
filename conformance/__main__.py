"""`python -m conformance`: the suites over targets that CI does not have. Writes the table of docs/conformance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from conformance.debian import NotPossible
from conformance.left_out import rows
from conformance.suites import Outcome, Suite, database_suites, ready, run, transport_suites, upstream_suites
from conformance.upstream import UPSTREAM
from tests.support.arguments import at_least

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"
LEFT_OUT, END_LEFT_OUT = "<!-- left out -->\n", "<!-- end of left out -->\n"


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 when every suite passed over every target, 1 when one did not, 2 when one could not run."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--jobs", type=at_least(1), default=2, help="processes that run tests")
    parser.add_argument("--only", default="", help="suites or targets whose names hold this word")
    parser.add_argument("--left-out", action="store_true", help="write the page's table of tests left out, and end")
    asked = parser.parse_args(arguments)
    write_left_out(PAGE)
    if asked.left_out:
        return 0
    chosen = [suite for suite in suites() if asked.only.lower() in f"{suite.name} {suite.target}".lower()]
    possible = _possible(chosen)
    outcomes = []
    for suite in possible:
        print(f"== {suite.name} over {suite.target}", flush=True)
        outcomes.append(run(suite, asked.jobs))
    today = datetime.now(UTC).date()
    print(table_of(outcomes, today))
    for outcome in outcomes:
        for name in outcome.failed:
            print(f"failed over {outcome.suite.target}: {name}")
    write(outcomes, PAGE, today)
    if len(possible) < len(chosen):
        print(f"conformance: {len(chosen) - len(possible)} of {len(chosen)} suites could not run", file=sys.stderr)
        return 2
    return 0 if outcomes and all(outcome.right for outcome in outcomes) else 1


def _possible(chosen: Sequence[Suite]) -> list[Suite]:
    """The suites that can run here; what each other one needs is said before any runs."""
    possible = []
    for suite in chosen:
        try:
            ready(suite)
        except NotPossible as error:
            print(f"conformance: {suite.name} over {suite.target} cannot run: {error}", file=sys.stderr)
        else:
            possible.append(suite)
    return possible


def suites() -> list[Suite]:
    """All of them, in the order of the table."""
    return [*transport_suites(), *upstream_suites(), *database_suites()]


def table_of(outcomes: Sequence[Outcome], day: date) -> str:
    """A row a suite and target."""
    return _table({_key(one): _row(one, day) for one in outcomes})


def write(outcomes: Sequence[Outcome], page: Path, day: date) -> None:
    """Put the rows in their place on the page; those of suites that did not run now stay as they are."""
    before, table, after = _parts(page, BEGIN, END)
    shown: dict[tuple[str, ...], str] = {}
    for row in table.splitlines()[2:]:
        shown[tuple(cell.strip() for cell in row.strip("| ").split("|")[:2])] = row
    shown |= {_key(one): _row(one, day) for one in outcomes}
    page.write_text(f"{before}{BEGIN}{_table(shown)}{END}{after}", encoding="utf-8")


def write_left_out(page: Path) -> None:
    """Put the tests that are left out in their place on the page."""
    before, _, after = _parts(page, LEFT_OUT, END_LEFT_OUT)
    page.write_text(f"{before}{LEFT_OUT}{left_out_table()}{END_LEFT_OUT}{after}", encoding="utf-8")


def left_out_table() -> str:
    """What tests of adbutils and uiautomator2 need that are left out."""
    listed = [row for library in UPSTREAM for row in rows(library.name, library.left_out)]
    return "\n".join(["| suite | needs | tests |", "|---|---|---|", *listed]) + "\n"


def _parts(page: Path, begin: str, end: str) -> tuple[str, str, str]:
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    inside, _, after = rest.partition(end)
    return before, inside, after


def _key(outcome: Outcome) -> tuple[str, ...]:
    return outcome.suite.name, outcome.suite.target


def _row(outcome: Outcome, day: date) -> str:
    return f"| {outcome.suite.name} | {outcome.suite.target} | {outcome.passed} | {len(outcome.failed)} | {day} |"


def _table(rows: Mapping[tuple[str, ...], str]) -> str:
    order = {(suite.name, suite.target): place for place, suite in enumerate(suites())}
    listed = [rows[key] for key in sorted(rows, key=lambda key: order.get((key[0], key[1]), len(order)))]
    return "\n".join(["| suite | over | passed | failed | on |", "|---|---|---|---|---|", *listed]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
