"""`phonefleet holds`: lists the tasks that are held because several phones failed alike, and releases them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from models.tables import Hold
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, list_blocks, say
from workers.attempts.content_holds import holds_in_force, release_hold

commands = typer.Typer(invoke_without_command=True, help="Tasks held because several phones failed alike.")


@commands.callback()
def by_default(context: typer.Context) -> None:
    """Tasks held because several phones failed alike. Without a command: list."""
    if context.invoked_subcommand is None:
        list_holds()


@commands.command("list")
def list_holds() -> None:
    """List every hold in force: its content, its beginning, the number of waiting tasks, and the remedy."""
    found = read(existing_ledger(), holds_in_force)
    list_blocks(Console(), "holds", [_told(hold, count) for hold, count in found])


def _told(hold: Hold, count: int) -> Block:
    head = put(
        "hold {id}  {flow} on {content}, {count} tasks" + _whose(hold) + ", since {moment}",
        id=hold.id,
        flow=word("flow", hold.flow),
        content=hold.what,
        count=count,
        whose=hold.customer or said("the operator"),
        moment=stamp(hold.since),
    )
    return Block(head, [hold.reason], f"{hold.remedy}; then: phonefleet holds release {hold.id}")


def _whose(hold: Hold) -> str:
    """Returns the form that tells whose tasks it holds, if not those of all."""
    return (" of {whose} alone" if hold.own else "") + (" in the sandbox" if hold.sandbox else "")


@commands.command("release")
def release(hold: Annotated[str, typer.Argument(help="Its number, as the list shows it.")]) -> None:
    """Release a hold, after its cause is mended or was found harmless: its tasks continue."""
    if not hold.isascii() or not hold.isdigit() or len(hold) > 9:
        raise refuse("hold", f"{hold!r} is no hold's number", "see: phonefleet holds")
    ready = release_hold(open_ledger(), int(hold), who=operator(), ring_now=False)
    say(Console(), f"hold {hold} is released: {ready} tasks are ready now")
