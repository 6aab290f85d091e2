"""Loaded into every worker of the storm's fleet: it tells under which process id an incarnation lives.

A worker is a nameless child of its zygote. Without this nobody outside could strike the very one
that runs a certain task.
"""

from __future__ import annotations

import os
from pathlib import Path

from celery.signals import worker_ready

from workers.execution.worker import current_worker

FOLDER = "PHONEFLEET_CHAOS_PIDS"


@worker_ready.connect
def _tell(**_: object) -> None:
    try:
        incarnation = current_worker().identity.incarnation
    except RuntimeError:  # the zygote rehearses: nobody sits there
        return
    (Path(os.environ[FOLDER]) / incarnation).write_text(str(os.getpid()), encoding="ascii")


def pid_of(folder: Path, incarnation: str) -> int | None:
    """The process of an incarnation, once it consumes."""
    try:
        return int((folder / incarnation).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
