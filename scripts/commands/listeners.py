"""`phonefleet gateway` and `phonefleet console`: run the parts that listen, for customers' systems and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import gateway.__main__ as of_gateway
import gateway.console.__main__ as of_console
from gateway.access.command_line import serve_of
from scripts.connect import join_fleet
from workers.settings import settings

Host = Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 for all of this machine.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")]
Pem = Annotated[Path | None, typer.Option(help="A PEM file. With certificate and key it speaks TLS itself.")]


def gateway(
    host: Host = of_gateway.HOST, port: Port = of_gateway.PORT, tls_cert: Pem = None, tls_key: Pem = None
) -> None:
    """Answer customers' systems over HTTP until SIGTERM. Several may run, on one ledger and one Redis."""
    _listen(of_gateway.SERVES, host, port, tls_cert, tls_key)


def console(
    host: Host = of_console.HOST, port: Port = of_console.PORT, tls_cert: Pem = None, tls_key: Pem = None
) -> None:
    """Answer people's browsers until SIGTERM. Several may run, on one ledger."""
    _listen(of_console.SERVES, host, port, tls_cert, tls_key)


def _listen(module: str, host: str, port: int, tls_cert: Path | None, tls_key: Path | None) -> None:
    join_fleet().dispose()
    raise typer.Exit(serve_of(module)(settings(), host, port, tls_cert, tls_key))
