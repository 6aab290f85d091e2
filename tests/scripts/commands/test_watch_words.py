"""What the commands of watches print, in Chinese."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from models.tables import Watch, WatchLook
from models.values.enums import LookOutcome
from scripts.commands.watch import _look, _shown
from scripts.terminal.language import words
from scripts.terminal.show import Sheet, list_blocks, print_sheet

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
KNOWN: dict[str, Any] = {
    "name": "wx1", "flow": "monitor_account", "params": {"author_id": "x1"}, "threshold": 3, "window": 60,
    "next_due": NOON, "paused": False, "failed_looks": 0,
}  # fmt: skip
ENGLISH = re.compile(r"[A-Za-z]{3,}")
DATA = {"author", "phonefleet", "watch", "show", "MON", "FRI", "Asia", "Shanghai"}


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PHONEFLEET_LANG", "zh")
    words.cache_clear()
    yield
    words.cache_clear()


def printed(show: Any) -> str:
    console = Console(record=True, width=200, file=io.StringIO())
    show(console)
    return console.export_text()


@pytest.mark.parametrize(
    "given",
    [
        {"every": 15, "words": {"any": ["好", "坏"]}},
        {"cron": "0 8-20 * * MON-FRI", "words": {"all": ["好"], "none": ["坏"]}, "looked_at": NOON},
        {"every": 5, "words": {}, "paused": True, "alerted_at": NOON, "failed_looks": 4},
    ],
)
def test_a_watch_is_listed_without_english_words(given: dict[str, Any]) -> None:
    told = printed(lambda console: list_blocks(console, "watches", [_shown(Watch(**{**KNOWN, **given}))]))
    assert [one for one in ENGLISH.findall(told) if one not in DATA] == []
    assert "账号监控" in told


@pytest.mark.parametrize("outcome", list(LookOutcome))
def test_a_look_is_listed_without_english_words(outcome: LookOutcome) -> None:
    look = WatchLook(
        due=NOON, outcome=outcome, seen=1, new=2, matched=3, missed=4, task_id="0" * 8, reason="its task is gone"
    )
    headings = ("due", "outcome", "seen", "new", "count", "missed", "task", "reason")
    told = printed(
        lambda console: print_sheet(console, Sheet("looks", headings, [_look(look)], "none yet", timed=True))
    )
    assert [one for one in ENGLISH.findall(told) if one not in DATA] == []
