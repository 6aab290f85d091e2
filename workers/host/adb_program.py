"""Finds the adb program, in the order of adbutils, whose wheel brings one; without importing adbutils."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ANSWER_SECONDS = 5.0


class NoAdb(RuntimeError):
    """This machine has no adb that runs."""


@dataclass(frozen=True, slots=True)
class AdbProgram:
    """An adb that runs, and what it says of its version."""

    path: str
    said: str

    @property
    def version(self) -> str:
        """Returns 36.0.0-13206524 of `Version 36.0.0-13206524`, or all that it says."""
        line = next((line for line in self.said.splitlines() if line.startswith("Version ")), self.said.strip())
        return line.removeprefix("Version ")


def find_adb() -> AdbProgram:
    """Returns the adb of ADBUTILS_ADB_PATH, else the first that runs: on PATH, or in adbutils' wheel. Raises NoAdb."""
    named = os.environ.get("ADBUTILS_ADB_PATH")
    reasons = []
    for path in [named] if named else _candidates():
        try:
            return AdbProgram(path, _version(path))
        except (OSError, subprocess.SubprocessError) as error:
            reasons.append(str(error))
    raise NoAdb("; ".join(reasons) or "no adb on PATH, and none in adbutils")


def _candidates() -> Iterator[str]:
    on_path = shutil.which("adb")
    if on_path is not None:
        yield on_path
    spec = find_spec("adbutils")
    if spec is not None and spec.origin is not None:
        yield str(Path(spec.origin).parent / "binaries" / "adb")


def _version(path: str) -> str:
    return subprocess.run(
        [path, "version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
    ).stdout
