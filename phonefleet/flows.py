"""The flows, to make signatures of: `flows.collect_titles.si(author_id="xiaopeng", count=2)`.

Flows of packages are here too, by the name that their manifest gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.tasks import (
    FLOW_TASKS,
    collect_comments,
    collect_titles,
    directed,
    dislike_comment,
    monitor_account,
    monitor_keyword,
    monitor_post,
    nurture,
    report_comment,
)

__all__ = [
    "collect_comments",
    "collect_titles",
    "directed",
    "dislike_comment",
    "monitor_account",
    "monitor_keyword",
    "monitor_post",
    "nurture",
    "report_comment",
]

if not TYPE_CHECKING:  # with __getattr__, a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name not in FLOW_TASKS:
            there_are = ", ".join(sorted(FLOW_TASKS))
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}; the flows are {there_are}")
        return FLOW_TASKS[name]
