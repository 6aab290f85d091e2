"""`phonefleet approvals` and `phonefleet approve`: acts on a comment that a named person must let happen first."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.arguments import sentence
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, Sheet, list_blocks, print_sheet, say, say_others
from scripts.terminal.what import find
from workers.control import approvals

LATEST = 50  # approvals shown
HEADINGS = ("approved", "task", "kind", "account", "by", "until", "state", "why")
TASK = "A task's id, or its beginning."
WHO = "Who decides; none: the user of this machine."

commands = typer.Typer(invoke_without_command=True, help="Acts on a comment that wait for a named person's approval.")


@commands.callback()
def by_default(context: typer.Context) -> None:
    """Acts on a comment that wait for a named person's approval. Without a command: list."""
    if context.invoked_subcommand is None:
        list_awaiting()


@commands.command("list")
def list_awaiting() -> None:
    """List every dislike and report that waits: the comment, the account, who asked."""
    console, engine = Console(), existing_ledger()
    waiting = approvals.awaiting(engine)
    list_blocks(console, "waiting for an approval", [_told(one) for one in waiting])
    say_others(console, len(waiting), read(engine, approvals.count_awaiting))


@commands.command("given")
def list_given() -> None:
    """List the latest approvals: who gave each, why, until when, and whether it was used."""
    rows = [_row(one) for one in approvals.given_approvals(existing_ledger(), LATEST)]
    print_sheet(Console(), Sheet("approvals", HEADINGS, rows, "none was given yet", timed=True))


@commands.command("withdraw")
def withdraw(
    task: Annotated[str, typer.Argument(help=TASK)],
    why: Annotated[str, typer.Option(callback=sentence, help="Why; it stays with the approval.")] = "",
    who: Annotated[str, typer.Option(help=WHO)] = "",
) -> None:
    """Take an approval back that no act used up yet."""
    found = _task(task)
    approvals.withdraw(open_ledger(), found, who=operator(who), why=why)
    say(Console(), f"task {found}: its approval is withdrawn")


def approve(
    task: Annotated[str, typer.Argument(help=TASK)],
    why: Annotated[str, typer.Option(callback=sentence, help="Why; it stays with the approval.")] = "",
    hours: Annotated[float, typer.Option(help="For how many hours the approval holds.")] = approvals.HOURS,
    refuse_it: Annotated[bool, typer.Option("--refuse", help="Decide against it: the task fails.")] = False,
    who: Annotated[str, typer.Option(help=WHO)] = "",
) -> None:
    """Approve one dislike or report of one comment, once, from the account that its task names; or refuse it."""
    found, engine, console = _task(task), open_ledger(), Console()
    if refuse_it:
        approvals.decide_against(engine, found, who=operator(who), why=why, ring_now=False)
        say(console, f"task {found}: refused")
        return
    until = approvals.approve(engine, found, who=operator(who), why=why, hours=hours, ring_now=False)
    say(console, f"task {found}: approved until {stamp(until)}")


def _task(named: str) -> str:
    kind, found = read(open_ledger(), lambda session: find(session, named))
    if kind != "task":
        raise refuse("task", f"{named!r} is a {kind}", "see: phonefleet approvals")
    return found


def _row(one: approvals.Given) -> list[str]:
    at, until = stamp(one.approved_at), stamp(one.expires_at)
    return [at, one.task_id[:8], one.kind, one.account, one.approved_by, until, one.state, one.why]


def _told(one: approvals.Awaiting) -> Block:
    head = f"{one.task_id[:8]}  {one.flow}  from account {one.account}, asked by {one.asked_by}, {stamp(one.since)}"
    lines = [f"video: {one.author_id} {one.title}", f"comment: {one.commenter}: {one.comment}"]
    if one.reason:
        lines.append(f"reason: {one.reason}")
    if one.sandbox:
        lines.append("in the sandbox")
    decide = f"phonefleet approve {one.task_id[:8]} --why WHY, or with --refuse"
    return Block(head, lines, decide)
