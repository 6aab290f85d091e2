"""`phonefleet users`: lists, adds, changes and disables the users of the console."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from gateway.console.people.users import (
    add_user,
    check_known,
    check_new,
    disable_user,
    list_users,
    set_password,
    set_role,
)
from models.transactions.read_write import read
from models.values.enums import Role
from models.values.refused import refuse
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.language import said
from scripts.terminal.moments import stamp
from scripts.terminal.show import Sheet, print_sheet, say

commands = typer.Typer(invoke_without_command=True, help="Users of the console, with their roles.")

Who = Annotated[str, typer.Option(help="Who does it; kept in the ledger. None: the user of this machine.")]
Piped = Annotated[bool, typer.Option("--stdin", help="Read the password from stdin, its first line.")]
ROLES = ", ".join(Role)


@commands.callback()
def by_default(context: typer.Context) -> None:
    """Users of the console, with their roles. Without a command: list."""
    if context.invoked_subcommand is None:
        list_all()


@commands.command("list")
def list_all() -> None:
    """List every user with role, language and open sessions."""
    found = read(existing_ledger(), list_users)
    rows = [
        [
            one.name,
            one.role,
            one.language or said("browser's"),
            str(count),
            stamp(one.created_at),
            stamp(one.disabled_at),
        ]
        for one, count in found
    ]
    headings = ("name", "role", "language", "sessions", "added", "disabled")
    when_empty = "add the first: phonefleet users add NAME --role admin"
    print_sheet(Console(), Sheet("users", headings, rows, when_empty, timed=True))


@commands.command("add")
def add(
    name: str,
    role: Annotated[str, typer.Option(help=f"{ROLES}: each may do all that the ones before it may.")],
    stdin: Piped = False,
    who: Who = "",
) -> None:
    """Add a user. The password is asked for, and never shown."""
    ledger = open_ledger()
    read(ledger, lambda session: check_new(session, name, role))
    add_user(ledger, name, role, _password(stdin), who=operator(who))
    say(Console(), f"{name} may log in to the console as {role}")


@commands.command("password")
def password(name: str, stdin: Piped = False, who: Who = "") -> None:
    """Set a user's password, and end their sessions."""
    ledger = open_ledger()
    read(ledger, lambda session: check_known(session, name))
    set_password(ledger, name, _password(stdin), who=operator(who))
    say(Console(), f"{name} has a new password; sessions with the old one have ended")


@commands.command("role")
def change_role(name: str, role: Annotated[str, typer.Argument(help=f"One of {ROLES}.")], who: Who = "") -> None:
    """Change a user's role, from the next request on."""
    set_role(open_ledger(), name, role, who=operator(who))
    say(Console(), f"{name} is {role} now")


@commands.command("disable")
def disable(name: str, who: Who = "") -> None:
    """Disable a user, and end their sessions."""
    disable_user(open_ledger(), name, who=operator(who))
    say(Console(), f"{name} may not log in any more")


@commands.command("enable")
def enable(name: str, who: Who = "") -> None:
    """Enable a user that was disabled."""
    disable_user(open_ledger(), name, who=operator(who), disabled=False)
    say(Console(), f"{name} may log in again")


def _password(stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise refuse("password", "there is no terminal to ask for it", "add --stdin, and give it as the first line")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
