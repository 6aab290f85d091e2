"""Who says in people's language what a script prints of its own: `in_words` in scripts/terminal.

The ledger's room knows no language. So an object that a script may print asks here whether somebody speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

speakers: dict[str, Callable[[Any], str]] = {}  # by the kind of what is printed


def spoken(kind: str, one: object, english: str) -> str:
    """Returns what the speaker of this kind says; the English words where there is none."""
    speaker = speakers.get(kind)
    return english if speaker is None else speaker(one)
