"""Bodies, texts and addresses that are too large, too deep, no text at all, or meant to be run."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete

from gateway.protocol.signed_text import KEY_HEADER
from models.tables import SeenId
from models.transactions.read_write import write
from tests.gateway.access.asked import TASK, TITLES, nothing_planted
from tests.support.gateway.api_server import Api, Raw
from tests.support.ledger.drive import AUTHOR


@pytest.mark.parametrize("told", [{"content-length": "100000000"}, {"transfer-encoding": "chunked"}])
def test_a_body_of_100_megabytes_is_not_read(api: Api, told: Mapping[str, str]) -> None:
    """The answer comes after a hundredth of it at the most."""
    assert answer_to_100_megabytes(api, {**told, KEY_HEADER: api.caller().key_id}) == (413, "too_large")


def test_strangers_100_megabytes_are_not_read_either(api: Api) -> None:
    assert answer_to_100_megabytes(api, {"content-length": "100000000"}) == (413, "too_large")
    assert answer_to_100_megabytes(api, {"transfer-encoding": "chunked"}) == (401, "not_authenticated")


def answer_to_100_megabytes(api: Api, told: Mapping[str, str]) -> tuple[int, str]:
    """The status and the code when two of them were sent, or fewer."""
    where = urlsplit(api.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
    connection.putrequest("POST", "/v1/tasks")
    for name, value in told.items():
        connection.putheader(name, value)
    connection.endheaders()
    chunked = "transfer-encoding" in told
    chunk = b"x" * 65_536
    sent = 0
    try:
        while chunked and sent < 2_000_000:
            connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            sent += len(chunk)
    except ConnectionError:
        pass  # it hung up, as it may
    answer = connection.getresponse()
    code = json.loads(answer.read())["code"]
    connection.close()
    return answer.status, code


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "", "9" * 400])
def test_a_length_that_is_none_is_refused(api: Api, length: str) -> None:
    where = urlsplit(api.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
    connection.putrequest("POST", "/v1/tasks")
    connection.putheader("content-length", length.encode())
    connection.endheaders()
    assert 400 <= connection.getresponse().status < 500
    connection.close()


DEEP: dict[str, bytes] = {
    "lists": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists in params": b'{"reference":"r","flow":"nurture","params":{"a":' + b"[" * 900 + b"]" * 900 + b"}}",
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
def test_deep_json_is_refused(raw: Raw, body: bytes) -> None:
    allowed = Raw(raw.api, raw.api.caller("plain", plain_json_allowed=True))
    answer = allowed.send("POST", "/v1/tasks?seal=none", body)
    assert answer.status_code == 422
    assert "nested more than 64 deep" in answer.text


def test_a_deep_canvas_is_refused(raw: Raw) -> None:
    canvas: dict[str, Any] = {"task": "collect_titles", "kwargs": TITLES}
    for _ in range(20):
        canvas = {"subtask_type": "group", "kwargs": {"tasks": [canvas]}}
    for _ in range(20):
        canvas = {"subtask_type": "chain", "kwargs": {"tasks": [canvas]}}
    answer = raw.send("POST", "/v1/campaigns", {"reference": "r", "canvas": canvas})
    assert (answer.status_code, raw.opened(answer)["code"]) == (422, "refused")


PLACES: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "reference": lambda bad: {**TASK, "reference": bad},
    "flow": lambda bad: {**TASK, "flow": bad},
    "params.author_id": lambda bad: {**TASK, "params": {**TITLES, "author_id": bad}},
    "target.phone": lambda bad: {**TASK, "target": {"phone": bad}},
    "callback_url": lambda bad: {**TASK, "callback_url": bad},
    "latest_end": lambda bad: {**TASK, "latest_end": bad},
    "params.list[1]": lambda bad: {**TASK, "params": {"list": ["good", bad]}},
}


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud83db"], ids=["NUL", "a lone surrogate"])
@pytest.mark.parametrize("field", PLACES)
def test_what_is_no_text_is_refused_and_named(raw: Raw, field: str, bad: str) -> None:
    allowed = Raw(raw.api, raw.api.caller("plain", plain_json_allowed=True))
    body = json.dumps(PLACES[field](bad)).encode()  # as \u0000 and \ud83d: what JSON allows, and no ledger
    answer = allowed.send("POST", "/v1/tasks?seal=none", body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["problems"]] == [field]
    assert nothing_planted(raw.api)


@pytest.mark.parametrize(
    "target", ["/v1/tasks/a%00b", "/v1/tasks?account=a%00b", "/v1/tasks?cursor=%00", "/v1/phones/%00"]
)
def test_what_is_no_text_in_an_address_is_refused(raw: Raw, target: str) -> None:
    answer = raw.send("GET", target)
    assert (answer.status_code, raw.opened(answer)["code"]) == (422, "refused")


HOSTILE = [
    "'; DROP TABLE tasks; --",
    '" OR ""="',
    "1 UNION SELECT sealed FROM key_secrets",
    "%' ESCAPE '%",
    '=HYPERLINK("http://x","y")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "😀" * 40,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_sql_and_formulas_are_text_in_every_field(raw: Raw, text: str) -> None:
    write(raw.api.engine, lambda session: session.execute(delete(SeenId)))
    client = raw.caller.client
    made = client.submit("collect_titles", TITLES, reference=text)
    assert made.raw["reference"] == text
    assert [one["id"] for one in client.listed("tasks", reference=text)] == [made.id]
    for name in ("account", "phone", "author", "flow", "campaign"):
        assert not list(client.listed("tasks", **{name: text}))
    params = {
        "kind": "comment",
        "author_id": AUTHOR,
        "title": text,
        "text": text,
    }
    written = client.submit("directed", params, reference=f"{text}2")
    assert client.task(written.id).raw["params"] == params
    client.control("tasks", written.id, "stop", text)
    assert text in str(client.task(written.id).raw["failure"]["reason"])
    refused = raw.send("POST", "/v1/tasks", {**TASK, "reference": "x", "target": {"account": text}})
    assert (refused.status_code, raw.opened(refused)["problems"][0]["field"]) == (422, "target")
    named = client.submit_campaign(reference=f"{text}3", name=text, canvas={"task": "collect_titles", "kwargs": TITLES})
    assert client.campaign(named.id).raw["name"] == text


@pytest.mark.parametrize("text", ["\u202eabc\u2066", "abc\u200b", "\ufeffabc", "a\x1b[31mb"])
def test_what_nobody_sees_is_in_no_name_and_stays_in_a_text(raw: Raw, text: str) -> None:
    like = {"kind": "comment", "author_id": AUTHOR, "title": text, "text": "好"}
    for field, body in (
        ("reference", {**TASK, "reference": text}),
        ("params.title", {"reference": "r", "flow": "directed", "params": like}),
        ("params.author_id", {**TASK, "params": {**TITLES, "author_id": text}}),
    ):
        answer = raw.send("POST", "/v1/tasks", body)
        assert (answer.status_code, raw.opened(answer)["problems"][0]["field"]) == (422, field)
    assert nothing_planted(raw.api)
    made = raw.caller.client.submit("collect_titles", TITLES, reference="r")
    raw.caller.client.control("tasks", made.id, "stop", text)
    assert text in str(raw.caller.client.task(made.id).raw["failure"]["reason"])
