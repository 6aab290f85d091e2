"""A campaign's progress in one line, in the language that is spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.terminal.language import put, word
from scripts.terminal.standstill import standstill

if TYPE_CHECKING:
    from models.tasks.progress import Progress


def progress_line(progress: Progress) -> str:
    """Returns the line: how many tasks ended, the number of each flow's tasks in each state, why nothing moves."""
    parts = [put("{ended}/{total} ended", ended=progress.ended, total=progress.total)]
    for flow, states in sorted(progress.tasks.items()):
        counts = " ".join(f"{word('state', state)}={count}" for state, count in sorted(states.items()))
        parts.append(f"{word('flow', flow)} {counts}")
    if progress.why is not None:
        parts.append(standstill(progress.why))
    return put("; ").join(parts)
