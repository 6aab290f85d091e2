"""Work for a whole fleet whose every line in the ground truth belongs to one task."""

from __future__ import annotations

from collections import Counter

from celery import group

from tests.support.fleet import Fleet
from workers.tasks import directed


def comments(fleet: Fleet, count: int) -> group:
    """So many comments, each with a text of its own, on videos of the practice world's own authors."""
    owned = [author for author in fleet.shelf.authors() if author["main"]]
    videos = [(author["id"], video["title"]) for author in owned for video in author["videos"]]
    chosen = [videos[number % len(videos)] for number in range(count)]
    return group(
        directed.s(kind="comment", author_id=author, title=title, text=f"说得好 {number}")
        for number, (author, title) in enumerate(chosen)
    )


def said(fleet: Fleet) -> Counter[str]:
    """How often each text was really written."""
    return Counter(deed.text for deed in fleet.truth())


def each_once(count: int) -> Counter[str]:
    """What `said` is when those comments were all written, and none twice."""
    return Counter(f"说得好 {number}" for number in range(count))
