"""`phonefleet authors`: lists and changes the authors, the basis for acting on their content, and the caps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.responsible_use.authors import read_caps, register_author, set_basis, set_cap
from models.responsible_use.caps import CAP_NAMES
from models.responsible_use.operator_zone import VARIABLE, fleet_zone
from models.responsible_use.zone_change import change_zone
from models.tables import Author
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.arguments import sentence
from scripts.terminal.language import put, said, word
from scripts.terminal.show import Sheet, print_sheet, say
from workers.settings.values import timezone

commands = typer.Typer(
    invoke_without_command=True, help="Authors, the basis for acting on their content, and the caps."
)


@commands.callback()
def by_default(context: typer.Context) -> None:
    """Authors, the basis for acting on their content, and the caps. Without a command: list."""
    if context.invoked_subcommand is None:
        list_authors()


Rename = Annotated[bool, typer.Option("--rename", help="One that is known already gets this name.")]
Who = Annotated[str, typer.Option(help="Who sets it; kept in the ledger.")]


@commands.command("list")
def list_authors() -> None:
    """List every author with the basis for acting on their content."""
    headings = ("id", "name", "basis", "note", "until")
    print_sheet(
        Console(), Sheet("authors", headings, read(existing_ledger(), _rows), "add one: phonefleet authors add ID NAME")
    )


@commands.command("add")
def add(author_id: Annotated[str, typer.Argument(help="视频号ID")], name: str, rename: Rename = False) -> None:
    """Register an author without a basis: the fleet may collect their content, but not act on it."""
    for field, value in (("author id", author_id), ("name", name)):
        if not value.strip() or len(value) > 191:
            raise refuse(field, f"{value!r} has not 1 to 191 characters", "give the one that the app shows")
    before = register_author(open_ledger(), author_id, name, who=operator(), rename=rename)
    if before is not None:
        say(Console(), f"{author_id} was known as {before}, and is known as {name} now")
        return
    say(Console(), f"{author_id} is known; say why we may act on it: phonefleet authors basis {author_id} owned")


@commands.command("basis")
def basis(
    author_id: str,
    kind: Annotated[str, typer.Argument(help="owned, permitted or none")],
    note: Annotated[
        str, typer.Option(callback=sentence, help="Who gave the permission, and where that is written.")
    ] = "",
    expires: Annotated[str, typer.Option(help="The last day of the permission: 2027-01-31.")] = "",
    who: Who = "",
) -> None:
    """Set the basis for acting on an author's content. The change is recorded."""
    until = None
    if expires:
        try:
            until = date.fromisoformat(expires)
        except ValueError:
            raise refuse("expires", f"{expires!r} is no day", "write it like 2027-01-31") from None
    before, after = set_basis(open_ledger(), author_id, kind, who=operator(who), note=note, expires=until)
    if before == after:
        raise refuse("basis", f"{author_id}: {_basis_told(after)}; it is so already", "nothing is to be done")
    told = {"name": author_id, "value": _basis_told(after), "before": _basis_told(before)}
    say(Console(), put("{name}: {value}; before: {before}", **told))


@commands.command("caps")
def caps(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(CAP_NAMES)}; none: show all.")] = "",
    value: Annotated[int | None, typer.Argument(help="The new value.")] = None,
    who: Who = "",
) -> None:
    """Show the caps, or change one. The change is recorded."""
    engine = open_ledger()
    if name:
        if value is None:
            raise refuse("value", "is missing", f"phonefleet authors caps {name} NUMBER")
        before = set_cap(engine, name, value, who=operator(who))
        if before == value:
            raise refuse("value", f"{name} is {value} already", "nothing is to be done")
        say(Console(), put("{name}: {value}; before: {before}", name=name, value=value, before=before))
    now = read(engine, read_caps)
    print_sheet(Console(), Sheet("caps", ("cap", "value"), [[one, str(getattr(now, one))] for one in CAP_NAMES]))


@commands.command("zone")
def zone(
    name: Annotated[str, typer.Argument(help="A name of the IANA list, as Asia/Shanghai; none: show it.")] = "",
    who: Who = "",
) -> None:
    """Show the fleet's time zone, by whose days the caps count, or change it. The change is recorded."""
    engine = open_ledger(any_zone=True)
    before = read(engine, fleet_zone)
    if not name:
        say(Console(), before or f"none yet: the first process of the fleet records its {VARIABLE}")
        return
    try:
        timezone(name)
    except ValueError as error:
        raise refuse("zone", str(error), "take a name of the IANA list, as Asia/Shanghai") from None
    if before == name:
        raise refuse("zone", f"the fleet's is {name} already", "nothing is to be done")
    change_zone(engine, name, who=operator(who))
    say(
        Console(),
        f"{name}; before: {before or said('none')}; set {VARIABLE}={name} on every machine, and restart its parts",
    )


def _basis_told(record: Mapping[str, str | None]) -> str:
    basis = word("basis", record["basis"])
    if record["expires"]:
        basis = put("{basis} until {day}", basis=basis, day=record["expires"])
    return basis + (f" ({record['note']})" if record["note"] else "")


def _rows(session: Session) -> list[list[str]]:
    return [
        [one.id, one.name, one.basis, one.basis_note or "", one.basis_expires.isoformat() if one.basis_expires else ""]
        for one in session.scalars(select(Author).order_by(Author.id))
    ]
