"""`python -m gateway.console --port 8710`: the console, as `phonefleet console` and `phonefleet up` start it."""

from __future__ import annotations

import sys

from gateway.access.command_line import listen
from workers.runtime.private_files import keep_files_private

HOST, PORT = "127.0.0.1", 8710
SERVES = "gateway.console.serve"


def main() -> int:
    """Serves until SIGTERM. Returns the exit status: 2 for refused settings."""
    keep_files_private()
    return listen("gateway.console", SERVES, HOST, PORT)


if __name__ == "__main__":
    sys.exit(main())
