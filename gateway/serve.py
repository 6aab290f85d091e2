"""Serve: the gateway as a process, with uvicorn."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from gateway.access.connection_timeouts import HeadTimeoutProtocol
from gateway.api.app import create_app
from gateway.keys.master_key import master_key
from models.database.engine import MOST_CONNECTIONS, connect
from models.values.refused import refuse
from workers.runtime.log import set_up_logging
from workers.runtime.service_manager import PULSE_SECONDS, service_manager
from workers.settings import Settings

# Connections, idle ones included. The middleware bounds requests under way, and answers the excess with 503.
MOST_CONNECTED = 800
KEEP_ALIVE_SECONDS = 30
END_SECONDS = 20


def check_tls(cert: Path | None, key: Path | None) -> None:
    """Raises Refused unless both files are there, or neither is given."""
    for name, given, other in (("tls-cert", cert, key), ("tls-key", key, cert)):
        if given is None and other is not None:
            raise refuse(name, "is missing", "give a certificate and its key, or neither")
        if given is not None and not given.is_file():
            raise refuse(name, f"{given} is no file", "name a PEM file that may be read")


def server_config(app: FastAPI, **where: Any) -> uvicorn.Config:
    """Makes uvicorn's configuration; `where` holds the address and the certificate."""
    return uvicorn.Config(
        app,
        **where,
        http=HeadTimeoutProtocol,
        limit_concurrency=MOST_CONNECTED,
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


def serve(config: Settings, host: str, port: int, cert: Path | None = None, key: Path | None = None) -> int:
    """Answers requests until SIGTERM or SIGINT; finishes those under way. Returns the exit status.

    Raises Refused without the master key.
    """
    master_key()
    check_tls(cert, key)
    set_up_logging()
    logging.getLogger("uvicorn.access").disabled = True  # addresses of requests hold names of accounts and authors
    engine = connect(config.database_url, kept=MOST_CONNECTIONS)
    tls = {"ssl_certfile": cert, "ssl_keyfile": None if key is None else str(key)}
    server = uvicorn.Server(server_config(create_app(engine, config), host=host, port=port, **tls))
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn shuts down in order, then raises the signal again for the handler set here
        signal.signal(number, lambda *_: None)
    server.run()
    service_manager().ending()
    engine.dispose()
    return 0 if server.started else 1
