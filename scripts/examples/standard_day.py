"""Plants the standard day 标准日 from a campaign file, for some accounts only if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from phonefleet import (
    CampaignFile,
    follow_to_the_end,
    in_words,
    join_fleet,
    operator,
    read_campaign_file,
    submit_day,
)

STANDARD_DAY = Path(__file__).parents[1] / "standard_day.yaml"


def changed(day: CampaignFile, accounts: list[str]) -> CampaignFile:
    """Returns the day for these accounts only, checked again; without accounts, the day as the file has it."""
    return CampaignFile.model_validate({**day.model_dump(), "accounts": accounts}) if accounts else day


def main(
    file: Annotated[Path, typer.Argument(help="A campaign file.")] = STANDARD_DAY,
    account: Annotated[list[str] | None, typer.Option(help="Only this account; may be given again.")] = None,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to follow it.")] = 3600,
) -> None:
    """Plant a campaign file and follow it. Ends with 0 when all was done."""
    ledger = join_fleet()
    handle = submit_day(changed(read_campaign_file(file), account or []), asked_by=operator(), engine=ledger)
    raise typer.Exit(follow_to_the_end(handle, Console(), wait))


if __name__ == "__main__":
    with in_words():
        typer.run(main)
