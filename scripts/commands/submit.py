"""`phonefleet submit`: checks a campaign file and plants it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import Engine, func, select

from models.tables import Phone
from models.transactions.read_write import read, write
from models.values.enums import PhoneState
from models.values.refused import refuse
from scripts.connect import open_ledger, operator
from scripts.terminal.arguments import finite
from scripts.terminal.language import put
from scripts.terminal.moments import stamp
from scripts.terminal.show import Lines, say
from workers.runtime.garbage import importing
from workers.settings import settings

if TYPE_CHECKING:
    from workers.campaigns.given_campaign import GivenCampaign


def submit(
    file: Annotated[Path, typer.Argument(help="A campaign file; scripts/standard_day.yaml shows the form.")],
    asked_by: Annotated[str, typer.Option(help="Who asks for it; the ledger keeps it with every action.")] = "",
    wait: Annotated[float, typer.Option(callback=finite, min=0, help="Follow it for so many seconds.")] = 0,
    put_in: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Replaces a variable of the file.")
    ] = None,
) -> None:
    """Check a campaign file and plant it; every mistake is named, and then nothing is planted."""
    with importing():  # checking needs pydantic, and --help does not
        from workers.campaigns.build import plant_day  # noqa: PLC0415
        from workers.campaigns.given_campaign import load_campaign_file  # noqa: PLC0415

    lines = Lines()
    given = load_campaign_file(file, values_of(put_in or []))
    engine = open_ledger()
    if given.data.get("schedule") is not None:
        _keep_schedule(engine, given, lines, operator(asked_by), wait)
        return
    planted = plant_day(given, engine, asked_by=operator(asked_by))
    handle = planted.handle
    told = {"id": handle.id, "name": given.data["campaign"], "count": planted.count}
    say(lines, put("campaign {id} is planted: {name}, {count} tasks to begin with", **told))
    if not _phones_online(engine):
        say(lines, "no phone is online yet: it begins when phonefleet up serves one")
    if not wait:
        say(lines, f"follow it: phonefleet status {handle.id[:8]}")
        return
    from rich.console import Console  # noqa: PLC0415

    from scripts.terminal.following import follow_to_the_end  # noqa: PLC0415 - the live table, which few ask for

    raise typer.Exit(follow_to_the_end(handle, Console(), wait))


def _keep_schedule(engine: Engine, given: GivenCampaign, lines: Lines, who: str, wait: float) -> None:
    from scripts.commands.schedules import when  # noqa: PLC0415
    from workers.campaigns.schedules.manage import add_schedule  # noqa: PLC0415

    if wait:
        raise refuse("--wait", "a file with a schedule is planted later", "leave --wait out")
    made = write(engine, lambda session: add_schedule(session, given, who, settings().timezone))
    told = {"name": made.name, "when": when(made), "moment": stamp(made.next_due)}
    say(lines, put("{name} is planted {when}, first at {moment}; see: phonefleet schedules list", **told))


def values_of(given: Sequence[str]) -> dict[str, str]:
    """Returns the values of `NAME=VALUE` by name. Raises Refused for another form."""
    values: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise refuse("--set", f"{one!r} names no variable and its value", "write it as --set day=周一")
        values[name.strip()] = value
    return values


def _phones_online(engine: Engine) -> int:
    wanted = select(func.count()).select_from(Phone).where(Phone.state == PhoneState.ONLINE)
    return read(engine, lambda session: session.scalar(wanted)) or 0
