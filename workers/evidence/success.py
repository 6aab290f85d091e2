"""Keeps the strip of a success, to look at beside that of a failure: one an hour for each flow and machine."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from workers.attempts.claim import Claim
from workers.attempts.step_times import step_times
from workers.evidence.bundle import FACTS, Bundle
from workers.evidence.film import Frame, told
from workers.evidence.shipper_thread import spool_of
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import Settings

log = logging.getLogger("phonefleet.evidence")

EVERY_SECONDS = 3600.0
FOLDER = "strips"


def keep_success(
    config: Settings, identity: WorkerIdentity, got: Claim, watch: SlotWatch, frames: Sequence[Frame]
) -> bool:
    """Spools the strip of an attempt that succeeded, unless this machine kept one of its flow within the last hour.

    Returns whether it did. Never raises an Exception.
    """
    try:
        if not frames or not _due(config.var / FOLDER, got.flow, time.time()):
            return False
        facts, files = told(frames)
        known = {
            "succeeded": True,
            "task_id": got.fence.task_id,
            "attempt": got.fence.attempt,
            "flow": got.flow,
            "sandbox": got.sandbox,
            "host": identity.host,
            "phone": identity.serial,
            "steps": step_times(watch.steps),
            "film": facts,
            "collected_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        written = json.dumps(known, ensure_ascii=False, indent=1).encode()
        spool_of(config).put(Bundle(got.fence.task_id, got.fence.attempt), {**files, FACTS: written})
    except Exception as error:  # noqa: BLE001  # whatever ails the disk, the task has succeeded
        log.info("no strip of task %s is kept: %s", got.fence.task_id, error)
        return False
    return True


def _due(folder: Path, flow: str, now: float) -> bool:
    """Returns whether no strip of this flow was kept lately, and notes that one is. Raises OSError."""
    mark = folder / hashlib.sha256(flow.encode()).hexdigest()[:32]
    try:
        if 0 <= now - mark.stat().st_mtime < EVERY_SECONDS:
            return False
    except FileNotFoundError:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.touch()
    return True
