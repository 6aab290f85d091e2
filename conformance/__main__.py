"""`python -m conformance`: the suites over targets that CI does not have. Writes the table of docs/conformance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from conformance.debian import NotPossible, debian
from conformance.suites import Outcome, Suite, database_suites, run, transport_suites

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 when every suite passed over every target."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that run tests")
    parser.add_argument("--only", default="", help="suites or targets whose names hold this word")
    asked = parser.parse_args(arguments)
    try:
        debian()
    except NotPossible as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    outcomes = []
    for suite in suites():
        if asked.only.lower() in f"{suite.name} {suite.target}".lower():
            print(f"== {suite.name} over {suite.target}", flush=True)
            outcomes.append(run(suite, asked.jobs))
    today = datetime.now(UTC).date()
    print(table_of(outcomes, today))
    for outcome in outcomes:
        for name in outcome.failed:
            print(f"failed over {outcome.suite.target}: {name}")
    write(outcomes, PAGE, today)
    return 0 if outcomes and all(outcome.right for outcome in outcomes) else 1


def suites() -> list[Suite]:
    """All of them, in the order of the table."""
    return [*transport_suites(), *database_suites()]


def table_of(outcomes: Sequence[Outcome], day: date) -> str:
    """A row a suite and target."""
    return _table({_key(one): _row(one, day) for one in outcomes})


def write(outcomes: Sequence[Outcome], page: Path, day: date) -> None:
    """Put the rows in their place on the page; those of suites that did not run now stay as they are."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    rows: dict[tuple[str, ...], str] = {}
    for row in table.splitlines()[2:]:
        rows[tuple(cell.strip() for cell in row.strip("| ").split("|")[:2])] = row
    rows |= {_key(one): _row(one, day) for one in outcomes}
    page.write_text(f"{before}{BEGIN}{_table(rows)}{END}{after}", encoding="utf-8")


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
