"""Runs phonesim in a process of its own, and asks it about its world."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from scripts.local.processes import Part, Processes, python

READY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """A running phonesim: the addresses of its phones, its control API, and its log of what really happened."""

    control: str
    addresses: tuple[str, ...]
    truth: Path

    def authors(self) -> list[dict[str, Any]]:
        """Returns the world's authors: id, name, and whether they belong to the operator."""
        answer = requests.get(f"{self.control}/world", timeout=10)
        answer.raise_for_status()
        authors: list[dict[str, Any]] = answer.json()["authors"]
        return authors


class ShelfNotReady(RuntimeError):
    """phonesim did not start in time; the message names its log."""


def start_shelf(
    processes: Processes,
    var: Path,
    phones: int,
    speed: float,
    seed: int,
    *,
    rough: bool | str = False,
    bind: str = "",
) -> Shelf:
    """Starts phonesim and waits until its phones accept connections. Raises ShelfNotReady, PartDied.

    `rough`: its phones are as rough as real ones; a text names the ways (phonesim's `--rough`). `bind`: the address at
    which their ADB ports listen, where it is not loopback.
    """
    truth = var / "truth.jsonl"
    command = ["-m", "phonesim", "--phones", str(phones), "--speed", f"{speed:g}", "--seed", str(seed)]
    if rough:
        command += ["--rough"] if rough is True else ["--rough", str(rough)]
    if bind:
        command += ["--bind", bind]
    part = Part("phonesim", python(*command, "--truth", str(truth), "--die-with-parent"))
    processes.start(part)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        processes.check()
        for line in processes.log(part).read_text(errors="replace").splitlines():
            if line.startswith("{"):  # the one line with its addresses
                said = json.loads(line)
                return Shelf(said["control"], tuple(phone["address"] for phone in said["phones"]), truth)
        time.sleep(0.05)
    raise ShelfNotReady(f"phonesim was not ready after {READY_SECONDS:g} s; see {processes.log(part)}")
