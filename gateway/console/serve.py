"""Serve: the console as a process of its own, with a listener of its own."""

from __future__ import annotations

from pathlib import Path

from gateway.console.app import create_console
from gateway.exports.serve import serve_app
from workers.settings import Settings

END_SECONDS = 2  # open streams go on for ever, and are cut


def serve(config: Settings, host: str, port: int, cert: Path | None = None, key: Path | None = None) -> int:
    """Answers people's browsers until SIGTERM or SIGINT. Returns the exit status.

    Raises Refused for another time zone than the fleet's, and when it cannot listen.
    """
    return serve_app("console", create_console, config, (host, port), (cert, key), END_SECONDS)
