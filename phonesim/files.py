"""The files of a simulated phone, held in memory; equal contents are kept once for all phones."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import time
from dataclasses import dataclass
from weakref import WeakValueDictionary

DIRECTORIES = (
    "/", "/data", "/data/local", "/data/local/tmp", "/sdcard", "/sdcard/Download", "/sdcard/DCIM", "/storage",
    "/storage/emulated", "/system", "/system/bin", "/vendor", "/product", "/dev", "/proc", "/sys",
)  # fmt: skip
WRITABLE = ("/data/local/tmp", "/sdcard", "/storage/emulated")  # for the user `shell`
NO_FILES = ("/proc", "/sys")  # the kernel's: nothing can be created there
NOT_OURS = ("/data", "/dev")
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


class Files:
    """A phone's file tree, by absolute path, as the user `shell` may use it.

    What cannot be done raises OSError with Android's errno: while it is `full`, whatever writes.
    """

    def __init__(self) -> None:
        now = int(time.time())
        self.full = False
        self._entries = {path: Entry(MODE_DIRECTORY, now, 4096) for path in DIRECTORIES}

    def stat(self, path: str) -> Entry | None:
        """The entry, or None."""
        return self._entries.get(absolute(path))

    def paths(self) -> list[str]:
        """Every file and directory."""
        return list(self._entries)

    def may_write(self, path: str) -> None:
        """Could a file be created or replaced here, its directories apart? Raises OSError."""
        path = absolute(path)
        entry = self._entries.get(path)
        if entry is not None and entry.is_directory:
            raise _error(errno.EISDIR, path)
        self._may_change(path)

    def write(self, path: str, content: bytes, mode: int = 0o644, mtime: int | None = None) -> None:
        """Create or replace a file. Raises OSError."""
        path = absolute(path)
        self.may_write(path)
        if posixpath.dirname(path) not in self._entries:
            raise _error(errno.ENOENT, path)
        self._keep(path, content, mode, mtime)

    def place(self, path: str, content: bytes, mode: int) -> None:
        """What the system itself has there, directories included, wherever that is."""
        path = absolute(path)
        for parent in _parents(path):
            self._entries.setdefault(parent, Entry(MODE_DIRECTORY, int(time.time()), 4096))
        self._keep(path, content, mode, None)

    def _keep(self, path: str, content: bytes, mode: int, mtime: int | None) -> None:
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        kept = _contents.setdefault(md5, Content(content, md5))
        stamp = int(time.time()) if mtime is None else mtime
        self._entries[path] = Entry(MODE_FILE | mode & 0o7777, stamp, len(content), kept)

    def make_directory(self, path: str) -> None:
        """Create a directory with its parents, as far as they are not there. Raises OSError."""
        path = absolute(path)
        for each in [*_parents(path), path]:
            if each not in self._entries:
                self._may_change(each)
                self._entries[each] = Entry(MODE_DIRECTORY, int(time.time()), 4096)
            elif not self._entries[each].is_directory:
                raise _error(errno.ENOTDIR if each != path else errno.EEXIST, path)

    def read(self, path: str) -> bytes:
        """A file's content. Raises OSError."""
        return self._content(path).data

    def md5(self, path: str) -> str:
        """A file's MD5 in hexadecimal. Raises OSError."""
        return self._content(path).md5

    def names(self, path: str) -> list[tuple[str, Entry]]:
        """The entries right below a directory, sorted by name."""
        base = absolute(path).rstrip("/") + "/"
        below = ((name[len(base) :], entry) for name, entry in self._entries.items() if name.startswith(base))
        return sorted((each for each in below if each[0] and "/" not in each[0]), key=lambda each: each[0])

    def remove(self, path: str) -> None:
        """Remove a file, or a directory with all below it. Raises OSError."""
        path = absolute(path)
        if path not in self._entries:
            raise _error(errno.ENOENT, path)
        if path in DIRECTORIES or not path.startswith(tuple(f"{each}/" for each in WRITABLE)):
            raise _error(errno.EACCES, path)
        for each in [name for name in self._entries if name == path or name.startswith(path + "/")]:
            del self._entries[each]

    def _content(self, path: str) -> Content:
        entry = self.stat(path)
        if entry is None:
            raise _error(errno.ENOENT, path)
        if entry.content is None:
            raise _error(errno.EISDIR, path)
        return entry.content

    def below_a_file(self, path: str) -> bool:
        """Is something on the way to the path a file?"""
        entries = (self._entries.get(parent) for parent in _parents(absolute(path)))
        return any(entry is not None and not entry.is_directory for entry in entries)

    def _may_change(self, path: str) -> None:
        if self.below_a_file(path):
            raise _error(errno.ENOTDIR, path)
        if _below(path, NO_FILES):
            raise _error(errno.ENOENT, path)
        if not _below(path, WRITABLE):
            raise _error(errno.EACCES if _below(path, NOT_OURS) else errno.EROFS, path)
        if self.full:
            raise _error(errno.ENOSPC, path)


def absolute(path: str, cwd: str = "/") -> str:
    """The path from the root, without `.` and `..`."""
    return posixpath.normpath("/" + posixpath.join(cwd, path).lstrip("/"))


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in folders)


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: index + 1]) for index in range(len(parts))]
