"""`phonefleet holds`: tasks that are held because several phones failed alike, and letting them go."""

from __future__ import annotations

import typer
from rich.console import Console

from models.engine import read
from scripts.ground import open_ledger, operator
from scripts.show import Sheet, print_sheet, say
from workers.holds import holds_in_force, release_hold
from workers.settings import settings

commands = typer.Typer(invoke_without_command=True, help="Tasks held because several phones failed alike.")


@commands.callback()
def by_default(context: typer.Context) -> None:
    """Tasks held because several phones failed alike. Without a command: list."""
    if context.invoked_subcommand is None:
        list_holds()


@commands.command("list")
def list_holds() -> None:
    """Every hold in force: what it lies on, since when, how many tasks wait under it, what to do."""
    headings = ("hold", "since", "tasks", "reason", "remedy")
    rows = [
        [
            str(hold.id),
            f"{hold.since.astimezone(settings().timezone):%Y-%m-%d %H:%M}",
            str(count),
            hold.reason,
            f"{hold.remedy}; then: phonefleet holds release {hold.id}",
        ]
        for hold, count in read(open_ledger(), holds_in_force)
    ]
    print_sheet(Console(), Sheet("holds", headings, rows))


@commands.command("release")
def release(hold: int) -> None:
    """What was blamed is mended, or was not to blame: the tasks under a hold go on."""
    ready = release_hold(open_ledger(), hold, who=operator())
    say(Console(), f"hold {hold} is released: {ready} tasks are ready now")
