"""Serve: an app and the exports in the background, as one process; the gateway and the console alike."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from gateway.access.serving import END_SECONDS, check_tls, open_sockets, run, server_config
from gateway.exports.background import ExportsWatch
from models.database.engine import MOST_CONNECTIONS, connect
from workers.runtime.fleet_zone import agree_with_fleet
from workers.runtime.garbage import importing
from workers.runtime.log import set_up_logging
from workers.runtime.service_manager import service_manager
from workers.settings import Settings

MakeApp = Callable[[Engine, Settings], FastAPI]


def serve_app(
    part: str,
    make: MakeApp,
    config: Settings,
    address: tuple[str, int],
    tls: tuple[Path | None, Path | None] = (None, None),
    end_seconds: int = END_SECONDS,
) -> int:
    """Serves what `make` makes at a host and port until SIGTERM or SIGINT. Returns the exit status.

    `part` names the log, `tls` holds a certificate and its key. Requests under way may last `end_seconds` more.
    Raises Refused for another time zone than the fleet's, and when it cannot listen.
    """
    cert, key = tls
    check_tls(cert, key)
    set_up_logging(config, part)
    agree_with_fleet(config)
    logging.getLogger("uvicorn.access").disabled = True  # addresses of requests hold names of accounts and authors
    at = open_sockets(config, *address)
    engine = connect(config.database_url, kept=MOST_CONNECTIONS)
    files = {"ssl_certfile": cert, "ssl_keyfile": None if key is None else str(key)}
    with importing():  # most of an app is made of modules
        app = make(engine, config)
    server = uvicorn.Server(server_config(app, config, end_seconds=end_seconds, **files))
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn shuts down in order, then raises the signal again for the handler set here
        signal.signal(number, lambda *_: None)
    log = logging.getLogger(f"phonefleet.{part}")
    log.info("listening at %s port %d%s", *address, "" if cert is None else " with TLS")
    exports = ExportsWatch(engine, config)
    exports.start()
    try:
        run(server, at, config)
    finally:
        exports.end()
    service_manager().ending()
    engine.dispose()
    return 0 if server.started else 1
