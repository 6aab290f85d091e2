"""One agent a machine and adb server: a second one would put a second hand on the same phones."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path


class SecondAgent(RuntimeError):
    """Another host agent of this machine serves the phones of this adb server already."""


def claim_adb_server(port: int) -> int:
    """Hold this machine's adb server of that port for the life of this process; the lock's descriptor.

    The kernel lets go of it however the process ends. Raises SecondAgent.
    """
    path = Path(tempfile.gettempdir()) / f"phonefleet-adb-{port}-{os.getuid()}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise SecondAgent(
            f"another host agent of this machine serves the phones of adb port {port};"
            " end it, or give this one a port of its own: PHONEFLEET_ADB_PORT"
        ) from None
    return descriptor
