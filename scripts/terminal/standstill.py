"""Says why nothing of a campaign moves, in one sentence, alike wherever it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.terminal.language import put, said
from scripts.terminal.moments import named

if TYPE_CHECKING:
    from models.tasks.progress import Why


def standstill(why: Why) -> str:
    """Returns the sentence that tells why nothing moves."""
    told = {"why": said(why.reason), "remedy": said(why.remedy)}
    if why.since is None:
        return put("nothing moves: {why}; {remedy}", **told)
    return put("nothing moves, since {moment}: {why}; {remedy}", moment=named(why.since), **told)
