"""`phonefleet gateway`: runs the HTTP interface for customers' systems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.__main__ import HOST, PORT
from scripts.connect import join_fleet
from workers.settings import settings

Pem = Annotated[Path | None, typer.Option(help="A PEM file. With certificate and key it speaks TLS itself.")]


def gateway(
    host: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 for all of this machine.")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = PORT,
    tls_cert: Pem = None,
    tls_key: Pem = None,
) -> None:
    """Answer customers' systems over HTTP until SIGTERM. Several may run, on one ledger and one Redis."""
    join_fleet().dispose()
    from gateway.serve import serve  # noqa: PLC0415 - half a second, which help does without

    raise typer.Exit(serve(settings(), host, port, tls_cert, tls_key))
