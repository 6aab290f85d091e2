"""Collected comments, as phones' tasks store them, and made searchable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Engine

from models.tasks.collected import note_result
from models.tasks.texts.fill import fill_texts
from models.transactions.read_write import write
from tests.support.ledger.ended import comment


def collect(
    engine: Engine,
    author: str,
    title: str,
    texts: Sequence[str],
    at: datetime,
    *,
    sandbox: bool = False,
    task_id: str = "",
) -> None:
    """Store the comments of one video, as a phone's task does."""
    every = [comment(number, text) for number, text in enumerate(texts)]
    result = {"author_id": author, "author": author, "title": title, "comments": every}
    mine = task_id or str(uuid4())
    write(
        engine,
        lambda session: note_result(session, "collect_comments", mine, result, at, sandbox=sandbox),
    )


def filled(engine: Engine) -> int:
    """Makes everything searchable. Returns the number of texts that were not."""
    done = 0
    for _ in range(1000):
        some = fill_texts(engine)
        done += some
        if not some:
            return done
    raise AssertionError("it does not end")
