"""A failed attempt leaves evidence that a person can open."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from models.engine import read
from models.tables import Attempt
from tests.support.fleet import Fleet
from workers.submit import submit
from workers.tasks import collect_comments


@pytest.mark.fleet
def test_failed_attempt_keeps_what_it_saw(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 1) as fleet:
        missing = collect_comments.s(author_id="xiaopeng", title="没有这个视频", most=5, video_loop=5)
        handle = submit(missing, name="no such video", seed=1, engine=fleet.engine)
        assert handle.wait(60) == "failed"

        def stored() -> dict[str, object] | None:
            attempt = read(fleet.engine, lambda session: session.scalars(select(Attempt)).one())
            return attempt.evidence if attempt.evidence and attempt.evidence["stored"] else None

        summary = fleet.wait(stored, 30, "the evidence to be stored")
        folder = Path(urlsplit(str(summary["url"])).path)
        facts = json.loads((folder / "evidence.json").read_text())
        assert facts["failure"]["code"] == "video_not_found"
        assert (folder / "screenshot.jpg").read_bytes().startswith(b"\xff\xd8")
        assert "page_author" in (folder / "ui.xml").read_text()
