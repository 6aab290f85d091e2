"""`phonefleet review`: what a person must settle, and how it was settled."""

from __future__ import annotations

from typing import Annotated, cast

import typer
from rich.console import Console

from models.engine import read
from models.refused import refuse
from scripts.ground import open_ledger, operator
from scripts.show import Sheet, print_sheet, say
from scripts.what import find
from workers.review import Verdict, in_review, settle

VERDICTS = ("happened", "not", "give-up")


def review(
    task: Annotated[str, typer.Argument(help="A task's id, or its beginning; none: list what waits.")] = "",
    verdict: Annotated[str, typer.Argument(help=f"What you saw on the app: {', '.join(VERDICTS)}.")] = "",
    who: Annotated[str, typer.Option(help="Who looked; none: the user of this machine.")] = "",
) -> None:
    """List the tasks whose action nobody could tell about, or settle one after a look at the app."""
    console = Console()
    engine = open_ledger()
    if not task:
        headings = ("task", "flow", "account", "phone", "in doubt", "why", "evidence")
        rows = [
            [one.task_id[:8], one.flow, one.account, one.phone, "; ".join(one.actions), one.reason, one.evidence]
            for one in in_review(engine)
        ]
        print_sheet(console, Sheet("waiting for a person", headings, rows))
        return
    if verdict not in VERDICTS:
        raise refuse("verdict", f"{verdict!r} is none", f"use one of {', '.join(VERDICTS)}")
    kind, found = read(engine, lambda session: find(session, task))
    if kind != "task":
        raise refuse("task", f"{task!r} is a {kind}", "see: phonefleet review")
    state = settle(engine, found, cast("Verdict", verdict), who=operator(who), ring_now=False)
    say(console, f"task {found}: {state}")
