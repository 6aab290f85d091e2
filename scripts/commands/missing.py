"""`phonefleet missing`: shows what a campaign is missing and why, and plants exactly that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from sqlalchemy.orm import Session

from models.transactions.read_write import read
from scripts.connect import existing_ledger, operator
from scripts.terminal.language import put, said
from scripts.terminal.moments import named
from scripts.terminal.show import Sheet, print_sheet, say
from scripts.terminal.what import Kind, find

if TYPE_CHECKING:
    from workers.campaigns.complete import Family
    from workers.campaigns.missing import Missing, Piece

CAMPAIGNS: tuple[Kind, ...] = ("campaign",)
MOST_ROWS = 200


def missing(
    campaign: Annotated[
        str,
        typer.Argument(help="A campaign's id or its beginning, such as 3f2a91c0; the ids: phonefleet status --list."),
    ],
    plant: Annotated[
        bool, typer.Option("--plant", help="Plant what is missing, as a campaign that completes it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    who: Annotated[str, typer.Option(help="Who plants it; none: the user of this machine.")] = "",
) -> None:
    """Show what a campaign is missing and why; --plant plants exactly that."""
    engine, console = existing_ledger(), Console()
    campaign_id = read(engine, lambda session: find(session, campaign, CAMPAIGNS))[1]
    # planting needs pydantic, and --help does not
    from workers.campaigns.complete import family_of, missing_of, plant_missing  # noqa: PLC0415

    if plant:
        planted, lacking = plant_missing(engine, campaign_id, who=operator(who))
        say(console, f"campaign {planted} is planted: {_count(lacking)} tasks that were missing")
        say(console, f"follow it: phonefleet status {planted[:8]}")
        return

    def look(session: Session) -> tuple[Family, Missing]:
        family = family_of(session, campaign_id)
        return family, missing_of(session, family)

    family, lacking = read(engine, look)
    if as_json:
        print(json.dumps(as_data(family, lacking), ensure_ascii=False))
    else:
        _show(console, family, lacking)


def as_data(family: Family, lacking: Missing) -> dict[str, Any]:
    """Returns what is missing as JSON values."""
    pieces = [
        {"flow": one.flow, "what": one.what, "missing": one.count, "why": dict(one.why)} for one in lacking.pieces
    ]
    return {
        "campaign": family.first.id,
        "completed_by": [one.id for one in family.campaigns[1:]],
        "missing": pieces,
        "under_way": lacking.under_way,
        "by_hand": lacking.by_hand,
    }


def _show(console: Console, family: Family, lacking: Missing) -> None:
    from workers.campaigns.complete import next_look  # noqa: PLC0415 - as above

    first = family.first
    say(console, put("campaign {id}: {name}", id=first.id, name=first.name))
    for number, one in enumerate(family.campaigns[1:], 1):
        say(console, f"  completed by {one.id}, round {number}: {one.outcome or 'runs'}")
    rows = [_row(piece) for piece in lacking.pieces]
    headings = ("flow", "what", "missing", "why")
    print_sheet(console, Sheet("missing", headings, rows[:MOST_ROWS], when_empty="the campaign is complete"))
    if len(rows) > MOST_ROWS:
        say(console, f"and {len(rows) - MOST_ROWS} more rows: --json lists all")
    if lacking.under_way:
        say(console, f"{lacking.under_way} tasks are under way")
    if lacking.by_hand:
        say(console, f"{lacking.by_hand} tasks took results of others: submit them again by hand")
    look = next_look(family)
    if look is not None and first.complete_until is not None:
        say(console, f"it is planted by itself from {named(look)} on, until {named(first.complete_until)}")
    elif rows and not family.open:
        say(console, f"plant it: phonefleet missing {first.id[:8]} --plant")


def _row(piece: Piece) -> Sequence[str]:
    return (piece.flow, piece.what, str(piece.count), _in_words(piece.why))


def _in_words(why: Mapping[str, int]) -> str:
    return ", ".join(
        f"{count} × {said(reason)}" if count > 1 else said(reason) for reason, count in sorted(why.items())
    )


def _count(lacking: Missing) -> int:
    return sum(piece.count for piece in lacking.pieces)
