"""Whether this host's adb server has room to connect one more phone over the network.

adb makes such a connection with `select`, which knows the files 0 to 1023 of a process. A server that has all of them
open when it makes one, asked for or by itself, aborts (`bit out of range 0 - FD_SETSIZE`), and every phone of the host
is offline until another server runs. So the agent counts before it asks, and refuses in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

MOST_FILES = 1024  # FD_SETSIZE, of every C library on Linux
FILES_OF_A_PHONE = 4  # at most: its connection has two, and the calls of its worker one on average, two at times
MOST_PHONES = MOST_FILES // FILES_OF_A_PHONE  # that may all be at work, and come back when they were lost
KEPT_FREE = 64  # for what others open between a look and the connection
FILES_OF_A_CONNECT = 3  # the request's, and the connection's two
LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp


class NoRoom(Exception):
    """The adb server may connect no further phone over the network now; says why."""


class AdbRoom:
    """Counts what the adb server on a port has open, and what is about to be connected. Any thread may call it."""

    def __init__(self, port: int, connected: Callable[[], int]) -> None:
        """`connected` tells how many phones the server has over the network."""
        self._port = port
        self._connected = connected
        self._connecting = 0
        self._lock = Lock()
        self._files = ServerFiles(port)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keeps room for one connection while the block makes it. Raises NoRoom."""
        with self._lock:
            if lack := self._lack():
                raise NoRoom(lack)
            self._connecting += 1
        try:
            yield
        finally:
            with self._lock:
                self._connecting -= 1

    def full(self) -> bool:
        """Returns whether the server must connect no phone now."""
        with self._lock:
            return bool(self._lack())

    def _lack(self) -> str:
        return lack_of_room(self._connected(), self._connecting, self._files.low())


def lack_of_room(phones: int, connecting: int, files: int | None) -> str:
    """Returns why no further phone may be connected, empty if one may. `files`: open ones below 1024; None: unknown."""
    if phones + connecting >= MOST_PHONES:
        return f"the adb server of its host takes {MOST_PHONES} phones over the network, and no more"
    if files is not None and files + connecting * FILES_OF_A_CONNECT > MOST_FILES - KEPT_FREE:
        return f"the adb server of its host has {files} of {MOST_FILES} files open, and would end at a further phone"
    return ""


class ServerFiles:
    """The open files of the adb server on a port, as far as this user may see them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._pid: int | None = None

    def low(self) -> int | None:
        """Returns how many of the files 0 to 1023 are open; None where the server is not there or not ours to see."""
        for _ in range(2):  # the server may be another one by now
            if self._pid is None:
                self._pid = server_of(self._port)
            if self._pid is None:
                return None
            with suppress(OSError):
                return sum(int(file.name) < MOST_FILES for file in Path(f"/proc/{self._pid}/fd").iterdir())
            self._pid = None
        return None


def server_of(port: int) -> int | None:
    """Returns the process that listens on a port of this machine, if it is an adb and this user may look into it."""
    wanted = {f"socket:[{inode}]" for inode in _listening(port)}
    for folder in Path("/proc").glob("[0-9]*") if wanted else ():
        with suppress(OSError):
            program, _, _ = folder.joinpath("cmdline").read_bytes().partition(b"\0")
            if program.rpartition(b"/")[2].startswith(b"adb") and wanted & set(_links(folder / "fd")):
                return int(folder.name)
    return None


def _listening(port: int) -> Iterable[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for words in map(str.split, Path(table).read_text(encoding="ascii").splitlines()[1:]):
                if words[3] == LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    yield words[9]


def _links(folder: Path) -> Iterable[str]:
    for file in folder.iterdir():
        with suppress(OSError):
            yield str(file.readlink())
