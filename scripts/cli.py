"""`phonefleet`, the command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.refused import Refused
from scripts import accounts, authors, doctor, status, up
from scripts.embedded import NoRedis, RedisDidNotStart, running_url
from scripts.processes import PartDied
from workers.settings import SettingsError, settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="A shelf of Android phones as a Celery fleet.")
cli.add_typer(authors.commands, name="authors")
cli.add_typer(accounts.commands, name="accounts")
cli.command("status")(status.status)
cli.command("phones")(status.phones)
cli.command("up")(up.up)

Var = Annotated[Path, typer.Option(help="Where its ledger, its logs and its report go; emptied before.")]


@cli.command()
def demo(
    phones: Annotated[int, typer.Option(min=1, max=64, help="Simulated phones, with an account each.")] = 8,
    speed: Annotated[float, typer.Option(min=0, help="1: like real phones, 10: ten times faster, 0: no delays.")] = 10,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that the day may take.")] = 280,
    var: Var = Path("var/demo"),
) -> None:
    """Run the operator's standard day on simulated phones, and judge the ledger by what really happened."""
    from scripts.demo.run import run_demo

    raise typer.Exit(run_demo(var, phones, speed, timeout, Console()))


@cli.command()
def host() -> None:
    """Serve the phones of this machine until SIGTERM."""
    from workers.host.__main__ import main

    raise typer.Exit(main())


@cli.command()
def coordinator() -> None:
    """Keep tickets and ledger together until SIGTERM. Several may run; one leads."""
    from workers.coordinator.loop import main

    raise typer.Exit(main())


@cli.command()
def submit(
    file: Annotated[Path, typer.Argument(help="A campaign file; scripts/standard_day.yaml shows the form.")],
    asked_by: Annotated[str, typer.Option(help="Who asks for it.")] = "",
    wait: Annotated[float, typer.Option(min=0, help="Follow it for so many seconds.")] = 0,
) -> None:
    """Check a campaign file and plant it; every mistake is named, and then nothing is planted."""
    from scripts.show import follow
    from workers.campaign_file import read_campaign_file
    from workers.day import submit_day

    console = Console()
    handle = submit_day(read_campaign_file(file), asked_by=asked_by or os.environ.get("USER", "operator"))
    console.print(f"campaign {handle.id}: {handle.progress()}", highlight=False, soft_wrap=True)
    if wait:
        raise typer.Exit(0 if follow(handle, console, wait) == "succeeded" else 1)


@cli.command("doctor")
def examine() -> None:
    """What is missing on this machine, and how to mend it."""
    raise typer.Exit(doctor.main())


def main() -> None:
    """The entry point: errors that a person can mend are told in words, without a traceback."""
    try:
        _find_embedded_redis()
        cli()
    except Refused as refused:
        _say("refused; nothing was changed:", *[f"  {problem}" for problem in refused.problems])
    except (SettingsError, NoRedis, RedisDidNotStart, PartDied, TimeoutError) as error:
        _say(str(error))


def _find_embedded_redis() -> None:
    """`phonefleet up` in another terminal runs the Redis that this command talks to."""
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
