"""A client of the host's adb server: a few requests, each with a deadline."""

from __future__ import annotations

import logging
import os
import select
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from workers.host.adb_program import NoAdb, find_adb
from workers.phone.smart_socket import NotSmartSocket, RequestTooLong, framed, read_block, read_refusal
from workers.runtime.linux import bound_to_me

log = logging.getLogger("phonefleet.adb")

LOOPBACK = "127.0.0.1"
START_SECONDS = 15.0
CALL_SECONDS = 5.0
QUIET_SECONDS = 5.0  # without news of phones, after which the server is asked whether it is there
CONNECT_SECONDS = 15.0  # adb itself waits 10 s for a phone that does not answer
SHELL_BYTES = 65536
NAME_WIDTH = 22  # to which adb fills up names in devices-l
USB = "usb:"  # begins what adb calls a USB port, and takes for a phone's address as well as its serial
NO_USB = {"ADB_USB": "0"}  # also spares the 3 s that the server takes to look at the USB ports
# A server that starts takes whatever listens on a port from 5555 to 5585, Flower too, for an emulator that is offline.
NO_EMULATORS = {"ADB_EMU": "0"}


class AdbError(Exception):
    """The adb server refused, or did not answer in time."""


class Adb:
    """A client of the adb server on one port."""

    def __init__(self, port: int) -> None:
        self.port = port

    def alive(self) -> bool:
        """True when a server answers on the port."""
        try:
            self._ask("host:version", CALL_SECONDS)
        except AdbError:
            return False
        return True

    def connect(self, address: str) -> None:
        """Has the server connect to a phone at host:port. Raises AdbError when it could not."""
        answer = self._ask(f"host:connect:{address}", CONNECT_SECONDS)
        if not answer.startswith(("connected to", "already connected to")):
            raise AdbError(answer)

    def disconnect(self, address: str) -> None:
        """Has the server forget a phone at host:port. Raises AdbError when it knew none."""
        self._ask(f"host:disconnect:{address}", CALL_SECONDS)

    def getprop(self, address: str, name: str) -> str:
        """Returns a system property of a phone. Raises AdbError."""
        return self.shell(address, f"getprop {name}").strip()

    def shell(self, address: str, command: str) -> str:
        """Returns the first 64 KB that a command prints on a phone. Raises AdbError, after 5 seconds at the latest."""
        deadline = time.monotonic() + CALL_SECONDS
        with self._open(deadline) as sock:
            _request(sock, f"host:transport:{address}", deadline)
            _request(sock, f"shell:{command}", deadline)
            return _read_all(sock, deadline).decode(errors="replace")

    def track(self, named: Set[str] = frozenset()) -> Iterator[Mapping[str, str]]:
        """Yields address → state of all phones, now and after each change, for as long as the server lives.

        A phone's address is its serial or host:port; its USB port (usb:1-4) where others have the same, or where
        that port is `named`. States are adb's own: device, offline, unauthorized, … Raises AdbError when the
        server ends or hangs.
        """
        deadline = time.monotonic() + CALL_SECONDS
        with self._open(deadline) as sock:
            _request(sock, "host:track-devices", deadline)
            while True:
                self._wait_for_news(sock)
                until = time.monotonic() + CALL_SECONDS
                found = lines(_read_block(sock, until))
                if len({name for name, _ in found}) == len(found) and not any(name.startswith(USB) for name in named):
                    yield dict(found)
                else:
                    yield by_port(found, self._ask("host:devices-l", CALL_SECONDS), named)

    def _wait_for_news(self, sock: socket.socket) -> None:
        """Waits for news. After a silence it asks the server, because a hung server is silent too."""
        news = select.poll()
        news.register(sock, select.POLLIN)
        while not news.poll(QUIET_SECONDS * 1000):
            if not self.alive():
                raise AdbError("the adb server hangs")

    def listed(self) -> list[str]:
        """Returns the server's names of the phones that it knows now. Raises AdbError."""
        lines = self._ask("host:devices", CALL_SECONDS).splitlines()
        return [line.partition("\t")[0] for line in lines if "\t" in line]

    def _ask(self, request: str, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        with self._open(deadline) as sock:
            _request(sock, request, deadline)
            return _read_block(sock, deadline)

    def _open(self, deadline: float) -> socket.socket:
        try:
            return socket.create_connection((LOOPBACK, self.port), _left(deadline))
        except OSError as error:
            raise AdbError(f"no adb server on port {self.port}: {error}") from error


class AdbServer:
    """The adb server of this host: found running, or started and ended with this process.

    Call it from one thread that lives as long as the host agent: the server ends with that thread.
    """

    def __init__(self, port: int, *, usb: bool) -> None:
        self.port = port
        self._adb = Adb(port)
        self._usb = usb
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Returns once a server answers. Raises AdbError after 15 seconds."""
        if self._adb.alive():
            return
        self.close()
        try:
            command = [find_adb().path, "-P", str(self._adb.port), "nodaemon", "server"]
        except NoAdb as error:
            raise AdbError(str(error)) from error
        self._process = subprocess.Popen(
            bound_to_me(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**NO_EMULATORS, **os.environ, **({} if self._usb else NO_USB)}, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._adb.alive():
            if self._process.poll() is not None:
                raise AdbError(f"adb server ended with code {self._process.returncode}: is port {self._adb.port} free?")
            if time.monotonic() > deadline:
                raise AdbError(f"adb server does not answer after {START_SECONDS:g} s")
            time.sleep(0.02)
        log.info("adb server started on port %d", self._adb.port)

    def close(self) -> None:
        """Ends the server if this process started it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def lines(listing: str) -> list[tuple[str, str]]:
    """Name and state of each phone, from the lines of track-devices."""
    rows = (line.split("\t", 1) for line in listing.splitlines() if "\t" in line)
    return [(name, state.strip()) for name, state in rows]


def by_port(found: Sequence[tuple[str, str]], long: str, named: Set[str]) -> Mapping[str, str]:
    """Address → state, each address once, with the USB ports that the lines of devices-l tell.

    Such a line is the phone's name, blanks, its state, usb:1-4 and more. Names and states may hold blanks.
    """
    count = Counter(name for name, _ in found)
    ports = _ports(count.keys(), long)
    told: dict[str, str] = {}
    for name, state in found:
        its_ports = ports.get(name, {})
        if its_ports and max(count[name], len(its_ports)) > 1:
            told |= its_ports
        else:
            told[next((port for port in its_ports if port in named), name)] = state
    return told


def _ports(names: Iterable[str], long: str) -> Mapping[str, dict[str, str]]:
    """Name → USB port → state. A line is of the longest name that it begins with: one may be how another begins."""
    begins = {name.ljust(NAME_WIDTH) + " ": name for name in sorted(names, key=len, reverse=True)}
    found: dict[str, dict[str, str]] = {}
    for line in long.splitlines():
        state, mark, rest = line.partition(f" {USB}")
        name = next((name for begin, name in begins.items() if line.startswith(begin)), None)
        if mark and name is not None:
            found.setdefault(name, {})[USB + rest.split(" ", 1)[0]] = state.removeprefix(name).strip()
    return found


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise AdbError("no answer in time")
    return left


def _request(sock: socket.socket, request: str, deadline: float) -> None:
    try:
        sock.settimeout(_left(deadline))
        sock.sendall(framed(request))
        refusal = read_refusal(lambda size: _read_exactly(sock, size, deadline))
    except RequestTooLong as error:
        raise AdbError(str(error)) from error
    except (NotSmartSocket, OSError) as error:
        raise AdbError(f"{request}: {error}") from error
    if refusal is not None:
        raise AdbError(f"{request}: {refusal}")


def _read_block(sock: socket.socket, deadline: float) -> str:
    try:
        return read_block(lambda size: _read_exactly(sock, size, deadline))
    except NotSmartSocket as error:
        raise AdbError(str(error)) from error


def _read_exactly(sock: socket.socket, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        data += _read(sock, size - len(data), deadline) or _ended()
    return data


def _read_all(sock: socket.socket, deadline: float) -> bytes:
    data = b""
    while len(data) < SHELL_BYTES and (part := _read(sock, SHELL_BYTES - len(data), deadline)):
        data += part
    return data


def _read(sock: socket.socket, size: int, deadline: float) -> bytes:
    try:
        sock.settimeout(_left(deadline))
        return sock.recv(size)
    except OSError as error:
        raise AdbError(str(error) or "no answer in time") from error


def _ended() -> bytes:
    raise AdbError("the adb server closed the connection")
