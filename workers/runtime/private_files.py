"""Keeps the files of a process from the machine's other users.

Ledger, evidence, screenshots and logs hold customers' texts and people's accounts.
"""

from __future__ import annotations

import os
from pathlib import Path

OWNER_ALONE = 0o077  # a umask
OTHERS = 0o077  # the bits of a mode by which group and others get at a file


def keep_files_private() -> None:
    """Lets this process, and those it starts, make files of mode 0600 and folders of mode 0700.

    Every entry point calls it before it makes anything.
    """
    os.umask(OWNER_ALONE)


def open_to_others(path: Path) -> bool:
    """Returns whether other users of the machine may read, list or change it; False where it is not there."""
    try:
        return bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False
