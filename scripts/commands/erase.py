"""`phonefleet erase`: erases what was collected of one person, everywhere in the ledger and in the workbooks."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from scripts.connect import open_ledger, operator
from scripts.terminal.language import said
from scripts.terminal.show import say


def erase(
    name: Annotated[str, typer.Argument(help="The person's name, exactly as the app shows it beside their comments.")],
    yes: Annotated[bool, typer.Option("--yes", help="Erase it. Without this, only count it.")] = False,
    who: Annotated[str, typer.Option(help="Who erases it; none: the user of this machine.")] = "",
) -> None:
    """Erase one person's collected data everywhere in the ledger; workbooks are deleted too.

    It cannot be undone. Backups and evidence are not searched.
    """
    from models.retention.erase import erase_person, find_person  # noqa: PLC0415 - every table that names a person

    engine = open_ledger()
    if not yes:
        say(Console(), f"would be erased: {_told(find_person(engine, name))}; nothing is changed without --yes")
        return
    done = erase_person(engine, name, operator(who))
    from gateway.exports.background import delete_finished  # noqa: PLC0415  # a look alone needs none of it
    from workers.settings import settings  # noqa: PLC0415

    workbooks = delete_finished(engine, settings().exports)
    say(Console(), f"erased: {_told(done)}; {workbooks} workbooks deleted")
    say(Console(), "not searched: backups, and evidence (deleted after PHONEFLEET_EVIDENCE_DAYS)")


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {said(kind)}" for kind, count in counts.items() if count) or said("nothing")
