"""A reader who follows a page of the documents literally, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.documents import blocks

LIMIT = 240
PROGRAMS = {"phonefleet": " -m scripts.cli", "python": "", "pip": " -m pip"}


def written(page: str, *words: str) -> str:
    """The block of a page that has these words."""
    (found,) = [block.text for block in blocks(page) if all(word in block.text for word in words)]
    return found


def follow(folder: Path, block: str, env: dict[str, str], typed: str = "") -> str:
    """Run a block in the reader's folder, and type these lines; what it prints."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name, module in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable}{module} "$@"\n')
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", block],
        cwd=folder,
        env={**os.environ, "PHONEFLEET_LANG": "en", **env, "PATH": path, "COLUMNS": "200"},
        input=typed,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout
