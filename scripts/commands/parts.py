"""The commands that run one part of a fleet, or migrate the ledger."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from gateway.__main__ import PORT
from gateway.console.__main__ import HOST as CONSOLE_HOST
from gateway.console.__main__ import PORT as CONSOLE_PORT

TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Ask the host agent that serves these phones to end, and wait for it.")
]

FlowerPort = Annotated[int, typer.Option(min=0, max=65535, help="Flower's port; 0: no Flower.")]
GatewayPort = Annotated[int, typer.Option(min=0, max=65535, help="The gateway's port; 0: no gateway.")]
ConsolePort = Annotated[int, typer.Option(min=0, max=65535, help="The console's port; 0: no console.")]
ConsoleHost = Annotated[str, typer.Option(help="The address of the console; 0.0.0.0 for all of this machine.")]

# Each command imports its own modules when it is called, because none needs those of the others.


def up(
    flower_port: FlowerPort = 5555,
    gateway_port: GatewayPort = PORT,
    console_port: ConsolePort = CONSOLE_PORT,
    console_host: ConsoleHost = CONSOLE_HOST,
) -> None:
    """Redis, ledger, host agent, coordinator, gateway, console and Flower on this machine, until Ctrl-C."""
    from scripts.commands.up import up as run  # noqa: PLC0415

    run(flower_port, gateway_port, console_port, console_host)


def host(take_over: TakeOver = False) -> None:
    """Serve the phones of this machine until SIGTERM."""
    from scripts.connect import join_fleet  # noqa: PLC0415

    join_fleet().dispose()
    from workers.host import __main__ as host_agent  # noqa: PLC0415

    raise typer.Exit(host_agent.main(take_over=take_over))


def coordinator() -> None:
    """Keep tickets and ledger together until SIGTERM. Several may run; one leads."""
    from scripts.connect import join_fleet  # noqa: PLC0415

    join_fleet().dispose()
    from workers.coordinator import loop  # noqa: PLC0415

    raise typer.Exit(loop.main())


def deliver() -> None:
    """Send callbacks until SIGTERM. Several may run, where the receivers can be reached."""
    from scripts.connect import join_fleet  # noqa: PLC0415

    join_fleet().dispose()
    from gateway.delivery import __main__ as worker  # noqa: PLC0415

    raise typer.Exit(worker.main())


def migrate() -> None:
    """Create the ledger's tables, or migrate them to this version."""
    from scripts.connect import address, migrate_ledger  # noqa: PLC0415
    from scripts.terminal.show import say  # noqa: PLC0415

    say(Console(), f"the tables of {address()} are those of version {migrate_ledger()}")
