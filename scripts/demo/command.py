"""`phonefleet demo`: runs the standard day on simulated phones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scripts.demo.folder import check_may_be_emptied
from scripts.terminal.arguments import finite

Var = Annotated[Path, typer.Option(help="Where its ledger, its logs and its report go; emptied before.")]


def demo(
    phones: Annotated[int, typer.Option(min=1, max=64, help="Simulated phones, with an account each.")] = 8,
    speed: Annotated[
        float, typer.Option(callback=finite, min=0, help="1: like real phones, 10: ten times faster, 0: no delays.")
    ] = 10,
    timeout: Annotated[float, typer.Option(callback=finite, min=1, help="Seconds that the day may take.")] = 280,
    var: Var = Path("var/demo"),
    rough: Annotated[bool, typer.Option("--rough", help="On phones as rough as real ones.")] = False,
) -> None:
    """Run the operator's standard day on simulated phones, and judge the ledger by what really happened."""
    from scripts.demo.run import run_demo  # noqa: PLC0415 - a second of imports, which help does without

    check_may_be_emptied(var)
    raise typer.Exit(run_demo(var, phones, speed, timeout, Console(), rough=rough))
