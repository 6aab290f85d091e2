"""`phonefleet`, the command. Ends with 0 when all went well, 1 when not, 2 when the request was refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.exc import DatabaseError

from models.refused import Refused
from scripts import accounts, authors, doctor, status, submit, up
from scripts.demo import folder
from scripts.embedded import NoRedis, RedisDidNotStart, running_url
from scripts.ground import open_ledger, unreachable
from scripts.processes import PartDied
from scripts.show import refusal_lines
from workers.settings import SettingsError, settings

WORK, TRY, PARTS = "Every day", "Try and examine", "Parts of a fleet on several machines"

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="A shelf of Android phones as a Celery fleet.")
cli.command("up", rich_help_panel=WORK)(up.up)
cli.command("submit", rich_help_panel=WORK)(submit.submit)
cli.command("status", rich_help_panel=WORK)(status.status)
cli.command("phones", rich_help_panel=WORK)(status.phones)
cli.add_typer(accounts.commands, name="accounts", rich_help_panel=WORK)
cli.add_typer(authors.commands, name="authors", rich_help_panel=WORK)

Var = Annotated[Path, typer.Option(help="Where its ledger, its logs and its report go; emptied before.")]


@cli.command(rich_help_panel=TRY)
def demo(
    phones: Annotated[int, typer.Option(min=1, max=64, help="Simulated phones, with an account each.")] = 8,
    speed: Annotated[float, typer.Option(min=0, help="1: like real phones, 10: ten times faster, 0: no delays.")] = 10,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that the day may take.")] = 280,
    var: Var = Path("var/demo"),
) -> None:
    """Run the operator's standard day on simulated phones, and judge the ledger by what really happened."""
    from scripts.demo.run import run_demo

    folder.check_may_be_emptied(var)
    raise typer.Exit(run_demo(var, phones, speed, timeout, Console()))


@cli.command(rich_help_panel=PARTS)
def host() -> None:
    """Serve the phones of this machine until SIGTERM."""
    from workers.host.__main__ import main

    open_ledger().dispose()
    raise typer.Exit(main())


@cli.command(rich_help_panel=PARTS)
def coordinator() -> None:
    """Keep tickets and ledger together until SIGTERM. Several may run; one leads."""
    from workers.coordinator.loop import main

    open_ledger().dispose()
    raise typer.Exit(main())


@cli.command("doctor", rich_help_panel=TRY)
def examine() -> None:
    """What is missing on this machine, and how to mend it."""
    raise typer.Exit(doctor.main())


def main() -> None:
    """The entry point: errors that a person can mend are told in words, without a traceback."""
    try:
        _find_embedded_redis()
        cli(prog_name="phonefleet")
    except Refused as refused:
        _say(*refusal_lines(refused.problems))
    except DatabaseError as error:
        _say(*refusal_lines(unreachable(error).problems))
    except (SettingsError, NoRedis, RedisDidNotStart, PartDied, TimeoutError) as error:
        _say(str(error))


def _find_embedded_redis() -> None:
    """`phonefleet up` in another terminal runs the Redis that this command talks to."""
    settings.cache_clear()
    if not os.environ.get("PHONEFLEET_REDIS_URL"):
        url = running_url(settings().var)
        if url is not None:
            os.environ["PHONEFLEET_REDIS_URL"] = url
    settings.cache_clear()


def _say(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
