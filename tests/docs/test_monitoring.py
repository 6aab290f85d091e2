"""Both pages about monitoring say of triage what it does on the labelled sample."""

from __future__ import annotations

import re

from scripts.commands.watch_given import labelled
from tests.support.documents import ROOT
from workers.policy.monitoring.mood import MoodWords, measure, right_by_mark

SAMPLE = ROOT / "tests" / "workers" / "policy" / "monitoring" / "labelled_comments.csv"
ENGLISH, CHINESE = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("monitoring.md", "monitoring.zh-CN.md")
)


def test_they_say_what_triage_does_on_the_sample() -> None:
    sample = list(labelled(SAMPLE))
    found, marks = measure(MoodWords(), sample), right_by_mark(MoodWords(), sample)
    for page in (ENGLISH, CHINESE):
        for mood, one in found.items():
            assert re.search(rf"\| {mood}[^|]*\| {one.precision:.2f} \| {one.recall:.2f} \|", page), mood
    for mark in ("irony", "negation", "trap"):
        number, right = marks[mark]
        assert f"{right} of {number} " in ENGLISH
        assert f"{number} 条" in CHINESE
        assert f"判对 {right} 条" in CHINESE
