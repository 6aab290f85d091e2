"""The thread that ships and prunes evidence, in the host agent or in `python -m workers.evidence ship`."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread

from sqlalchemy import Engine

from models.values.backoff import Backoff
from workers.evidence.location import StorageLocation
from workers.evidence.mark_stored import note
from workers.evidence.prune import prune
from workers.evidence.shipper import Shipper
from workers.evidence.spool import Spool
from workers.evidence.storage import Storage
from workers.settings import Settings

log = logging.getLogger("phonefleet.evidence")

LOOK_SECONDS = 1.0
FIRST_PRUNE_SECONDS = 600.0  # after the start, so that a host without failures loads no storage library at once
PRUNE_SECONDS = 6 * 3600.0
RETRIES = Backoff(first=2.0, most=60.0)
SPOOL = "evidence-spool"


def spool_of(config: Settings) -> Spool:
    """Returns this machine's spool."""
    return Spool(config.var / SPOOL)


class Shipping:
    """Ships until it is closed. Of several on one spool, the one that holds its lock works; the others wait."""

    def __init__(self, config: Settings, engine: Engine, storage: Storage | None = None) -> None:
        self._days = config.evidence_days
        self._spool = spool_of(config)
        self._storage = storage or Storage(StorageLocation.of(config.evidence))
        self._shipper = Shipper(self._spool, self._storage, partial(note, engine), config.evidence_days)
        self._lock: int | None = None
        self._stop = Event()
        self._thread = Thread(target=self._work, name="evidence", daemon=True)

    def start(self) -> None:
        """Starts shipping, on a thread that ends with the process."""
        self._thread.start()

    def close(self, seconds: float) -> bool:
        """Ends after the current file; the rest stays in the spool. Returns False when that takes over `seconds`."""
        self._stop.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        failures, prune_at = 0, time.monotonic() + FIRST_PRUNE_SECONDS
        while not self._stop.wait(max(LOOK_SECONDS, RETRIES.wait(failures))):
            try:
                if not self._have_lock():
                    continue
                failures = 0 if self._shipper.round() else failures + 1
                if time.monotonic() >= prune_at:
                    prune_at = time.monotonic() + PRUNE_SECONDS
                    log.info("%d bundles of evidence pruned", prune(self._storage, self._days, datetime.now(UTC)))
            except Exception:
                failures += 1
                log.exception("evidence is not shipped or not pruned")
        if self._lock is not None:
            os.close(self._lock)

    def _have_lock(self) -> bool:
        """Takes the spool's lock if it is free; the kernel frees the lock of a process that dies."""
        if self._lock is None:
            self._spool.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._spool.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
            self._lock = descriptor
        return True
