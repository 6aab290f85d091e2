"""`phonefleet schedules`: lists the campaign files that are planted again and again, shows one, and stops one."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from models.tables import CampaignSchedule, ScheduledCampaign
from models.transactions.read_write import read, write
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.language import put
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, Sheet, list_blocks, print_sheet, say
from workers.campaigns.schedules.manage import latest_of, list_schedules, schedule_named, stop_schedule

commands = typer.Typer(no_args_is_help=True, help="Campaign files that are planted again and again.")

Named = Annotated[str, typer.Argument(help="The schedule's name or id.")]
Who = Annotated[str, typer.Option(help="Who does it; kept in the ledger. None: the user of this machine.")]


@commands.command("list")
def list_them() -> None:
    """List the schedules in force with their next due time."""
    found = read(existing_ledger(), list_schedules)
    list_blocks(
        Console(), "schedules", [_shown(one) for one in found], "add a schedule to a campaign file, and submit it"
    )


@commands.command("show")
def show(name: Named) -> None:
    """Show one schedule with the latest due times that came, and their campaigns."""
    engine = open_ledger()
    found = read(engine, lambda session: schedule_named(session, name))
    list_blocks(Console(), "schedules", [_shown(found)])
    rows = [_came(one) for one in read(engine, lambda session: latest_of(session, found.id))]
    print_sheet(
        Console(), Sheet("due times", ("due", "outcome", "missed", "campaign", "reason"), rows, "none yet", timed=True)
    )


@commands.command("stop")
def stop(name: Named, who: Who = "") -> None:
    """Stop a schedule: it plants nothing more. A campaign that was planted goes on."""
    found = write(open_ledger(), lambda session: stop_schedule(session, name, operator(who)))
    say(Console(), f"schedule {found.name} is stopped")


def when(schedule: CampaignSchedule) -> str:
    """Returns when a schedule is due, in words."""
    if schedule.every:
        return put("every {minutes} minutes", minutes=schedule.every)
    return put("at {cron}", cron=schedule.cron)


def _shown(schedule: CampaignSchedule) -> Block:
    lines = [f"{when(schedule)}; {put('next at {moment}', moment=stamp(schedule.next_due))}"]
    if schedule.refused:
        told = "{count} due times in a row were refused: phonefleet schedules show {name}"
        lines.append(put(told, count=schedule.refused, name=schedule.name))
    return Block(schedule.name, lines)


def _came(one: ScheduledCampaign) -> tuple[str, ...]:
    return stamp(one.due), one.outcome, str(one.missed), (one.campaign_id or "")[:8], one.reason or ""
