"""Hosts in network namespaces of their own, around a switch: a host may be cut off, or be behind a slow wire.

Everything happens in the network namespace of this process, which `alone()` makes, and in its children's: nothing of
the machine's own network is touched, and nothing is left when these processes have ended.

    centre 10.77.0.1 ── switch ── hosts 10.77.0.11, 10.77.0.12, …       the network, which may be cut
    phones 10.78.0.1 ── switch ── the same hosts, 10.78.0.11, …         stands in for their USB cables: never cut
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.started import Started
from chaos.wire import TUN, SlowWire
from tests.support.poll import wait_until
from workers.runtime.linux import bound_to_me

CENTRE, PHONES = "10.77.0.1", "10.78.0.1"
FIRST_HOST = 11  # the last part of its address
INSIDE = "PHONEFLEET_CHAOS_NETWORK"  # set in a process whose network namespace is its own
START_SECONDS = 30.0
RUN_SECONDS = 30.0


class NoNetwork(RuntimeError):
    """This machine or user can make no network namespaces; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A slow wire: seconds each way, and the share of frames that is lost each way."""

    delay: float
    loss: float


def alone(command: Sequence[str]) -> None:
    """Becomes `command` in a network namespace of its own, unless this process has one. Raises NoNetwork."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        raise NoNetwork("only root can make network namespaces and TAP devices: run it as root")
    for program in ("unshare", "nsenter", "ip"):
        if shutil.which(program) is None:
            raise NoNetwork(f"there is no {program}: apt-get install util-linux iproute2")
    if not Path(TUN).exists():
        raise NoNetwork(f"there is no {TUN}, by which a wire is made slow: modprobe tun")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *command])  # noqa: S606  # becoming it is the point


class Host:
    """A host's network namespace, held by a process that does nothing else."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"shelf{number + 1}"
        self.address = f"10.77.0.{FIRST_HOST + number}"
        self._holder = subprocess.Popen(
            bound_to_me(["unshare", "--net", "sleep", "infinity"]), stdin=subprocess.DEVNULL
        )
        wait_until(self._is_apart, START_SECONDS, f"the network namespace of {self.name}", every=0.05)

    @property
    def pid(self) -> int:
        """The process that holds the namespace."""
        return self._holder.pid

    @property
    def inside(self) -> tuple[str, ...]:
        """What a command begins with that shall run in this host's network."""
        return ("nsenter", f"--net=/proc/{self.pid}/ns/net", "--")

    def close(self) -> None:
        """Ends the namespace, when none of its processes runs any more."""
        self._holder.kill()
        self._holder.wait(RUN_SECONDS)

    def _is_apart(self) -> bool:
        if self._holder.poll() is not None:
            raise NoNetwork("unshare --net failed: this user or container may make no network namespace")
        return Path(f"/proc/{self.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()


class Network(Started):
    """The switches and hosts, until the `with` block ends. This process is at the centre."""

    def __init__(self, hosts: int, slow: Slow) -> None:
        """The last of the hosts is behind a slow wire."""
        self._count = hosts
        self._slow = slow
        self._wire: SlowWire | None = None
        self.hosts: list[Host] = []

    @property
    def wire(self) -> SlowWire:
        """The slow one. Raises RuntimeError before it is laid."""
        if self._wire is None:
            raise RuntimeError("the network is not up")
        return self._wire

    def close(self) -> None:
        """Takes everything down."""
        if self._wire is not None:
            self._wire.close()
        for host in self.hosts:
            host.close()

    def cut(self, host: Host) -> None:
        """Pulls a host's plug out of the switch: what is under way vanishes, and nobody is told."""
        ip("link", "set", f"net{host.number}", "nomaster")

    def heal(self, host: Host) -> None:
        """Puts it in again."""
        ip("link", "set", f"net{host.number}", "master", "net")

    def _start(self) -> None:
        ip("link", "set", "lo", "up")
        for switch, address in (("net", CENTRE), ("usb", PHONES)):
            ip("link", "add", switch, "type", "bridge", "forward_delay", "0")
            ip("address", "add", f"{address}/24", "dev", switch)
            ip("link", "set", switch, "up")
        for number in range(self._count):
            host = Host(number)
            self.hosts.append(host)
            if number == self._count - 1:
                self._wire = SlowWire((f"net{number}", f"far{number}"), self._slow.delay, self._slow.loss)
            else:
                ip("link", "add", f"net{number}", "type", "veth", "peer", "name", f"far{number}")
            ip("link", "add", f"usb{number}", "type", "veth", "peer", "name", f"cable{number}")
            self._join(host)

    def _join(self, host: Host) -> None:
        ip("link", "set", "lo", "up", inside=host.inside)
        for switch, far, address in (
            ("net", "far", host.address),
            ("usb", "cable", host.address.replace("10.77.", "10.78.")),
        ):
            ip("link", "set", f"{switch}{host.number}", "master", switch, "up")
            ip("link", "set", f"{far}{host.number}", "netns", str(host.pid))
            ip("address", "add", f"{address}/24", "dev", f"{far}{host.number}", inside=host.inside)
            ip("link", "set", f"{far}{host.number}", "up", inside=host.inside)


def ip(*arguments: str, inside: Sequence[str] = ()) -> None:
    """Runs `ip`. Raises NoNetwork with its words."""
    done = subprocess.run([*inside, "ip", *arguments], check=False, capture_output=True, text=True, timeout=RUN_SECONDS)
    if done.returncode != 0:
        raise NoNetwork(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
