"""`phonefleet submit`: checks a campaign file and plants it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine, func, select

from models.tables import Phone
from models.transactions.read_write import read
from models.values.enums import PhoneState
from scripts.connect import open_ledger, operator
from scripts.terminal.following import follow_to_the_end
from scripts.terminal.show import say
from workers.campaigns.build import plant_day
from workers.campaigns.given_campaign import load_campaign_file


def submit(
    file: Annotated[Path, typer.Argument(help="A campaign file; scripts/standard_day.yaml shows the form.")],
    asked_by: Annotated[str, typer.Option(help="Who asks for it; the ledger keeps it with every action.")] = "",
    wait: Annotated[float, typer.Option(min=0, help="Follow it for so many seconds.")] = 0,
) -> None:
    """Check a campaign file and plant it; every mistake is named, and then nothing is planted."""
    console = Console()
    given = load_campaign_file(file)
    engine = open_ledger()
    handle = plant_day(given, engine, asked_by=operator(asked_by)).handle
    say(
        console,
        f"campaign {handle.id} is planted: {given.data['campaign']}, {handle.progress().total} tasks to begin with",
    )
    if not _phones_online(engine):
        say(console, "no phone is online yet: it begins when phonefleet up serves one")
    if not wait:
        say(console, f"follow it: phonefleet status {handle.id[:8]}")
        return
    raise typer.Exit(follow_to_the_end(handle, console, wait))


def _phones_online(engine: Engine) -> int:
    wanted = select(func.count()).select_from(Phone).where(Phone.state == PhoneState.ONLINE)
    return read(engine, lambda session: session.scalar(wanted)) or 0
