"""`python -m gateway --port 8700`: the gateway, as `phonefleet gateway` and `phonefleet up` start it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.values.refused import Refused
from workers.runtime.private_files import keep_files_private
from workers.settings import settings

HOST, PORT = "127.0.0.1", 8700


def main() -> int:
    """Serves until SIGTERM. Returns the exit status: 2 for refused settings."""
    keep_files_private()
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    asked = parser.parse_args()
    from gateway.serve import serve  # noqa: PLC0415 - importers of PORT need no server

    try:
        return serve(settings(), asked.host, asked.port, asked.tls_cert, asked.tls_key)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
