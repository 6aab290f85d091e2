"""Checks the folder of a demo, which is emptied before each run: only a demo's own or an empty folder may be."""

from __future__ import annotations

from pathlib import Path

from models.values.refused import refuse
from workers.evidence.shipper_thread import SPOOL

MADE_BY_A_DEMO = frozenset(
    {
        SPOOL,
        "evidence",
        "log",
        "phonefleet.db",
        "phonefleet.db-shm",
        "phonefleet.db-wal",
        "redis.log",
        "redis.url",
        "report.json",
        "truth.jsonl",
    }
)


def check_may_be_emptied(folder: Path) -> None:
    """Raises Refused for a folder with a file that no demo makes, such as the lock of `phonefleet up`."""
    try:
        others = sorted(entry.name for entry in folder.iterdir() if entry.name not in MADE_BY_A_DEMO)
    except FileNotFoundError:
        return
    except OSError as error:
        raise refuse("--var", f"{folder}: {error.strerror}", "name a folder that is empty or not there yet") from error
    if others:
        reason = f"{folder} holds {others[0]}, which no demo made, and a demo empties its folder"
        raise refuse("--var", reason, "name a folder that is empty or not there yet")
