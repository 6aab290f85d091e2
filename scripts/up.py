"""`phonefleet up`: everything that one machine needs, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer
from rich.console import Console

from scripts.services import base_services, start_fleet, start_flower
from workers.settings import settings


def up(flower_port: Annotated[int, typer.Option(min=0, max=65535, help="Flower's port; 0: no Flower.")] = 5555) -> None:
    """Redis, ledger, host agent, coordinator and Flower on this machine, until Ctrl-C or SIGTERM."""
    console = Console()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    var = settings().var
    with base_services(var, {}) as services:
        start_fleet(services)
        console.print(f"Redis: {services.redis}")
        console.print(f"ledger: {services.env['PHONEFLEET_DATABASE_URL'].rpartition('@')[2]}")
        if flower_port:
            password = start_flower(services, var, flower_port)
            console.print(f"Flower: http://127.0.0.1:{flower_port}, user operator, password in {password}")
        console.print(f"logs: {var / 'log'}. See the phones with: phonefleet phones. Ctrl-C ends everything.")
        while not stop.wait(0.5):
            services.processes.check()
    console.print("ended")
