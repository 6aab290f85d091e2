"""The host agents of benchmarks/fleet.py: as many as its phones need, each with its share of them."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from benchmarks.fleet_report import HOST
from scripts.local.embedded import free_port
from tests.support.host.processes import children
from workers.host.adb_room import MOST_PHONES
from workers.runtime.linux import bound_to_me

ZYGOTE = "workers.host.zygote"
FILES, MORE_FILES = 8, 1000  # that Redis has open for a phone, 6 of them its worker's connections; and for the rest
THREADS, MORE_THREADS = 8, 4000  # of a phone in its worker, adb server and MariaDB; and of the rest
PID_MAX = Path("/proc/sys/kernel/pid_max")
END_SECONDS = 300.0  # hundreds of workers end, each with its connections
MB = 1024.0  # smaps counts in kB


def hosts_for(phones: int) -> int:
    """As few hosts as serve so many phones, all of which are connected over the network."""
    return -(-phones // MOST_PHONES)


def check_machine(phones: int) -> None:
    """Raise SystemExit with reason and remedy where so many phones pass a limit: it would show after minutes."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES * phones + MORE_FILES
    if 0 <= files < wanted:
        raise SystemExit(
            f"ulimit -n: {phones} phones need {wanted} open files, and {files} are allowed: ulimit -Hn {wanted}"
        )
    ids, wanted = int(PID_MAX.read_text(encoding="ascii")), THREADS * phones + MORE_THREADS
    if ids < wanted:
        raise SystemExit(f"{PID_MAX}: {phones} phones need {wanted} threads, and {ids} are allowed: raise it as root")


def names(hosts: int) -> list[str]:
    """What each host is called: host, or host-1, host-2 and so on."""
    return [HOST] if hosts == 1 else [f"{HOST}-{number}" for number in range(1, hosts + 1)]


def shares(addresses: Mapping[str, str], hosts: int) -> list[dict[str, str]]:
    """The phones of each host: as many, to one."""
    each = list(addresses.items())
    return [dict(each[number::hosts]) for number in range(hosts)]


class HostAgent:
    """The agent of one host, with a name, a folder and an adb port of its own."""

    def __init__(self, name: str, environment: Mapping[str, str], addresses: Mapping[str, str]) -> None:
        """`environment`: as all hosts have it, but for the user of the database."""
        self.name = name
        self.database = environment["PHONEFLEET_DATABASE_URL"]
        self.adb_port = free_port()
        folder = Path(environment["PHONEFLEET_VAR"]) / name
        folder.mkdir(mode=0o700)
        self.process = subprocess.Popen(
            bound_to_me([sys.executable, "-m", "workers.host"]),
            env={
                **environment,
                "PHONEFLEET_HOST": name,
                "PHONEFLEET_VAR": str(folder),
                "PHONEFLEET_ADB_PORT": str(self.adb_port),
                "PHONEFLEET_ADB_CONNECT": ",".join(addresses.values()),
            },
        )

    @cached_property
    def zygote(self) -> int:
        """The process that forks its workers."""
        (zygote,) = children(self.process.pid, ZYGOTE)
        return zygote

    def workers(self) -> list[int]:
        """Its workers' processes."""
        return children(self.zygote, ZYGOTE)

    def pids(self) -> list[int]:
        """All of its processes that are Python."""
        return [self.process.pid, self.zygote, *self.workers()]

    def ended(self) -> None:
        """Wait for the end that was asked for; one that does not come is brought about."""
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def pss(pid: int) -> float:
    """The proportional set size of a process, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / MB
    raise RuntimeError(f"no PSS for process {pid}")
