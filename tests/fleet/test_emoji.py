"""Texts with emoji on their way: given by the operator, stored, sent, looked for after a death, collected again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from celery import group
from sqlalchemy import select

from models.tables import ActionRow, CollectedComment
from models.transactions.read_write import read
from tests.support.fleet import Fleet
from tests.support.work import said
from workers.planting.submit import submit
from workers.tasks import collect_comments, directed

PHONES = 3
MARKS = ("😀", "😂", "👍🏽", "👨‍👩‍👧‍👦", "🇨🇳", "..", "𠮷", "❤️‍🔥")
TEXTS = ["=讲得很清楚😀", *(f"讲得好{mark}" for mark in MARKS)]


def videos(fleet: Fleet) -> list[tuple[str, str]]:
    """A video for each text, whose title no other video of its author begins like."""
    found = []
    for author in fleet.shelf.authors():
        titles = [video["title"] for video in author["videos"]]
        unlike = [title for title in titles if sum(other[:24] == title[:24] for other in titles) == 1]
        found += [(author["id"], title) for title in unlike[:2] if author["main"]]
    return found[: len(TEXTS)]


@pytest.mark.fleet
def test_texts_with_emoji(tmp_path: Path, database_url: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, database_url, empty_redis_url, PHONES, rough="emoji") as fleet:
        fleet.fault("kill_ui_server", "SIM0001", at="after_tap", on="comment_send")  # it was sent, and nobody heard
        fleet.fault("kill_ui_server", "SIM0002", at="next_tap", on="comment_send")  # it was not
        where = videos(fleet)
        work = group(
            directed.s(kind="comment", author_id=author, title=title, text=text)
            for text, (author, title) in zip(TEXTS, where, strict=True)
        )
        assert submit(work, name="emoji", seed=1, engine=fleet.engine).wait(150) == "succeeded"
        assert said(fleet) == Counter(TEXTS)
        assert fleet.differences() == []
        assert {attempt.failure_code for attempt in fleet.attempts()} >= {"outcome_unknown"}
        actions = read(fleet.engine, lambda session: session.scalars(select(ActionRow)).all())
        done = {(action.author_id, action.title, action.text) for action in actions if action.outcome == "done"}
        assert done == {(author, title, text) for text, (author, title) in zip(TEXTS, where, strict=True)}

        again = group(collect_comments.s(author_id=author, title=title, most=5) for author, title in where)
        assert submit(again, name="again", seed=1, engine=fleet.engine).wait(150) == "succeeded"
        comments = read(fleet.engine, lambda session: session.scalars(select(CollectedComment)).all())
        assert {comment.text for comment in comments} >= set(TEXTS)
