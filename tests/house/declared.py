"""What setup.cfg declares."""

from __future__ import annotations

from configparser import ConfigParser
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


@cache
def required(part: str) -> list[Requirement]:
    """What setup.cfg asks for: `runtime` for everybody, else in an extra."""
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    text = parser["options"]["install_requires"] if part == "runtime" else parser["options.extras_require"][part]
    return [Requirement(line) for line in text.splitlines() if line and not line.startswith("#")]
