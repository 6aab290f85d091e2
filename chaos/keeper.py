"""The keeper restarts what was killed, after a short while, as systemd would."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol

from workers.runtime.linux import bound_to_me

log = logging.getLogger("phonefleet.chaos")

LOOK_SECONDS = 0.1
STOP_SECONDS = 45.0


class Kept(Protocol):
    """Something that is started again when it does not live."""

    name: str
    pause: float  # seconds between its death and its restart

    def alive(self) -> bool:
        """Returns whether it runs. A frozen process does."""

    def start(self) -> None:
        """Start it, on the port that it had."""


class KeptProcess:
    """A process of the product: a host agent or a coordinator."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self.pause = 1.0
        self._command = list(command)
        self._env = {**os.environ, **env}
        self.log = logs / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def also(self, env: Mapping[str, str]) -> None:
        """From its next start on it gets this environment as well."""
        self._env |= env

    @property
    def pid(self) -> int:
        """The process that runs now, or ran last. Raises RuntimeError before the first."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.pid

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                bound_to_me(self._command), env=self._env, stdout=output, stderr=subprocess.STDOUT
            )

    def signal(self, number: signal.Signals) -> None:
        """Signal it; nothing when it is gone."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def end(self, seconds: float = STOP_SECONDS) -> bool:
        """Ask it to end and wait; killed after that. True when it ended by itself."""
        if self._process is None:
            return True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            return False
        return True


class Keeper:
    """Keeps everything alive, each from a thread of its own: a database that is slow to start holds up nothing else.

    Everything is started in its thread alone: the kernel ends a bound process with the thread that started it.
    """

    def __init__(self, kept: Sequence[Kept]) -> None:
        self._kept = kept
        self._ended = Event()
        self._failed: BaseException | None = None
        self._lock = Lock()
        self.restarts = 0

    def start(self, seconds: float) -> None:
        """Start everything in order. Raises what a start raised, or TimeoutError."""
        deadline = time.monotonic() + seconds
        for one in self._kept:
            up = Event()
            Thread(target=self._keep, args=(one, up), name=f"keeper of {one.name}", daemon=True).start()
            if not up.wait(max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"the fleet was not started within {seconds:g} s: {one.name}")
            if self._failed is not None:
                raise self._failed

    def rest(self) -> None:
        """Restart nothing any more. The threads live on, for what they started ends with them."""
        self._ended.set()

    def all_alive(self) -> bool:
        return all(one.alive() for one in self._kept)

    def _keep(self, one: Kept, up: Event) -> None:
        try:
            one.start()
        except BaseException as error:  # noqa: BLE001  # start() waits, and raises it
            self._failed = error
        up.set()
        while not self._ended.wait(LOOK_SECONDS):
            if not one.alive():
                self._ended.wait(one.pause)
                self._start_again(one)
        Event().wait()

    def _start_again(self, one: Kept) -> None:
        if self._ended.is_set():
            return
        with suppress(TimeoutError, RuntimeError):  # tried again at the next look
            one.start()
            with self._lock:
                self.restarts += 1
            log.debug("%s was started again", one.name)
