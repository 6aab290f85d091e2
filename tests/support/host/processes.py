"""A host agent and a phonesim as processes of their own, for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from redis import Redis

from scripts.local.embedded import free_port
from tests.support.poll import wait_until
from workers.runtime.linux import bound_to_me

WAIT = 60.0


class Sim:
    """Simulated phones, and the control port through which things go wrong with them."""

    def __init__(self, phones: int, adb_port: int = 0) -> None:
        """`adb_port`: of an adb server that has the phones at USB; 0: they are in the network alone."""
        command = [sys.executable, "-m", "phonesim", "--phones", str(phones), "--speed", "0", "--seed", "1"]
        command += ["--adb-port", str(adb_port)]
        self._process = subprocess.Popen(bound_to_me(command), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready = json.loads(self._process.stdout.readline())
        self._control: str = ready["control"]
        self.addresses: Mapping[str, str] = {phone["serial"]: phone["address"] for phone in ready["phones"]}

    def fault(self, serial: str, name: str) -> None:
        """Let a fault strike now."""
        self._post("/faults", {"phone": serial, "fault": name})

    def heal(self, serial: str) -> None:
        """End all faults of a phone."""
        self._post("/heal", {"phone": serial})

    def usb(self, **options: Any) -> None:
        """Have a phone, or a line without one, listed otherwise at USB."""
        self._post("/usb", options)

    def phone(self, serial: str) -> dict[str, Any]:
        """What `GET /phones` shows of it."""
        with urllib.request.urlopen(f"{self._control}/phones", timeout=WAIT) as answer:
            phones = {phone["serial"]: phone for phone in json.load(answer)}
        return cast("dict[str, Any]", phones[serial])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(WAIT)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        request = urllib.request.Request(f"{self._control}{path}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=WAIT):
            pass


class Host:
    """A host agent, what it told its ledger, and its worker processes."""

    def __init__(self, redis_url: str, addresses: Mapping[str, str], **environment: str) -> None:
        self.redis = Redis.from_url(redis_url, socket_timeout=10, decode_responses=True)
        self.adb_port = int(environment.get("PHONEFLEET_ADB_PORT", 0)) or free_port()
        self._log = tempfile.NamedTemporaryFile(prefix="phonefleet-host-", suffix=".log")  # noqa: SIM115  # closed below
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.host.run_host"],
            env={
                **os.environ,
                "PHONEFLEET_REDIS_URL": redis_url,
                "PHONEFLEET_TASKS": "tests.support.host.sample_tasks",
                "PHONEFLEET_HOST": "shelf",
                "PHONEFLEET_DESKS": "0",
                "PHONEFLEET_LEASE": "5",
                "PHONEFLEET_ADB_USB": "0",
                "PHONEFLEET_ADB_PORT": str(self.adb_port),
                "PHONEFLEET_ADB_CONNECT": ",".join(addresses.values()),
                **environment,
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def told(self, *words: str) -> list[list[str]]:
        """What the ledger was told so far that begins with these words."""
        lines = cast("list[str]", self.redis.lrange("told", 0, -1))
        return [line.split("\t") for line in lines if line.split("\t")[: len(words)] == list(words)]

    def wait_told(self, *words: str, times: int = 1) -> list[list[str]]:
        """The same, once there are so many."""

        def found() -> list[list[str]]:
            if self.process.poll() not in (None, 0):
                raise RuntimeError(f"the host agent ended:\n{self.log()}")
            lines = self.told(*words)
            return lines if len(lines) >= times else []

        try:
            return wait_until(found, WAIT, " ".join(words))
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log()}") from None

    def incarnation(self, serial: str) -> str:
        """Who serves this phone now, by what the ledger was told."""
        return str(self.redis.hget("serves", serial))

    def workers(self) -> list[int]:
        """The zygote and its children, by pid."""
        zygotes = children(self.process.pid, "workers.host.zygote")
        return [*zygotes, *(child for zygote in zygotes for child in children(zygote, "workers.host.zygote"))]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the agent and wait for its end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT)

    def log(self) -> str:
        """The end of what the agent and its workers logged."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")[-3000:]

    def close(self) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        self.redis.close()
        self._log.close()


@contextmanager
def shelf(redis_url: str, phones: int, **environment: str) -> Iterator[tuple[Sim, Host]]:
    """Simulated phones and the agent that serves them, once every phone is online."""
    sim = Sim(phones)
    try:
        host = Host(redis_url, sim.addresses, **environment)
        try:
            host.wait_told("online", times=phones)
            yield sim, host
        finally:
            host.close()
    finally:
        sim.close()


def children(parent: int, mark: str) -> list[int]:
    """The child processes whose command line holds `mark`, by pid."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            ppid = int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
            if ppid == parent and mark in stat.with_name("cmdline").read_text(encoding="utf-8", errors="replace"):
                found.append(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
