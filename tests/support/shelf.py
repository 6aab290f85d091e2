"""A shelf of simulated phones behind a real adb server, for tests and benchmarks."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import adbutils
from adbutils.errors import AdbError

from scripts.local.embedded import free_port
from tests.support.poll import wait_until
from workers.host.adb import NO_EMULATORS

READY_SECONDS = 30.0


class AdbServer:
    """The real adb server that adbutils bundles, on a free port of its own or the one given."""

    def __init__(self, port: int = 0) -> None:
        self.port = port

    def __enter__(self) -> Self:
        self.port = self.port or free_port()
        command = [adbutils.adb_path(), "-P", str(self.port), "server", "nodaemon"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **NO_EMULATORS}
        )
        wait_until(self.answers, READY_SECONDS, "the adb server")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(READY_SECONDS)

    @property
    def client(self) -> adbutils.AdbClient:
        return adbutils.AdbClient("127.0.0.1", self.port)

    def answers(self) -> bool:
        """Does it take connections?"""
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0


class Shelf:
    """phonesim in a process of its own, its phones connected to an adb server."""

    def __init__(
        self,
        adb: AdbServer,
        truth: Path,
        phones: int = 1,
        *,
        speed: float = 0,
        haste: float = 1,
        seed: int = 1,
        accounts: int = 0,
        rough: str | None = None,
        emoji: str = "some",
        times: str = "",
    ) -> None:
        """`emoji`: how many texts hold some: none, some or every. `times`: what calls take, as `--times` has it.

        `rough`: the options of `--rough`; an empty text is all of a rough shelf, None none of it.
        """
        self.adb = adb
        self.truth_file = truth
        self._command = [
            sys.executable, "-m", "phonesim", "--phones", str(phones), "--accounts", str(accounts or phones),
            "--speed", str(speed), "--haste", str(haste), "--seed", str(seed), "--truth", str(truth),
            "--die-with-parent", "--emoji", emoji,
        ]  # fmt: skip
        self._command += ["--times", times] if times else []
        if rough is not None:
            self._command += ["--rough", rough] if rough else ["--rough"]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], READY_SECONDS)
        line = self._process.stdout.readline() if readable else b""
        if not line:
            self._end()
            raise RuntimeError("phonesim did not become ready")
        ready = json.loads(line)
        self.control: str = ready["control"]
        self.phones: list[dict[str, str]] = ready["phones"]
        for phone in self.phones:
            self.adb.client.connect(phone["address"], timeout=READY_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # of a server that the same Ctrl-C ended adbutils starts another one, on the port where USB phones are
        for phone in self.phones if self.adb.answers() else ():
            self.adb.client.disconnect(phone["address"])
        self._end()

    def get(self, path: str) -> Any:
        """What the control port answers."""
        with urllib.request.urlopen(self.control + path, timeout=READY_SECONDS) as answer:
            return json.load(answer)

    def post(self, path: str, **body: Any) -> Any:
        """What the control port answers to a JSON body."""
        request = urllib.request.Request(
            self.control + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=READY_SECONDS) as answer:
            return json.load(answer)

    def fault(self, name: str, phone: str = "SIM0001", **options: Any) -> None:
        """Let a fault strike a phone."""
        self.post("/faults", phone=phone, fault=name, **options)

    def roughen(self, phone: str = "SIM0001", **options: Any) -> None:
        """Change habits of a phone ('*': of all)."""
        self.post("/roughness", phone=phone, **options)

    def heal(self, phone: str = "SIM0001") -> None:
        """End all faults of a phone ('*': of all), and wait until it is plugged in: it is a moment later."""
        self.post("/heal", phone=phone)
        wait_until(lambda: self._plugged(phone), READY_SECONDS, f"{phone} to be plugged in")

    def reconnect(self, address: str) -> None:
        """Let the adb server let go of a phone and take it again.

        One that is asked too soon says that it is connected already, and then lets go.
        """
        self.adb.client.disconnect(address)
        wait_until(lambda: not self._state(address), READY_SECONDS, f"adb to let go of {address}")

        def is_back() -> bool:
            self.adb.client.connect(address, timeout=READY_SECONDS)
            return self._state(address) == "device"

        wait_until(is_back, READY_SECONDS, f"adb to have {address}")

    def _state(self, address: str) -> str:
        """What the adb server says of a phone; nothing, if it does not know it."""
        try:
            return str(self.adb.client.device(address).get_state())
        except AdbError:
            return ""

    def _plugged(self, phone: str) -> bool:
        return all(each["plugged"] for each in self.get("/phones") if phone in ("*", each["serial"]))

    def truth(self) -> list[dict[str, Any]]:
        """What really happened, from the world's own log."""
        text = self.truth_file.read_text(encoding="utf-8") if self.truth_file.exists() else ""
        return [json.loads(line) for line in text.split("\n") if line]  # a text may hold U+2028, which splits no line

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(READY_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
