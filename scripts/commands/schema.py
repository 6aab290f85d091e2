"""`phonefleet schema`: the JSON Schema by which an editor completes a campaign file and marks its mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.values.refused import refuse
from scripts.terminal.show import say


def schema(
    what: Annotated[str, typer.Argument(help="campaign, or the name of a flow: its parameters.")] = "campaign",
    out: Annotated[Path | None, typer.Option(help="The file to write; none: print it.")] = None,
) -> None:
    """Print the JSON Schema of a campaign file or of a flow's parameters, for editors."""
    from workers.campaigns.campaign_schema import schema_of  # noqa: PLC0415 - pydantic, which --help does without

    text = json.dumps(schema_of(what), ensure_ascii=False, indent=2)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise refuse("out", f"{out} cannot be written: {error.strerror}", "name a file in a folder of yours") from error
    say(Console(), f"{out} is written")
