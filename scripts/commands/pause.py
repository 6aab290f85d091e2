"""`phonefleet pause`, `resume` and `release`: pauses a campaign, a task or a phone, resumes it, ends a quarantine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from models.database.clock import database_now
from models.history.audit_log import for_reason
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import open_ledger, operator
from scripts.terminal.arguments import sentence
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import named
from scripts.terminal.show import say
from scripts.terminal.what import HELP, Kind, find
from workers.control.pause import PauseReport, pause_campaign, pause_task, resume_campaign, resume_task
from workers.control.phone_pause import pause_phone, release_phone, resume_phone
from workers.settings.moments import read_end

PAUSES: dict[str, Callable[..., PauseReport]] = {"campaign": pause_campaign, "task": pause_task, "phone": pause_phone}
RESUMES: dict[str, Callable[..., int]] = {"campaign": resume_campaign, "task": resume_task, "phone": resume_phone}

NOT_NOW = {"ring_now": False}  # the coordinator rings the tickets

What = Annotated[str, typer.Argument(help=HELP)]


def pause(
    what: What,
    why: Annotated[
        str, typer.Option(callback=sentence, help="The reason, shown with everything that waits for it.")
    ] = "",
    lasting: Annotated[str, typer.Option("--for", help="It goes on by itself after this: 30m, 2h or 1d.")] = "",
    until: Annotated[str, typer.Option(help="It goes on by itself at this time, like 2027-01-31T08:00.")] = "",
    drain: Annotated[bool, typer.Option("--drain", help="A phone finishes its running task first.")] = False,
    who: Annotated[str, typer.Option(help="Who pauses it; none: the user of this machine.")] = "",
) -> None:
    """Pause a campaign, a task or a phone until it is resumed, or until a time.

    A task that has not begun is held; a running task leaves its phone first. A paused phone's work goes to others.
    """
    engine = open_ledger()
    (kind, found), now = read(engine, lambda session: (find(session, what), database_now(session)))
    end = read_end(now, ("--for", lasting), ("--until", until))
    if drain and kind != "phone":
        raise refuse("--drain", f"{what!r} is a {kind}", "drain a phone; pause a campaign or a task")
    of_phone = {**NOT_NOW, "drain": drain} if kind == "phone" else {}
    report = PAUSES[kind](engine, found, who=operator(who), why=why, until=end, anew=False, **of_phone)
    goes_on = f"to go on: phonefleet resume {found}" if end is None else f"it goes on by itself at {named(end)}"
    done = said(told(kind, report, drain=drain))
    line = put(
        "{noun} {id} is paused: {told}; {hint}", noun=word("noun", kind), id=found, told=done, hint=said(goes_on)
    )
    say(Console(), line)


def resume(
    what: What,
    who: Annotated[str, typer.Option(help="Who lets it go on; none: the user of this machine.")] = "",
) -> None:
    """Resume a paused campaign, task or phone."""
    engine = open_ledger()
    kind, found = read(engine, lambda session: find(session, what))
    count = RESUMES[kind](engine, found, who=operator(who), ring_now=False)
    told = "works again" if kind == "phone" else f"goes on: {count} ready to run"
    say(Console(), f"{word('noun', kind)} {found} {said(told)}")


def release(
    serial: Annotated[str, typer.Argument(help="The phone's serial.")],
    why: Annotated[str, typer.Option(callback=sentence, help="What you found, for the list of changes.")] = "",
    who: Annotated[str, typer.Option(help="Who releases it; none: the user of this machine.")] = "",
) -> None:
    """End a phone's quarantine before its time, after a look at it."""
    engine = open_ledger()
    with for_reason(why):
        release_phone(engine, serial, who=operator(who))
    say(Console(), f"phone {serial} works again")


def told(kind: Kind, report: PauseReport, *, drain: bool = False) -> str:
    """Returns in words what the pause did."""
    parts = ["it takes no more work"] if kind == "phone" else [f"{report.held} held"]
    if report.leaving and drain:
        parts.append("its running task finishes first")
    elif report.leaving:
        parts.append(f"{report.leaving} running, asked to leave their phones")
    if report.looked_for:
        parts.append(f"{report.looked_for} in doubt, looked for on the app first")
    if report.in_review:
        parts.append(f"{report.in_review} in doubt, left for a person to settle")
    return ", ".join(parts)
