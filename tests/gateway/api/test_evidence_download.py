"""What a failed attempt saw can be fetched, sealed as everything is, by the customer whose task it was."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from gateway.api.evidence_store import PIECE_BYTES
from gateway.client.client import Problem
from tests.support.gateway.api_server import Api, Caller, Raw, listening
from tests.support.gateway.customers import deliveries
from tests.support.ledger.drive import AUTHOR, online_worker, owned_author, take
from tests.support.poll import wait_until
from workers.attempts.outcome import Failed
from workers.attempts.record import record
from workers.evidence.storage import StorageError
from workers.settings import settings

SCREENSHOT = bytes(range(256)) * 40
CALLBACK = "https://hooks.example.com/callbacks"


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


def failed(place: Api, caller: Caller, evidence: Mapping[str, Any] | None, **more: Any) -> str:
    """A task of this caller whose attempt failed, and saw this."""
    owned_author(place.engine)
    identity = online_worker(place.engine, "p1")
    asked = {"author_id": AUTHOR, "count": 1}
    task_id = caller.client.submit("collect_titles", asked, reference=uuid4().hex, **more).id
    outcome = Failed("video_not_found", "not there", step="find", evidence=evidence)
    record(place.engine, take(place.engine, task_id, identity), outcome)
    return task_id


def store(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "screenshot.jpg").write_bytes(SCREENSHOT)


def test_the_files_of_a_failed_attempt_are_those_that_were_stored(place: Api, tmp_path: Path) -> None:
    mine, other = place.caller(), place.caller("other")
    task_id = failed(place, mine, {"url": f"file://{tmp_path}/", "stored": True, "page": "feed"})
    store(tmp_path / task_id / "1")
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


def evidence_of(place: Api, caller: Caller, folder: Path, content: bytes) -> str:
    """The address of a screenshot with this content."""
    task_id = failed(place, caller, {"url": f"file://{folder}/", "stored": True})
    (folder / task_id / "1").mkdir(parents=True)
    (folder / task_id / "1" / "screenshot.jpg").write_bytes(content)
    return f"/v1/tasks/{task_id}/attempts/1/evidence/screenshot.jpg"


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 2])
def test_a_file_of_any_size_arrives_as_it_was_stored(place: Api, tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    for caller, seal in ((place.caller(), ""), (place.caller("plain", plain_json_allowed=True), "?seal=none")):
        raw = Raw(place, caller)
        answer = raw.send("GET", evidence_of(place, caller, tmp_path, content) + seal)
        found = answer.json() if seal else raw.opened(answer)
        assert (found["bytes"], base64.b64decode(found["content"]) == content) == (size, True)


def test_a_key_fetches_so_many_at_once_and_slow_readers_stop_nobody_else(place: Api, tmp_path: Path) -> None:
    big = bytes(12_000_000)  # more than the system keeps for who does not read
    with listening(place.engine, evidence_downloads=3) as tight, ExitStack() as opened:
        slow, other = tight.caller(rate_per_second=10_000.0), tight.caller("other")
        address, small = evidence_of(place, slow, tmp_path, big), evidence_of(place, other, tmp_path, b"x")
        raw = Raw(tight, slow)
        answers = [opened.enter_context(raw.send("GET", address, stream=True)) for _ in range(3)]
        assert [one.status_code for one in answers] == [200] * 3
        refused = raw.send("GET", address)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert raw.opened(refused)["code"] == "too_many_requests"
        assert raw.send("GET", "/v1/phones").status_code == 200
        assert Raw(tight, other).send("GET", small).status_code == 200
        answers[0].close()
        wait_until(lambda: raw.send("GET", address).status_code == 200, 20, "the place of the one that went")


def test_a_storage_that_fails_half_way_is_told_as_one_that_is_away(
    place: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = place.caller()
    address = evidence_of(place, mine, tmp_path, bytes(100))

    def cut(*_: object) -> Iterator[bytes]:
        yield bytes(30)
        raise StorageError("the network is away")

    monkeypatch.setattr("workers.evidence.storage.Storage.pieces", cut)
    with pytest.raises(Problem) as refused:
        mine.client.call("GET", address)
    assert (refused.value.status, refused.value.code, refused.value.signed) == (503, "unavailable", True)


def test_a_storage_that_is_away_is_no_evidence_that_is_gone(
    place: Api, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine = place.caller()
    task_id = failed(place, mine, {"url": f"file://{tmp_path}/", "stored": True})
    (tmp_path / task_id).write_bytes(b"where a folder should be")
    with caplog.at_level("WARNING", "phonefleet.gateway"), pytest.raises(Problem) as refused:
        mine.client.call("GET", f"/v1/tasks/{task_id}/attempts/1/evidence/screenshot.jpg")
    assert (refused.value.status, refused.value.code, refused.value.signed) == (503, "unavailable", True)
    assert "the evidence's storage does not answer: cat_file" in caplog.text
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize("stored", [True, None])
def test_a_callback_names_the_address_at_which_its_evidence_is_fetched(
    place: Api, tmp_path: Path, stored: bool | None
) -> None:
    mine = place.caller()
    task_id = failed(place, mine, {"url": f"file://{tmp_path}/", "stored": stored}, callback_url=CALLBACK)
    store(tmp_path / task_id / "1")
    (owed,) = deliveries(place.engine)
    told = owed.payload["failure"]["evidence"]
    found = mine.client.call("GET", f"{told}screenshot.jpg")
    assert base64.b64decode(found["content"]) == SCREENSHOT
    assert str(tmp_path) not in str(owed.payload)


@pytest.mark.parametrize("evidence", [None, {"url": None, "stored": False}, {"url": "s3://x/", "stored": False}])
def test_a_callback_names_no_evidence_where_none_was_kept(place: Api, evidence: Mapping[str, Any] | None) -> None:
    failed(place, place.caller(), evidence, callback_url=CALLBACK)
    (owed,) = deliveries(place.engine)
    assert owed.payload["failure"]["evidence"] is None
