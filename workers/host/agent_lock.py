"""The agent lock: one agent for each machine and adb server, because two agents would control the same phones.

A newer agent takes over from the one that runs: it asks that one to end, and waits until it did.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

log = logging.getLogger("phonefleet.host")

LOOK_SECONDS = 0.1


class SecondAgent(RuntimeError):
    """Another host agent of this machine serves the phones of this adb server already."""


def claim_adb_server(port: int, take_over_seconds: float = 0.0) -> int:
    """Locks this machine's adb server of that port for the life of this process. Returns the lock's descriptor.

    The kernel releases the lock when the process ends for any reason. With `take_over_seconds` it asks the agent
    that holds the lock to end, once, and waits that long. Raises SecondAgent.
    """
    descriptor = os.open(lock_file(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _lock(descriptor, port, take_over_seconds)
    except BaseException:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def lock_file(port: int) -> Path:
    """Returns the path of the locked file, which names the process that holds the lock."""
    return Path(tempfile.gettempdir()) / f"phonefleet-adb-{port}-{os.getuid()}.lock"


def _lock(descriptor: int, port: int, take_over_seconds: float) -> None:
    deadline = time.monotonic() + take_over_seconds
    asked: int | None = None
    while not _locked(descriptor):
        holder = _holder(descriptor)
        who = f"another host agent of this machine{f', process {holder},' if holder else ''}"
        if not take_over_seconds:
            raise SecondAgent(
                f"{who} serves the phones of adb port {port}; take over from it (--take-over), end it,"
                " or give this one a port of its own: PHONEFLEET_ADB_PORT"
            )
        if time.monotonic() > deadline:
            raise SecondAgent(f"{who} did not let go of adb port {port} within {take_over_seconds:g} s; end it")
        if holder is not None and asked is None:
            log.info("taking over from the agent that runs as process %d; its workers finish or hand back", holder)
            with suppress(ProcessLookupError):
                os.kill(holder, signal.SIGTERM)
            asked = holder
        time.sleep(LOOK_SECONDS)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder(descriptor: int) -> int | None:
    """Returns the process that holds the lock, by the file and by the kernel's own list. None when these differ.

    A line of that list: `1: FLOCK ADVISORY WRITE 1234 fd:00:5678 0 EOF`, the inode being the last number of the sixth.
    """
    named = os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip()
    inode = str(os.fstat(descriptor).st_ino)
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for words in map(str.split, lines):
        if len(words) > 5 and words[1] == "FLOCK" and words[4] == named and words[5].rpartition(":")[2] == inode:
            return int(named)
    return None
