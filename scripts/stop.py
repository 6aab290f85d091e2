"""`phonefleet stop`: end a campaign or a single task, wherever it stands."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.engine import read
from models.refused import refuse
from models.tables import Campaign, Task
from scripts.ground import open_ledger, operator
from scripts.show import say
from workers.stop import StopReport, stop_campaign, stop_task


def stop(
    what: Annotated[str, typer.Argument(help="A campaign's or a task's id, or its beginning.")],
    why: Annotated[str, typer.Option(help="The reason, kept with every task that is stopped.")] = "",
    who: Annotated[str, typer.Option(help="Who stops it; none: the user of this machine.")] = "",
) -> None:
    """Stop a campaign or a task: what has not begun ends at once, what runs leaves its phone."""
    console = Console()
    engine = open_ledger()
    kind, found = read(engine, lambda session: find(session, what))
    ending = stop_campaign if kind == "campaign" else stop_task
    report = ending(engine, found, who=operator(who), why=why)
    say(console, f"{kind} {found}: {told(report)}")


def find(session: Session, beginning: str) -> tuple[str, str]:
    """Whether it is a campaign or a task, and its whole id. Raises Refused."""
    wanted = beginning.strip()
    for kind, table in (("campaign", Campaign), ("task", Task)):
        ids = session.scalars(select(table.id).where(table.id.startswith(wanted, autoescape=True)).limit(2)).all()
        if wanted and len(ids) == 1:
            return kind, ids[0]
        if len(ids) > 1:
            raise refuse("id", f"{beginning!r} begins more than one {kind}'s id", "give more of it")
    raise refuse("id", f"{beginning!r} begins no campaign's id and no task's", "see: phonefleet status")


def told(report: StopReport) -> str:
    """What was done, in words."""
    parts = [f"{report.stopped} ended at once"]
    if report.leaving:
        parts.append(f"{report.leaving} running, asked to leave their phones")
    if report.in_review:
        parts.append(f"{report.in_review} in doubt, left for a person to settle")
    return ", ".join(parts)
