"""`phonefleet status`: shows a campaign's progress and problems, or the details of a task, a phone, …"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Campaign
from models.tasks.progress import read_progress
from models.transactions.read_write import read
from scripts.connect import existing_ledger
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import named, stamp
from scripts.terminal.progress_table import progress_table
from scripts.terminal.show import Block, Sheet, duration, print_blocks, print_sheet, say
from scripts.terminal.standstill import standstill
from scripts.terminal.what import ANY_HELP, EVERY, find
from workers.control.about import about
from workers.control.reason_groups import Group, Words, groups_of
from workers.control.shortfalls import asked_and_got
from workers.lifecycle.standstill import why_nothing_moves

SPOKEN = Words(put, word)
MOST_ROWS = 50
MOST_FEWER = 3


def status(
    what: Annotated[str, typer.Argument(help=f"{ANY_HELP} None: the campaign that runs, else the latest.")] = "",
    list_all: Annotated[bool, typer.Option("--list", help=f"The latest {MOST_ROWS} campaigns, newest first.")] = False,
) -> None:
    """Show a campaign's progress, its failed and waiting tasks with the reasons; or the details of any id.

    The id may be of a task, a phone, an account, an author or a delivery.
    """
    console = Console()
    engine = existing_ledger()
    read(engine, lambda session: (_list if list_all else _page(session, what))(session, console))


Page = Callable[[Session, Console], None]


def _page(session: Session, what: str) -> Page:
    """Returns the function that prints the page asked for."""
    if what.strip():
        kind, found = find(session, what, EVERY)
        if kind != "campaign":
            from scripts.commands.status_pages import PAGES  # noqa: PLC0415 - half of all tables, for these pages alone

            return lambda session, console: PAGES[kind](session, console, found)
        return lambda session, console: _campaign(session, console, found)
    running = session.scalars(
        select(Campaign.id).where(Campaign.outcome.is_(None)).order_by(Campaign.created_at.desc()).limit(1)
    ).first()
    latest = running or session.scalars(select(Campaign.id).order_by(Campaign.created_at.desc()).limit(1)).first()
    if latest is None:
        return lambda _, console: say(console, "no campaign yet; plant one: phonefleet submit FILE")
    return lambda session, console: _campaign(session, console, latest, chosen=True)


def _campaign(session: Session, console: Console, campaign_id: str, *, chosen: bool = False) -> None:
    campaign = session.get_one(Campaign, campaign_id)
    head = put("campaign {id}: {state}", id=campaign_id, state=word("state", _stands(campaign)))
    if campaign.ended_at is not None:
        head += put(", ended {moment}", moment=named(campaign.ended_at))
    say(console, head)
    planted = put("planted {moment}, asked by {who}", moment=named(campaign.created_at), who=campaign.asked_by)
    say(console, planted + _others(session, campaign, chosen))
    console.print(progress_table(read_progress(session, campaign_id), _seconds(session, campaign)))
    for one in asked_and_got(session, campaign_id):
        counted = {"noun": word("noun", one.noun), "asked": one.asked, "got": one.got}
        say(console, put("{noun}: {asked} asked for, {got} got", **counted))
        for fewer in one.fewer[:MOST_FEWER]:
            task = f"{word('flow', fewer.task.flow)} {fewer.task.id[:8]}"
            told = {"got": fewer.got, "asked": fewer.asked, "task": task, "content": about(fewer.task, put)}
            line = put("{got} of {asked}: {task} ({content})", **told)
            say(console, f"{line}; {said(fewer.why)}" if fewer.why else line, 2)
        if len(one.fewer) > MOST_FEWER:
            say(console, f"  and {len(one.fewer) - MOST_FEWER} more tasks with fewer than asked for")
    for title, found in groups_of(session, campaign, SPOKEN).items():
        _print_groups(console, title, found)
    if why := why_nothing_moves(session, campaign):
        say(console, standstill(why))


def _print_groups(console: Console, title: str, groups: Sequence[Group]) -> None:
    if not groups:
        return
    blocks = []
    for group in groups:
        more = group.count - len(group.named)
        lines = [group.why] if group.why else []
        blocks.append(Block(f"{group.count} × {group.head}", lines, group.remedy))
        blocks += [Block(f"    {line}") for line in (*group.named, *([f"and {more} more"] if more else []))]
    print_blocks(console, f"\n{said(title)}: {sum(group.count for group in groups)}", blocks)


def _others(session: Session, campaign: Campaign, chosen: bool) -> str:
    """Returns a note on the other running campaigns, if this one was chosen without being named."""
    if not chosen:
        return ""
    running = session.scalar(select(func.count()).select_from(Campaign).where(Campaign.outcome.is_(None))) or 0
    others = running - (campaign.outcome is None)
    if not others:
        return ""
    told = f"{others} more {'runs' if others == 1 else 'run'}: phonefleet status --list"
    return f"; {said(told)}"


def _seconds(session: Session, campaign: Campaign) -> float:
    return ((campaign.ended_at or database_now(session)) - campaign.created_at).total_seconds()


def _list(session: Session, console: Console) -> None:
    headings = ("campaign", "name", "asked by", "planted", "took", "outcome")
    latest = session.scalars(select(Campaign).order_by(Campaign.created_at.desc()).limit(MOST_ROWS)).all()
    rows = [
        [
            one.id[:8],
            one.name,
            one.asked_by,
            stamp(one.created_at)[:-3],
            duration(_seconds(session, one)),
            word("state", _stands(one)),
        ]
        for one in latest
    ]
    total = session.scalar(select(func.count()).select_from(Campaign)) or 0
    title = "campaigns" if total <= MOST_ROWS else f"campaigns: the latest {MOST_ROWS} of {total}"
    print_sheet(console, Sheet(title, headings, rows, "plant one: phonefleet submit FILE", 1, timed=True))


def _stands(campaign: Campaign) -> str:
    return campaign.outcome or ("paused" if campaign.paused else "runs")
