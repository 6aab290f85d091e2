"""The folder where workers put small pictures of their phones' screens, for the host agent to store.

Workers ask this folder whether somebody watches the shelf, so that watching costs a running flow no call to the ledger.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

FOLDER = "pictures"
WATCHED = "watched"
WATCHED_SECONDS = 10.0  # the host agent says it again every four seconds
MOST_FILES = 5000
MOST_NAME = 1000  # bytes of a serial


class PictureFolder:
    """One machine's folder. A file's name is a hash of the serial; its first line is the serial."""

    def __init__(self, var: Path) -> None:
        self._folder = var / FOLDER

    def say_watched(self) -> None:
        """Notes that somebody watches the shelf now. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / WATCHED).touch()

    def watched(self) -> bool:
        """Returns whether somebody watches the shelf, as far as the host agent has said lately."""
        try:
            age = time.time() - (self._folder / WATCHED).stat().st_mtime
        except OSError:
            return False
        return -WATCHED_SECONDS < age < WATCHED_SECONDS

    def put(self, serial: str, picture: bytes) -> None:
        """Puts a phone's newest picture in the place of the one before. Raises OSError."""
        name = hashlib.sha256(serial.encode()).hexdigest()[:32]
        unfinished = self._folder / f".{name}-{os.getpid()}"
        unfinished.write_bytes(serial.encode() + b"\n" + picture)
        unfinished.rename(self._folder / f"{name}.webp")

    def take(self) -> Mapping[str, tuple[bytes, float]]:
        """Takes the pictures out. Returns serial → WebP, and how many seconds ago it was taken. Raises OSError."""
        found: dict[str, tuple[bytes, float]] = {}
        if not self._folder.is_dir():
            return found
        now = time.time()
        for number, entry in enumerate(os.scandir(self._folder)):
            if number >= MOST_FILES:
                break
            path = Path(entry.path)
            if path.suffix == ".webp":
                at, (serial, _, picture) = path.stat().st_mtime, path.read_bytes().partition(b"\n")
                path.unlink()
                if len(serial) <= MOST_NAME:
                    found[serial.decode(errors="replace")] = picture, max(0.0, now - at)
            elif entry.name.startswith(".") and now - entry.stat().st_mtime > WATCHED_SECONDS:
                path.unlink(missing_ok=True)  # of a worker that was killed
        return found
