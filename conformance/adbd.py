"""A real adbd of Debian's newest suite, in the place of a simulated phone.

It listens on port 5555 of every interface: so it runs in a network of its own (`unshare --net`), in which
there is nothing but loopback. It needs root, and runs its shell as root on this machine's own files.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import subprocess
from pathlib import Path

from conformance.debian import NotPossible, debian, program
from tests.support.poll import wait_until
from tests.support.transport_target import Target

PORT = 5555
ADBD = "usr/lib/android-sdk/platform-tools/adbd"
UP, RUNNING, SET_FLAGS = 0x1, 0x40, 0x8914


class AdbdTarget(Target):
    """As a phone: connected to an adb server, with an empty folder."""

    def _begin(self, folder: Path) -> None:
        self.scratch = str(folder / "transport")
        self.address = f"127.0.0.1:{PORT}"
        self._log = (folder / "adbd.log").open("wb")
        self._process = subprocess.Popen(
            adbd(), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True
        )
        wait_until(_listens, 20, "adbd to listen")
        self.server.client.connect(self.address, timeout=10)
        client = self.server.client
        wait_until(
            lambda: (self.address, "device") in [(each.serial, each.state) for each in client.list()], 20, "adbd"
        )

    def _end(self) -> None:
        if hasattr(self, "_process"):
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._log.close()


def adbd() -> list[str]:
    """The command that runs it with the folder's own libraries."""
    loader, option, libraries, path = program(ADBD)
    return [loader, option, os.pathsep.join([libraries, *map(str, (debian() / "usr/lib").glob("*/android"))]), path]


def _listens() -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", PORT)) == 0


def enter_own_network() -> None:
    """Raise loopback in a network of our own. Raises NotPossible in the machine's."""
    if len(Path("/proc/net/route").read_text().splitlines()) > 1:
        raise NotPossible("adbd listens on every interface: run it in a network of its own (make conformance does)")
    with socket.socket() as sock:
        fcntl.ioctl(sock, SET_FLAGS, struct.pack("16sh14x", b"lo", UP | RUNNING))
