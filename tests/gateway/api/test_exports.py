"""A customer asks for a workbook of its own tasks, sees how far it is, and fetches the file in pieces."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from gateway.api import exports as resource
from gateway.client.client import Problem
from gateway.exports.background import delete_old, make_all
from models.history.records.fill import fill_records
from models.tables import AuditEntry, Export
from models.transactions.read_write import read, write
from tests.support.gateway.api_server import Api, Caller, Raw, listening
from tests.support.ledger.ended import VIDEO, add, add_campaign, attempt_row, failed, task_row
from tests.support.workbooks import cells, records
from workers.settings import settings


@pytest.fixture
def place(
    ledger: Engine, tmp_path: Path, redis_url: str, master_key: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Api]:
    """A gateway whose exports lie in the test's folder."""
    monkeypatch.setenv("PHONEFLEET_EXPORTS", str(tmp_path))
    monkeypatch.setenv("PHONEFLEET_REDIS_URL", redis_url)
    settings.cache_clear()
    with listening(ledger) as made:
        yield made


def with_a_task(place: Api, caller: Caller) -> str:
    """The id of a task of this customer's that failed."""
    key = caller.key_id
    add_campaign(place.engine, f"c-{key}"[:36], key_id=key)
    missed = failed("video_not_found", "x")
    add(
        place.engine,
        [task_row(f"t-{key}"[:36], f"c-{key}"[:36], "directed", VIDEO, key_id=key, **missed)],
        [
            attempt_row(
                f"t-{key}"[:36], outcome="failed", failure_code="video_not_found", evidence={"url": "file:///x/"}
            )
        ],
    )
    return f"t-{key}"[:36]


def made(place: Api) -> int:
    return make_all(place.engine, settings(), threading.Event())


def fetched(caller: Caller, export_id: str) -> bytes:
    content = b""
    offset: int | None = 0
    while offset is not None:
        piece = caller.client.call("GET", f"/v1/exports/{export_id}/file?offset={offset}")
        assert piece["offset"] == len(content)
        content += base64.b64decode(piece["content"])
        offset = piece["next"]
    return content


def refused(caller: Caller, method: str, path: str, body: Any = None) -> tuple[int, str]:
    with pytest.raises(Problem) as problem:
        caller.client.call(method, path, body)
    return problem.value.status, problem.value.code


def test_a_customer_gets_a_workbook_of_its_own_tasks(
    place: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "PIECE_BYTES", 3000)
    mine, other = place.caller(), place.caller("other")
    task_id, foreign = with_a_task(place, mine), with_a_task(place, other)
    asked = mine.client.call("POST", "/v1/exports", {"language": "en"})
    assert (asked["state"], asked["file"], asked["tasks_total"]) == ("waiting", None, None)
    path = f"/v1/exports/{asked['id']}"
    assert refused(mine, "GET", f"{path}/file") == (409, "not_now")
    assert made(place) == 1
    told = mine.client.call("GET", path)
    assert (told["state"], told["tasks_done"], told["tasks_total"]) == ("done", 1, 1)
    content = fetched(mine, asked["id"])
    assert len(content) == told["bytes"] > 2 * 3000
    assert hashlib.sha256(content).hexdigest() == told["sha256"]
    book = tmp_path / "fetched.xlsx"
    book.write_bytes(content)
    assert [row["task id"] for row in records(book, "directed")] == [task_id]
    everything = str(cells(book))
    assert foreign not in everything
    assert "file:" not in everything
    for client, method, where in (
        (other, "GET", path),
        (other, "GET", f"{path}/file"),
        (mine, "GET", "/v1/exports/nothing"),
        (mine, "GET", f"/v1/exports/{'x' * 191}/file"),
    ):
        assert refused(client, method, where) == (404, "not_found")
    assert mine.client.call("GET", f"{path}/file?offset={told['bytes'] + 5}")["content"] == ""
    exported = select(AuditEntry).where(AuditEntry.subject.like("export%"))
    (entry,) = read(place.engine, lambda session: session.scalars(exported).all())
    assert entry.who == f"acme ({mine.key_id})"


def test_keys_of_one_customer_share_exports(place: Api) -> None:
    mine, second = place.caller(), place.caller()
    task_id = with_a_task(place, second)
    asked = mine.client.call("POST", "/v1/exports", {"campaign": f"c-{second.key_id}"[:36]})
    made(place)
    assert second.client.call("GET", f"/v1/exports/{asked['id']}")["rows"] == 3  # the task, its attempt, completeness
    assert task_id == f"t-{second.key_id}"[:36]


def test_a_key_asks_for_a_few_at_once_and_a_day(place: Api) -> None:
    with listening(place.engine, exports_a_day=3) as tight:
        mine = tight.caller()
        for _ in range(2):
            mine.client.call("POST", "/v1/exports", {})
        answer = Raw(tight, mine).send("POST", "/v1/exports", {})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert Raw(tight, mine).opened(answer)["code"] == "too_many_exports"
        made(tight)
        mine.client.call("POST", "/v1/exports", {})
        made(tight)
        assert Raw(tight, mine).send("POST", "/v1/exports", {}).status_code == 429
        assert len(read(tight.engine, lambda session: session.scalars(select(Export)).all())) == 3


def test_a_customer_gets_its_own_records(place: Api, tmp_path: Path) -> None:
    mine, other = place.caller(), place.caller("other")
    task_id, _ = with_a_task(place, mine), with_a_task(place, other)
    while fill_records(place.engine):
        pass
    asked = mine.client.call("POST", "/v1/exports", {"what": "records", "outcome": "failed", "code": "video_not_found"})
    made(place)
    book = tmp_path / "records.xlsx"
    book.write_bytes(fetched(mine, asked["id"]))
    assert [row["任务ID"] for row in records(book, "记录")] == [task_id]


UNKNOWN: tuple[dict[str, Any], ...] = (
    {"flow": "nothing"},
    {"language": "fr"},
    {"since": "yesterday"},
    {"sandbox": True},
    {"keys": []},
)


@pytest.mark.parametrize("body", [*UNKNOWN, {"state": "ready"}, {"code": "x"}, {"what": "records", "outcome": "x"}])
def test_filters_that_cannot_be_are_refused(place: Api, body: dict[str, Any]) -> None:
    mine = place.caller()
    with pytest.raises(Problem) as problem:
        mine.client.call("POST", "/v1/exports", body)
    assert (problem.value.status, problem.value.code) == (422, "refused")
    assert read(place.engine, lambda session: session.scalars(select(Export)).all()) == []


def test_a_request_that_is_replayed_starts_nothing(place: Api) -> None:
    mine = place.caller()
    raw = Raw(place, mine)
    answers = [raw.send("POST", "/v1/exports", {}, request_id="req_1").status_code for _ in range(2)]
    assert answers == [201, 401]
    assert len(read(place.engine, lambda session: session.scalars(select(Export)).all())) == 1


def test_a_file_that_was_kept_long_enough_is_gone(place: Api) -> None:
    mine = place.caller()
    asked = mine.client.call("POST", "/v1/exports", {})
    made(place)
    (export,) = read(place.engine, lambda session: session.scalars(select(Export)).all())
    assert export.ended_at is not None
    old = export.ended_at.replace(year=export.ended_at.year - 1)
    write(place.engine, lambda session: session.execute(update(Export).values(ended_at=old)))
    assert delete_old(place.engine, replace(settings()).exports, 7) == 1
    assert mine.client.call("GET", f"/v1/exports/{asked['id']}")["state"] == "deleted"
    assert refused(mine, "GET", f"/v1/exports/{asked['id']}/file") == (404, "not_found")
