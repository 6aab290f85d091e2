"""`phonefleet pause` and `phonefleet resume`: pauses a campaign, a task or a phone, and resumes it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from models.transactions.read_write import read
from scripts.connect import open_ledger, operator
from scripts.terminal.show import say
from scripts.terminal.what import HELP, Kind, find
from workers.control.pause import (
    PauseReport,
    pause_campaign,
    pause_phone,
    pause_task,
    resume_campaign,
    resume_phone,
    resume_task,
)

PAUSES = {"campaign": pause_campaign, "task": pause_task, "phone": pause_phone}
RESUMES = {"campaign": resume_campaign, "task": resume_task, "phone": resume_phone}

NOT_NOW = {"ring_now": False}  # the coordinator rings the tickets

What = Annotated[str, typer.Argument(help=HELP)]


def pause(
    what: What,
    why: Annotated[str, typer.Option(help="The reason, shown with everything that waits for it.")] = "",
    who: Annotated[str, typer.Option(help="Who pauses it; none: the user of this machine.")] = "",
) -> None:
    """Pause a campaign, a task or a phone until it is resumed.

    A task that has not begun is held; a running task leaves its phone first. A paused phone's work goes to others.
    """
    engine = open_ledger()
    kind, found = read(engine, lambda session: find(session, what))
    report = PAUSES[kind](engine, found, who=operator(who), why=why, **(NOT_NOW if kind == "phone" else {}), anew=False)
    say(Console(), f"{kind} {found} is paused: {told(kind, report)}; to go on: phonefleet resume {found}")


def resume(
    what: What,
    who: Annotated[str, typer.Option(help="Who lets it go on; none: the user of this machine.")] = "",
) -> None:
    """Resume a paused campaign, task or phone."""
    engine = open_ledger()
    kind, found = read(engine, lambda session: find(session, what))
    count = RESUMES[kind](engine, found, who=operator(who), ring_now=False)
    told = "works again" if kind == "phone" else f"goes on: {count} ready to run"
    say(Console(), f"{kind} {found} {told}")


def told(kind: Kind, report: PauseReport) -> str:
    """Returns in words what the pause did."""
    parts = ["it takes no more work"] if kind == "phone" else [f"{report.held} held"]
    if report.leaving:
        parts.append(f"{report.leaving} running, asked to leave their phones")
    if report.looked_for:
        parts.append(f"{report.looked_for} in doubt, looked for on the app first")
    if report.in_review:
        parts.append(f"{report.in_review} in doubt, left for a person to settle")
    return ", ".join(parts)
