"""The command line of a part that listens: the gateway's and the console's alike."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from models.values.refused import Refused
from workers.runtime.garbage import importing
from workers.settings import Settings, settings

Serve = Callable[[Settings, str, int, Path | None, Path | None], int]


def serve_of(module: str) -> Serve:
    """Returns `serve` of a module, which is imported only now: importers of a port need no server."""
    with importing():
        found: Serve = import_module(module).serve
    return found


def listen(prog: str, module: str, host: str, port: int) -> int:
    """Serves what `module` serves, at the address that the arguments name, until SIGTERM.

    Returns the exit status: 2 for refused settings.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {prog}")
    parser.add_argument("--host", default=host)
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    asked = parser.parse_args()
    try:
        return serve_of(module)(settings(), asked.host, asked.port, asked.tls_cert, asked.tls_key)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
