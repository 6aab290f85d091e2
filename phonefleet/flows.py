"""The flows, to make signatures of: `flows.collect_titles.si(author_id="xiaopeng", count=2)`."""

from __future__ import annotations

from workers.tasks import collect_comments, collect_titles, directed, nurture

__all__ = ["collect_comments", "collect_titles", "directed", "nurture"]
