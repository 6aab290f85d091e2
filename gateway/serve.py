"""Serve: the gateway as a process, with uvicorn."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from gateway.access.connection_timeouts import HeadTimeoutProtocol
from gateway.access.listener import SPARE, BoundedListener, ConnectionLimits, GatewayLoop, listeners
from gateway.api.app import create_app
from gateway.keys.master_key import master_key
from models.database.engine import MOST_CONNECTIONS, connect
from models.values.refused import refuse
from workers.runtime.fleet_zone import agree_with_fleet
from workers.runtime.log import set_up_logging
from workers.runtime.service_manager import PULSE_SECONDS, service_manager
from workers.settings import Settings

log = logging.getLogger("phonefleet.gateway")

KEEP_ALIVE_SECONDS = 30
HEAD_BYTES = 16_384  # of a request that is not complete
END_SECONDS = 20


def check_tls(cert: Path | None, key: Path | None) -> None:
    """Raises Refused unless both files are there, or neither is given."""
    for name, given, other in (("tls-cert", cert, key), ("tls-key", key, cert)):
        if given is None and other is not None:
            raise refuse(name, "is missing", "give a certificate and its key, or neither")
        if given is not None and not given.is_file():
            raise refuse(name, f"{given} is no file", "name a PEM file that may be read")


def server_config(app: FastAPI, config: Settings, **tls: Any) -> uvicorn.Config:
    """Makes uvicorn's configuration; `tls` holds the certificate."""
    return uvicorn.Config(
        app,
        **tls,
        http=HeadTimeoutProtocol,
        h11_max_incomplete_event_size=HEAD_BYTES,
        # connections, idle ones included; the middleware bounds requests under way, and answers the excess with 503
        limit_concurrency=config.connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=END_SECONDS,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        lifespan="on",
        callback_notify=_serves,
        timeout_notify=int(PULSE_SECONDS),
    )


async def _serves() -> None:
    """The server's loop goes round, and takes connections."""
    service_manager().ready()  # again and again: only the first time says something new
    service_manager().pulse()


def open_sockets(config: Settings, host: str, port: int) -> Sequence[BoundedListener]:
    """Opens the gateway's sockets, with the limits of the settings. Raises Refused."""
    limits = ConnectionLimits(config.connections + SPARE, config.connections_per_address)
    return listeners(host, port, limits)


def run(server: uvicorn.Server, at: Sequence[BoundedListener], config: Settings) -> None:
    """Serves until the server is told to exit; it closes the sockets."""
    with asyncio.Runner(loop_factory=lambda: GatewayLoop(config.tls_handshake)) as runner:
        runner.run(server.serve(sockets=list(at)))


def serve(config: Settings, host: str, port: int, cert: Path | None = None, key: Path | None = None) -> int:
    """Answers requests until SIGTERM or SIGINT; finishes those under way. Returns the exit status.

    Raises Refused without the master key, and for another time zone than the fleet's.
    """
    master_key()
    check_tls(cert, key)
    set_up_logging()
    agree_with_fleet(config)
    logging.getLogger("uvicorn.access").disabled = True  # addresses of requests hold names of accounts and authors
    at = open_sockets(config, host, port)
    engine = connect(config.database_url, kept=MOST_CONNECTIONS)
    tls = {"ssl_certfile": cert, "ssl_keyfile": None if key is None else str(key)}
    server = uvicorn.Server(server_config(create_app(engine, config), config, **tls))
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn shuts down in order, then raises the signal again for the handler set here
        signal.signal(number, lambda *_: None)
    log.info("listening at %s port %d%s", host, port, "" if cert is None else " with TLS")
    run(server, at, config)
    service_manager().ending()
    engine.dispose()
    return 0 if server.started else 1
