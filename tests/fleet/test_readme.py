"""README's first hour on simulated phones: its set-up, its script and each of its examples, run as they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import ROOT, blocks
from tests.support.fleet import Fleet

PHONES = 3  # as README starts them
PYTHON, COMMAND = ".venv/bin/python", ".venv/bin/phonefleet"
LIMIT = 200


def _shell_blocks() -> list[str]:
    """README's blocks that speak to a running fleet of simulated phones, in their order."""
    told = ("phonefleet authors", "scripts.examples.")
    return [block.text for block in blocks("README.md") if any(word in block.text for word in told)]


def _script() -> str:
    return next(block.text for block in blocks("README.md") if block.language == "python")


def _run(fleet: Fleet, folder: Path, command: list[str]) -> str:
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        cwd=ROOT,
        env={**os.environ, **fleet.env, "COLUMNS": "100"},
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.mark.fleet
def test_the_first_hour(tmp_path: Path, sqlite_database: str, redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, redis_url, PHONES, owned=False) as fleet:
        written = _shell_blocks()
        assert sum("scripts.examples." in block for block in written) == 2
        here = {PYTHON: sys.executable, COMMAND: f"{sys.executable} -m scripts.cli"}
        for number, block in enumerate(written):
            text = block
            for path, program in here.items():
                text = text.replace(path, program)
            _run(fleet, tmp_path, ["bash", "-euc", text])
            if number == 0:  # the script follows the set-up
                first = tmp_path / "first.py"
                first.write_text(_script(), encoding="utf-8")
                _run(fleet, tmp_path, [sys.executable, "-c", f"import runpy; runpy.run_path({str(first)!r})"])
        assert fleet.states().keys() == {"succeeded"}
        assert fleet.differences() == []
        said = _run(fleet, tmp_path, [sys.executable, "-m", "scripts.cli", "status"])
        assert "succeeded" in said
