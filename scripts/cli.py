"""`phonefleet`, the command. Ends with 0 when all went well, 1 when not, 2 when the request was refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scripts import (
    accounts,
    alerts,
    authors,
    deliveries,
    doctor,
    gateway,
    holds,
    keys,
    pause,
    phones,
    review,
    status,
    stop,
    submit,
    up,
)
from scripts.demo.folder import check_may_be_emptied
from scripts.demo.run import run_demo
from scripts.ground import address, find_redis_of_fleet, migrate_ledger, open_ledger
from scripts.show import say
from scripts.words import in_words
from workers.coordinator import loop
from workers.host import __main__ as host_agent

WORK, CUSTOMERS, TRY = "Every day", "Customers' systems", "Try and examine"
PARTS = "Parts of a fleet on several machines"

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # secrets may be among them
    help="A shelf of Android phones as a Celery fleet.",
)
cli.command("up", rich_help_panel=WORK)(up.up)
cli.command("submit", rich_help_panel=WORK)(submit.submit)
cli.command("status", rich_help_panel=WORK)(status.status)
cli.command("review", rich_help_panel=WORK)(review.review)
cli.command("stop", rich_help_panel=WORK)(stop.stop)
cli.command("pause", rich_help_panel=WORK)(pause.pause)
cli.command("resume", rich_help_panel=WORK)(pause.resume)
cli.command("phones", rich_help_panel=WORK)(phones.phones)
cli.command("alerts", rich_help_panel=WORK)(alerts.alerts)
cli.add_typer(holds.commands, name="holds", rich_help_panel=WORK)
cli.add_typer(accounts.commands, name="accounts", rich_help_panel=WORK)
cli.add_typer(authors.commands, name="authors", rich_help_panel=WORK)
cli.add_typer(keys.commands, name="keys", rich_help_panel=CUSTOMERS)
cli.add_typer(deliveries.commands, name="deliveries", rich_help_panel=CUSTOMERS)
cli.command("gateway", rich_help_panel=PARTS)(gateway.gateway)
cli.command("deliver", rich_help_panel=PARTS)(deliveries.deliver)

Var = Annotated[Path, typer.Option(help="Where its ledger, its logs and its report go; emptied before.")]


@cli.command(rich_help_panel=TRY)
def demo(
    phones: Annotated[int, typer.Option(min=1, max=64, help="Simulated phones, with an account each.")] = 8,
    speed: Annotated[float, typer.Option(min=0, help="1: like real phones, 10: ten times faster, 0: no delays.")] = 10,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that the day may take.")] = 280,
    var: Var = Path("var/demo"),
    rough: Annotated[bool, typer.Option("--rough", help="On phones as rough as real ones.")] = False,
) -> None:
    """Run the operator's standard day on simulated phones, and judge the ledger by what really happened."""
    check_may_be_emptied(var)
    raise typer.Exit(run_demo(var, phones, speed, timeout, Console(), rough=rough))


@cli.command(rich_help_panel=PARTS)
def host(
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Ask the host agent that serves these phones to end, and wait for it.")
    ] = False,
) -> None:
    """Serve the phones of this machine until SIGTERM."""
    open_ledger().dispose()
    raise typer.Exit(host_agent.main(take_over=take_over))


@cli.command(rich_help_panel=PARTS)
def coordinator() -> None:
    """Keep tickets and ledger together until SIGTERM. Several may run; one leads."""
    open_ledger().dispose()
    raise typer.Exit(loop.main())


@cli.command(rich_help_panel=PARTS)
def migrate() -> None:
    """Make the ledger's tables, or change them as this version wants them."""
    say(Console(), f"the tables of {address()} are those of version {migrate_ledger()}")


@cli.command("doctor", rich_help_panel=TRY)
def examine() -> None:
    """What is missing on this machine, and how to mend it."""
    raise typer.Exit(doctor.main())


def main() -> None:
    """The entry point."""
    in_words(_run)


def _run() -> None:
    find_redis_of_fleet()
    cli(prog_name="phonefleet")


if __name__ == "__main__":
    main()
