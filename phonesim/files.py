"""The files of a simulated phone, held in memory; equal contents are kept once for all phones."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from weakref import WeakValueDictionary

DIRECTORIES = ("/", "/data", "/data/local", "/data/local/tmp", "/sdcard", "/system", "/system/bin")
MODE_DIRECTORY = 0o040771
MODE_FILE = 0o100000


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Content:
    """What a file holds, with its MD5 in hexadecimal."""

    data: bytes
    md5: str


_contents: WeakValueDictionary[str, Content] = WeakValueDictionary()  # a hundred phones get the same u2.jar


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory: `mode` as in st_mode, `mtime` in seconds since the epoch."""

    mode: int
    mtime: int
    size: int
    content: Content | None = None

    @property
    def is_directory(self) -> bool:
        return self.mode & 0o170000 == 0o040000


class NoSpace(OSError):
    """The storage is full; the text is what Android's tools print."""

    def __init__(self) -> None:
        super().__init__("No space left on device")


class Files:
    """A phone's file tree, by absolute path. Paths raise FileNotFoundError when they are missing.

    While it is `full`, nothing can be written.
    """

    def __init__(self) -> None:
        now = int(time.time())
        self.full = False
        self._entries = {path: Entry(MODE_DIRECTORY, now, 4096) for path in DIRECTORIES}

    def stat(self, path: str) -> Entry | None:
        """The entry, or None."""
        return self._entries.get(_normal(path))

    def write(self, path: str, content: bytes, mode: int = 0o644, mtime: int | None = None) -> None:
        """Create or replace a file; parent directories come into being as `adb push` makes them. Raises NoSpace."""
        if self.full:
            raise NoSpace
        path = _normal(path)
        for parent in _parents(path):
            self._entries.setdefault(parent, Entry(MODE_DIRECTORY, int(time.time()), 4096))
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        kept = _contents.setdefault(md5, Content(content, md5))
        stamp = int(time.time()) if mtime is None else mtime
        self._entries[path] = Entry(MODE_FILE | mode & 0o7777, stamp, len(content), kept)

    def make_directory(self, path: str) -> None:
        """Create a directory with its parents. Raises NoSpace."""
        if self.full:
            raise NoSpace
        path = _normal(path)
        for each in [*_parents(path), path]:
            self._entries.setdefault(each, Entry(MODE_DIRECTORY, int(time.time()), 4096))

    def read(self, path: str) -> bytes:
        """A file's content. Raises FileNotFoundError."""
        return self._content(path).data

    def md5(self, path: str) -> str:
        """A file's MD5 in hexadecimal. Raises FileNotFoundError."""
        return self._content(path).md5

    def names(self, path: str) -> list[tuple[str, Entry]]:
        """The entries right below a directory, sorted by name."""
        base = _normal(path).rstrip("/") + "/"
        below = ((name[len(base) :], entry) for name, entry in self._entries.items() if name.startswith(base))
        return sorted((each for each in below if each[0] and "/" not in each[0]), key=lambda each: each[0])

    def remove(self, path: str) -> None:
        """Remove a file, or a directory with all below it. Raises FileNotFoundError."""
        path = _normal(path)
        if path not in self._entries:
            raise FileNotFoundError(path)
        for each in [name for name in self._entries if name == path or name.startswith(path + "/")]:
            del self._entries[each]

    def _content(self, path: str) -> Content:
        entry = self.stat(path)
        if entry is None or entry.content is None:
            raise FileNotFoundError(path)
        return entry.content


def _normal(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/" + "/".join(parts)


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: index + 1]) for index in range(len(parts))]
