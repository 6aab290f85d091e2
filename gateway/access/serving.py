"""Serving: the configuration of uvicorn and the bounded sockets that the gateway and the console listen with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from gateway.access.connection_timeouts import HEAD_BYTES, HeadTimeoutProtocol
from gateway.access.listener import SPARE, BoundedListener, ConnectionLimits, GatewayLoop, listeners, tell_app
from models.values.refused import refuse
from workers.runtime.service_manager import PULSE_SECONDS, service_manager
from workers.settings import Settings

KEEP_ALIVE_SECONDS = 30
END_SECONDS = 20
KEPT_FREE = 20  # one connection in so many is kept free, at the cost of strangers
LEAST_FREE = 4  # what was ended is counted until the event loop has come round


def check_tls(cert: Path | None, key: Path | None) -> None:
    """Raises Refused unless both files are there, or neither is given."""
    for name, given, other in (("tls-cert", cert, key), ("tls-key", key, cert)):
        if given is None and other is not None:
            raise refuse(name, "is missing", "give a certificate and its key, or neither")
        if given is not None and not given.is_file():
            raise refuse(name, f"{given} is no file", "name a PEM file that may be read")


def server_config(app: FastAPI, config: Settings, *, end_seconds: int = END_SECONDS, **tls: Any) -> uvicorn.Config:
    """Makes uvicorn's configuration; `tls` holds the certificate, requests under way may last `end_seconds` more."""
    return uvicorn.Config(
        app,
        **tls,
        http=HeadTimeoutProtocol,
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES,
        # connections, idle ones included; the middleware bounds requests under way, and answers the excess with 503
        limit_concurrency=config.connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=end_seconds,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        access_log=False,  # addresses of requests hold names of accounts and authors
        lifespan="on",
        callback_notify=_serves,
        timeout_notify=int(PULSE_SECONDS),
    )


async def _serves() -> None:
    """The server's loop goes round, and takes connections."""
    service_manager().ready()  # again and again: only the first time says something new
    service_manager().pulse()


def open_sockets(config: Settings, host: str, port: int) -> Sequence[BoundedListener]:
    """Opens the sockets, with the limits of the settings. Raises Refused."""
    kept_free = max(LEAST_FREE, config.connections // KEPT_FREE)
    limits = ConnectionLimits(
        config.connections + SPARE, config.connections_per_address, crowded=config.connections - kept_free
    )
    return listeners(host, port, limits)


def run(server: uvicorn.Server, at: Sequence[BoundedListener], config: Settings) -> None:
    """Serves until the server is told to exit; it closes the sockets."""
    tell_app(server.config.app, at[0].limits)
    with asyncio.Runner(loop_factory=lambda: GatewayLoop(config.tls_handshake)) as runner:
        runner.run(server.serve(sockets=list(at)))
