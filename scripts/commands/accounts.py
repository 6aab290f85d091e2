"""`phonefleet accounts`: lists the fleet's accounts with their phones and rests, and changes them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.accounts import known_accounts, register_account, rest_is_over, set_live
from models.responsible_use.caps import operator_day
from models.responsible_use.usage import actions_by_account
from models.tables import Account, Phone
from models.transactions.read_write import read
from models.values.enums import PhoneState
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.language import said, word
from scripts.terminal.show import Sheet, print_sheet, say
from workers.settings import settings

commands = typer.Typer(
    invoke_without_command=True, help="The fleet's accounts. A phone registers the account that is logged in on it."
)


Rename = Annotated[bool, typer.Option("--rename", help="One that is known already gets this name.")]


@commands.callback()
def by_default(context: typer.Context) -> None:
    """The fleet's accounts. A phone registers the account that is logged in on it. Without a command: list."""
    if context.invoked_subcommand is None:
        list_accounts()


@commands.command("list")
def list_accounts() -> None:
    """List every account with its phone, its actions today, and its rest with the reason."""
    headings = ("id", "name", "phone", "live", "actions today", "rests")
    when_empty = "a phone that is served shows its own, or: phonefleet accounts add ID NAME"
    console = Console()
    rows, simulated = read(existing_ledger(), _rows)
    print_sheet(console, Sheet("accounts", headings, rows, when_empty))
    if simulated:
        say(console, f"{simulated} of them are on simulated phones: their actions are those in the sandbox")


@commands.command("add")
def add(account_id: str, name: str, rename: Rename = False) -> None:
    """Register an account before a phone shows it, so that the list shows when it is on no phone."""
    before = register_account(open_ledger(), account_id, name, who=operator(), rename=rename)
    if before not in (None, name):
        say(Console(), f"{account_id} was known as {before}, and is known as {name} now")
    else:
        say(Console(), f"{account_id} is known as {name}")


@commands.command("live")
def live(account_id: str, take_part: Annotated[bool, typer.Argument(help="true or false")]) -> None:
    """Set whether the account takes part when a campaign says `accounts: all`."""
    set_live(open_ledger(), account_id, take_part, who=operator())
    say(
        Console(),
        f"{account_id} takes part in accounts: all"
        if take_part
        else f"{account_id} no longer takes part in accounts: all",
    )


@commands.command("wake")
def wake(account_id: str) -> None:
    """End an account's rest, after a person checked it in the app."""
    rest_is_over(open_ledger(), account_id, who=operator())
    say(Console(), f"{account_id} works again")


def _rows(session: Session) -> tuple[list[list[str]], int]:
    """Returns a row for each account, and how many accounts are on simulated phones."""
    today = operator_day(database_now(session), settings().timezone.key)
    simulated = known_accounts(session, sandbox=True)
    actions = actions_by_account(session, today, sandbox=False)
    in_sandbox = actions_by_account(session, today, sandbox=True)
    phones = {
        phone.account_id: phone.serial
        if phone.state == PhoneState.ONLINE
        else f"{phone.serial} ({word('phone', phone.state)})"
        for phone in session.scalars(select(Phone).where(Phone.account_id.is_not(None)))
    }
    rows = [
        [
            one.id,
            one.name,
            phones.get(one.id, said("none")),
            said("yes" if one.live else "no"),
            str((in_sandbox if one.id in simulated else actions).get(one.id, 0)),
            one.resting_why or "",
        ]
        for one in session.scalars(select(Account).order_by(Account.id))
    ]
    return rows, len(simulated)
