"""`phonefleet stop`: ends a campaign, a single task or a phone's work, in any state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger, operator
from scripts.terminal.arguments import sentence
from scripts.terminal.language import said, word
from scripts.terminal.show import say
from scripts.terminal.what import HELP, find
from workers.control.stop import StopReport, stop_campaign, stop_phone, stop_task

STOPS: dict[str, Callable[..., StopReport]] = {"campaign": stop_campaign, "task": stop_task, "phone": stop_phone}


def stop(
    what: Annotated[str, typer.Argument(help=HELP)],
    why: Annotated[str, typer.Option(callback=sentence, help="The reason, kept with every task that is stopped.")] = "",
    who: Annotated[str, typer.Option(help="Who stops it; none: the user of this machine.")] = "",
) -> None:
    """Stop a campaign, a task, or the tasks that run on a phone or are pinned to it.

    A task that has not begun ends at once; a running task leaves its phone first.
    """
    engine = existing_ledger()
    kind, found = read(engine, lambda session: find(session, what))
    report = STOPS[kind](engine, found, who=operator(who), why=why)
    if report == StopReport(0, 0, 0):
        raise refuse("what", f"{kind} {found} has nothing that runs or waits", f"see: phonefleet status {found}")
    say(Console(), f"{word('noun', kind)} {found}: {said(told(report))}")


def told(report: StopReport) -> str:
    """Returns in words what the stop did."""
    parts = [f"{report.stopped} ended at once"]
    if report.leaving:
        parts.append(f"{report.leaving} running, asked to leave their phones")
    if report.in_review:
        parts.append(f"{report.in_review} in doubt, left for a person to settle")
    return ", ".join(parts)
