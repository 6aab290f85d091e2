"""What the traces of an action in doubt say, as a table."""

from __future__ import annotations

import pytest

from flows.action import ActionKind
from flows.verify import Seen, Traces, judge


@pytest.mark.parametrize(
    ("kind", "known", "since", "traces", "seen"),
    [
        ("comment", 0, 0, Traces(places=0), Seen.UNKNOWN),
        ("comment", 0, 0, Traces(places=1, seen=1), Seen.HAPPENED),
        ("comment", 0, 0, Traces(places=1, seen=0), Seen.NOT),
        ("comment", 0, 0, Traces(places=1, seen=0, complete=False), Seen.UNKNOWN),
        ("comment", 1, 0, Traces(places=1, seen=2, complete=False), Seen.HAPPENED),
        ("reply", 2, 0, Traces(places=2, seen=2), Seen.NOT),
        ("reply", 2, 0, Traces(places=2, seen=1), Seen.UNKNOWN),
        ("like_video", 0, 0, Traces(places=0), Seen.UNKNOWN),
        ("like_video", 0, 0, Traces(places=1, seen=0), Seen.NOT),
        ("like_video", 1, 0, Traces(places=1, seen=1), Seen.HAPPENED),
        ("like_video", 1, 0, Traces(places=2, seen=1), Seen.NOT),
        ("like_comment", 1, 0, Traces(places=2, seen=2), Seen.HAPPENED),
        ("like_video", 0, 1, Traces(places=1, seen=1), Seen.NOT),
        ("like_video", 0, 1, Traces(places=2, seen=1), Seen.NOT),
        ("like_video", 0, 1, Traces(places=2, seen=2), Seen.HAPPENED),
        ("like_video", 1, 1, Traces(places=2, seen=2), Seen.NOT),
        ("comment", 0, 1, Traces(places=1, seen=1), Seen.NOT),
        ("comment", 0, 1, Traces(places=1, seen=2), Seen.HAPPENED),
    ],
)
def test_what_traces_say(kind: str, known: int, since: int, traces: Traces, seen: Seen) -> None:
    assert judge(ActionKind(kind), known, since, traces) is seen
