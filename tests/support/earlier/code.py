"""Runs the code of the earlier version: beside ours, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts.local.processes import Part

ARCHIVE = Path(__file__).with_name("version.tar.xz")
SECONDS = 60.0  # for a call of it

_MIGRATE = """
import sys
from models.database.engine import connect
from models.migrate import upgrade
upgrade(connect(sys.argv[1]))
"""
_PLANT = """
import json, sys
from models.responsible_use.authors import register_author, set_basis
from workers.planting.submit import submit
from workers.runtime.process_engine import process_engine
asked = json.load(sys.stdin)
for author in asked["authors"]:
    register_author(process_engine(), author["id"], author["name"])
    if author["main"]:
        set_basis(process_engine(), author["id"], "owned", who="test")
print(submit(asked["canvas"], name=asked["name"], seed=1).id)
"""


class EarlierCode:
    """The code of the earlier version in a folder. Python finds it there before ours."""

    def __init__(self, folder: Path) -> None:
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        self._folder = folder

    def of(self, part: Part) -> Part:
        """The same part of the earlier version. It starts in its folder: Celery looks there for its settings too."""
        return replace(part, command=("env", "-C", str(self._folder), *part.command))

    def migrate(self, url: str) -> None:
        """Make its tables in an empty database."""
        self._run(_MIGRATE, url)

    def plant(
        self, canvas: Mapping[str, Any], name: str, authors: list[dict[str, Any]], settings: Mapping[str, str]
    ) -> str:
        """Register authors and submit a canvas; the campaign's id."""
        asked = {"canvas": canvas, "name": name, "authors": authors}
        return self._run(_PLANT, asked=asked, settings=settings).strip()

    def _run(self, program: str, *arguments: str, asked: Any = None, settings: Mapping[str, str] | None = None) -> str:
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            input=json.dumps(asked),
            cwd=self._folder,
            env={**os.environ, **(settings or {})},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout
