"""Clients that crowd an adb server: each idle connection is one more file that it has open."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.support.poll import wait_until
from workers.host.adb_room import MOST_FILES, ServerFiles

WAIT = 60.0
ENOUGH = 4096  # files of this process, in place of 1024


@contextmanager
def crowded(port: int, files: int = MOST_FILES - 8) -> Iterator[ExitStack]:
    """Connect to the adb server on a port until it has so many files open; closing the stack lets go of them."""
    limits = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < ENOUGH:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ENOUGH if hard < 0 else min(ENOUGH, hard), hard))
    server = ServerFiles(port)
    try:
        with ExitStack() as clients:
            for _ in range(files - (server.low() or 0)):
                clients.enter_context(socket.create_connection(("127.0.0.1", port), WAIT))
            wait_until(lambda: (server.low() or 0) >= files, WAIT, f"the adb server to have {files} files open")
            yield clients
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
