"""A failed attempt leaves evidence that a person can open."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import adbutils
import pytest
from sqlalchemy import select

from models.tables import Attempt
from models.transactions.read_write import read
from tests.support.fleet import Fleet
from workers.planting.submit import submit
from workers.tasks import collect_comments


@pytest.mark.fleet
def test_failed_attempt_keeps_what_it_saw(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 1, PHONEFLEET_LEASE="30") as fleet:
        _warm_the_painter(fleet)
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


def _warm_the_painter(fleet: Fleet) -> None:
    """Have a picture drawn: the first one reads the fonts, which may take longer than evidence waits for it."""
    phone = adbutils.AdbClient("127.0.0.1", fleet.adb_port).device(fleet.shelf.addresses[0])
    assert phone.shell("screencap -p", encoding=None, timeout=60).startswith(b"\x89PNG")
