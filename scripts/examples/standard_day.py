"""The standard day 标准日 from a campaign file, with some of its numbers changed by a script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scripts.connect import join_fleet, operator
from scripts.terminal.following import follow_to_the_end
from scripts.terminal.words import in_words
from workers.campaigns.build import submit_day
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.given_campaign import read_campaign_file

STANDARD_DAY = Path(__file__).parents[1] / "standard_day.yaml"


def changed(day: CampaignFile, accounts: list[str]) -> CampaignFile:
    """The same day for these accounts only, checked anew; none: as the file says."""
    return CampaignFile.model_validate({**day.model_dump(), "accounts": accounts}) if accounts else day


def main(
    file: Annotated[Path, typer.Argument(help="A campaign file.")] = STANDARD_DAY,
    account: Annotated[list[str] | None, typer.Option(help="Only this account; may be given again.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to follow it.")] = 3600,
) -> None:
    """Plant a campaign file and follow it. Ends with 0 when all was done."""
    ledger = join_fleet()
    handle = submit_day(changed(read_campaign_file(file), account or []), asked_by=operator(), engine=ledger)
    raise typer.Exit(follow_to_the_end(handle, Console(), wait))


if __name__ == "__main__":
    with in_words():
        typer.run(main)
