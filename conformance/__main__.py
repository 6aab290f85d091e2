"""`python -m conformance`: the suites over targets that CI does not have. Writes the table of docs/conformance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.debian import NotPossible, debian
from conformance.suites import Outcome, Suite, database_suites, run, transport_suites

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 when every suite passed over every target."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that run tests")
    parser.add_argument("--only", default="", help="suites or targets whose names hold this word; writes no table")
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
    table = table_of(outcomes)
    print(table)
    for outcome in outcomes:
        for name in outcome.failed:
            print(f"failed over {outcome.suite.target}: {name}")
    if not asked.only:
        write(table, PAGE)
    return 0 if outcomes and all(outcome.right for outcome in outcomes) else 1


def suites() -> list[Suite]:
    """All of them, in the order of the table."""
    return [*transport_suites(), *database_suites()]


def table_of(outcomes: Sequence[Outcome]) -> str:
    """A row a suite and target."""
    rows = [f"| {one.suite.name} | {one.suite.target} | {one.passed} | {len(one.failed)} |" for one in outcomes]
    return "\n".join(["| suite | over | passed | failed |", "|---|---|---|---|", *rows]) + "\n"


def write(table: str, page: Path) -> None:
    """Put the table in its place on the page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
