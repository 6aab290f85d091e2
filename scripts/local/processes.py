"""Runs the processes of phonefleet on one machine: starts them in order, watches them, ends them in reverse order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from workers.runtime.linux import bound_to_me
from workers.runtime.log_files import for_people, keep_small, older

STOP_SECONDS = 40.0  # longer than a host's drain


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its name and its command. Only `keyed` parts get the master key."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # in addition to the environment of all parts
    keyed: bool = False


def python(*arguments: str) -> tuple[str, ...]:
    """Returns a command that runs this Python with these arguments."""
    return (sys.executable, *arguments)


HOST = Part("host", python("-m", "workers.host"))
COORDINATOR = Part("coordinator", python("-m", "workers.coordinator"))
DELIVERY = Part("deliver", python("-m", "gateway.delivery"), keyed=True)
MASTER_KEYS = ("PHONEFLEET_MASTER_KEY", "PHONEFLEET_OLD_MASTER_KEY")


def gateway(port: int) -> Part:
    """Returns the gateway on this port of loopback."""
    return Part("gateway", python("-m", "gateway", "--port", str(port)), keyed=True)


def console(host: str, port: int) -> Part:
    """Returns the console on this address and port."""
    return Part("console", python("-m", "gateway.console", "--host", host, "--port", str(port)))


class PartDied(RuntimeError):
    """A part ended that should run; the message contains the end of its log."""


class Processes:
    """Starts parts, with their output in `logs`/NAME.log. All of them end with this process."""

    def __init__(self, logs: Path, env: Mapping[str, str]) -> None:
        self._logs = logs
        self._env = {**os.environ, **env}
        self._running: list[tuple[Part, subprocess.Popen[bytes]]] = []
        self._started: set[str] = set()

    def start(self, part: Part) -> subprocess.Popen[bytes]:
        """Starts one part, and continues the log of one that it started before. Returns its process.

        The log of an earlier run is kept, under the name of an older one.
        """
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = {**self._env, **part.env}
        if not part.keyed:
            for name in MASTER_KEYS:
                env.pop(name, None)
        if part.name not in self._started and self.log(part).exists():
            self.log(part).replace(older(self.log(part)))
        # to append, so that the part goes on at the beginning when its log is made small
        with self.log(part).open("ab") as output:
            process = subprocess.Popen(
                bound_to_me(list(part.command)), env=env, stdout=output, stderr=subprocess.STDOUT
            )
        self._started.add(part.name)
        self._running.append((part, process))
        return process

    def also(self, env: Mapping[str, str]) -> None:
        """Adds to the environment of the parts that are started from now on."""
        self._env.update(env)

    def log(self, part: Part) -> Path:
        """Returns the file of a part's output."""
        return self._logs / f"{part.name}.log"

    def check(self) -> None:
        """Raises PartDied when a part ended."""
        for part, process in self._running:
            if process.poll() is not None:
                raise PartDied(f"{part.name} ended with {process.returncode}:\n{self.last_words(part)}")

    def last_words(self, part: Part) -> str:
        """Returns the end of a part's log."""
        try:
            lines = self.log(part).read_text(errors="replace").splitlines()[-8:]
        except OSError as error:
            return str(error)
        return "\n".join(map(for_people, lines))

    def keep_logs_small(self) -> None:
        """Moves the content of logs that have grown too large to an older one."""
        with contextlib.suppress(OSError):  # a full disk is told by those who need it
            keep_small(self._logs)

    def running(self) -> list[Part]:
        """Returns the parts that are watched, in the order of their start."""
        return [part for part, _ in self._running]

    def take_ended(self) -> list[tuple[Part, int]]:
        """Returns the parts that ended since, each with Popen's status, and watches them no longer."""
        ended = [(part, process, process.poll()) for part, process in self._running]
        self._running = [(part, process) for part, process, status in ended if status is None]
        return [(part, status) for part, _, status in ended if status is not None]

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Stops watching a part: it may end, and the caller waits for it."""
        self._running = [(part, other) for part, other in self._running if other is not process]

    def kill(self, name: str) -> None:
        """Kills a part, as a power cut would, and stops watching it. Raises LookupError when none runs."""
        found = [one for one in self._running if one[0].name == name]
        if not found:
            raise LookupError(f"no {name} runs")
        for part, process in found:
            process.kill()
            process.wait(5)
            self._running.remove((part, process))

    def stop(self) -> None:
        """Terminates all parts, the last started first, and kills those that do not end in time."""
        for _, process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for _, process in reversed(self._running):
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        self._running.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
