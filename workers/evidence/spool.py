"""The spool: a folder on the worker's own disk where evidence waits to be shipped.

It outlives the worker that wrote it. The number of bundles is bounded, and evidence never fills the disk.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workers.evidence.bundle import FILES, Bundle

MOST_BUNDLES = 2000  # about 400 MB at 200 kB each
LEAST_FREE = 200_000_000  # bytes
HALF_WRITTEN_SECONDS = 600.0  # a half-written folder this old is of a worker that died

_NAME = re.compile(r"([0-9A-Za-z-]{1,36})\.(\d{1,9})")
_UNFINISHED = ".new-"


class SpoolRefused(Exception):
    """The spool takes no more bundles; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A complete bundle in the spool, and when it was written (Unix time)."""

    bundle: Bundle
    written: float


class Spool:
    """One machine's spool. Any number of processes put bundles into it; one ships them."""

    def __init__(self, folder: Path, *, most: int = MOST_BUNDLES, least_free: int = LEAST_FREE) -> None:
        self.folder = folder
        self._most = most
        self._least_free = least_free

    def put(self, bundle: Bundle, files: Mapping[str, bytes]) -> None:
        """Writes a bundle so that it appears whole or not at all. Raises SpoolRefused, OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds pictures of screens
        self._check_room()
        unfinished = self.folder / f"{_UNFINISHED}{_name(bundle)}-{os.getpid()}"
        try:
            unfinished.mkdir()
            for name, data in files.items():
                (unfinished / name).write_bytes(data)
            unfinished.rename(self.folder / _name(bundle))
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def bundles(self) -> list[Spooled]:
        """Returns the waiting bundles, oldest first. Raises OSError."""
        found = []
        if self.folder.is_dir():
            for entry in os.scandir(self.folder):
                match = _NAME.fullmatch(entry.name)
                if match is not None and entry.is_dir():
                    found.append(Spooled(Bundle(match[1], int(match[2])), entry.stat().st_mtime))
        return sorted(found, key=lambda one: one.written)

    def read(self, bundle: Bundle) -> dict[str, bytes]:
        """Returns the files of a bundle, in the order of storing. Raises OSError."""
        folder = self.folder / _name(bundle)
        return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}

    def drop(self, bundle: Bundle) -> None:
        """Deletes a bundle. Raises OSError."""
        shutil.rmtree(self.folder / _name(bundle))

    def sweep(self, now: float) -> None:
        """Deletes old half-written bundles of dead workers; `now` is Unix time. Raises OSError."""
        if self.folder.is_dir():
            for path in self.folder.glob(f"{_UNFINISHED}*"):
                if now - path.stat().st_mtime > HALF_WRITTEN_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < self._least_free:
            raise SpoolRefused(f"the disk of {self.folder} has only {free // 1_000_000} MB left: make room on it")
        waiting = sum(1 for _ in os.scandir(self.folder))
        if waiting >= self._most:
            raise SpoolRefused(f"{waiting} bundles wait in {self.folder}: look why the host agent ships none")


def _name(bundle: Bundle) -> str:
    return f"{bundle.task_id}.{bundle.attempt}"
