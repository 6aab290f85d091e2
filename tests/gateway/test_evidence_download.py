"""What a failed attempt saw can be fetched, sealed as everything is, by the customer whose task it was."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from gateway.client import Problem
from models.engine import write
from models.tables import Attempt
from tests.gateway.api_server import Api, listening
from tests.ledger.drive import AUTHOR, owned_author, phone_seat, take
from workers.record import Failed, record
from workers.settings import settings

SCREENSHOT = bytes(range(256)) * 40


@pytest.fixture
def place(
    ledger: Engine, tmp_path: Path, redis_url: str, master_key: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Api]:
    """A gateway whose evidence lies in the test's folder."""
    monkeypatch.setenv("PHONEFLEET_EVIDENCE", str(tmp_path))
    monkeypatch.setenv("PHONEFLEET_REDIS_URL", redis_url)
    settings.cache_clear()
    with listening(ledger) as made:
        yield made


def test_the_files_of_a_failed_attempt_are_those_that_were_stored(place: Api, tmp_path: Path) -> None:
    owned_author(place.engine)
    seat = phone_seat(place.engine, "p1")
    mine, other = place.caller(), place.caller("other")
    task_id = mine.client.submit("collect_titles", {"author_id": AUTHOR, "count": 1}, reference="one").id
    record(place.engine, take(place.engine, task_id, seat), Failed("video_not_found", "not there", step="find"))

    def store(session: Session) -> None:
        told = {"url": f"file://{tmp_path}/{task_id}/1/", "stored": True, "page": "feed"}
        session.execute(update(Attempt).values(evidence=told))

    write(place.engine, store)
    folder = tmp_path / task_id / "1"
    folder.mkdir(parents=True)
    (folder / "screenshot.jpg").write_bytes(SCREENSHOT)
    address = f"/v1/tasks/{task_id}/attempts/1/evidence"
    found = mine.client.call("GET", f"{address}/screenshot.jpg")
    assert (found["media_type"], found["bytes"]) == ("image/jpeg", len(SCREENSHOT))
    content = base64.b64decode(found["content"])
    assert hashlib.sha256(content).digest() == hashlib.sha256(SCREENSHOT).digest()
    (attempt,) = mine.client.call("GET", f"/v1/tasks/{task_id}/attempts")["items"]
    assert attempt["failure"]["code"] == "video_not_found"
    assert attempt["evidence"] == {"stored": True, "page": "feed"}  # where it lies is the operator's own affair
    for client, path in (
        (other.client, f"{address}/screenshot.jpg"),
        (mine.client, f"{address}/ui.xml"),
        (mine.client, f"{address}/..%2F..%2Fscreenshot.jpg"),
        (mine.client, f"/v1/tasks/{task_id}/attempts/2/evidence/screenshot.jpg"),
    ):
        with pytest.raises(Problem) as refused:
            client.call("GET", path)
        assert refused.value.status == 404, path
