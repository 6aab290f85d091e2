"""The ground truth: what really happened in the simulated world, one JSON line for each thing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, without its number and time; absent parts are empty strings.

    `comment_id` is the new comment for the kind `comment`, else the comment that was acted upon.
    """

    phone: str
    account: str
    kind: str
    author_id: str
    video_id: str
    title: str
    comment_id: str = ""
    target_commenter: str = ""
    target_comment: str = ""
    text: str = ""


class TruthLog:
    """Numbers what happens, keeps it in memory and appends it to a file, if one was given."""

    def __init__(self, path: Path | None, clock: Callable[[], float]) -> None:
        """An existing file is emptied: a log belongs to one world. Raises OSError if it cannot be written."""
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8")

    def write(self, happening: Happening) -> None:
        """Add one entry: `seq` counts from 1, `at` is the world's clock in seconds since 1970."""
        with self._lock:
            entry = {"seq": len(self._entries) + 1, "at": round(self._clock(), 3), **asdict(happening)}
            self._entries.append(entry)
            if self._file is not None:
                self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                self._file.flush()

    def entries(self) -> list[dict[str, Any]]:
        """All entries so far, oldest first; the list is the caller's own."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def close(self) -> None:
        """Close the file; entries stay readable in memory."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
