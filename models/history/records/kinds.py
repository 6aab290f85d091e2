"""The kinds of records that are no action's: `attempt`, and `task` for a task that ended without an attempt."""

from __future__ import annotations

from typing import Final

ATTEMPT: Final = "attempt"
TASK: Final = "task"
