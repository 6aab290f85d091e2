"""`python -m gateway --port 8700`: the gateway, as `phonefleet gateway` and `phonefleet up` start it."""

from __future__ import annotations

import sys

from gateway.access.command_line import listen
from workers.runtime.private_files import keep_files_private

HOST, PORT = "127.0.0.1", 8700
SERVES = "gateway.api.serve"


def main() -> int:
    """Serves until SIGTERM. Returns the exit status: 2 for refused settings."""
    keep_files_private()
    return listen("gateway", SERVES, HOST, PORT)


if __name__ == "__main__":
    sys.exit(main())
