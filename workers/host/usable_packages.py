"""Tells which flow packages this machine uses, and what is wrong with the others. A process of its own imports them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from flows.packages.find import VARIABLE, find
from models.database.terminal_safe import on_one_line
from models.values.refused import Problem

IMPORT_SECONDS = 60.0
UNREAD = "flow packages"  # the field of what is wrong with all of them together
INSTALL = "mend the package, or uninstall it"


def used_packages(folders: Sequence[Path], env: Mapping[str, str]) -> tuple[list[str], list[Problem]]:
    """Returns the names of the packaged flows in use, and the problems of the other packages.

    Imports nothing where no package was found.
    """
    found, problems = find([one.absolute() for one in folders])
    if not found:
        return [], [Problem(one.field, one.reason, one.remedy) for one in problems]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "flows.packages"],
            env={**env, VARIABLE: ",".join(map(str, folders))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], [Problem(UNREAD, f"their import takes longer than {IMPORT_SECONDS:g} s", INSTALL)]
    try:
        names, told = json.loads(done.stdout.decode(errors="replace").rpartition("\n")[2])
        return list(names), [Problem(*map(on_one_line, one)) for one in told]
    except (ValueError, TypeError):
        return [], [Problem(UNREAD, f"their import ends Python with status {done.returncode}", INSTALL)]
