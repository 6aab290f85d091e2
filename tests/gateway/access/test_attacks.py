"""The attack table: each attempt with its refusal. Before it is known who asks, a refusal says nothing but that."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from redis import Redis

from gateway.access.rate_limit import RateLimiter
from gateway.keys.api_keys import disable_key, revoke_key, rotate_key
from gateway.protocol.seal import Secret, seal
from gateway.protocol.signed_text import KEY_HEADER
from tests.gateway.access.asked import TASK, TITLES, nothing_planted
from tests.support.gateway.api_server import Api, Caller, Raw, listening
from tests.support.ledger.drive import online_worker
from tests.support.poll import wait_until
from workers.settings import settings

NOT_AUTHENTICATED = {
    "type": "urn:phonefleet:problem:not_authenticated",
    "title": "The request is not signed by a key that is in force",
    "status": 401,
    "code": "not_authenticated",
    "problems": [],
}
Change = Callable[[bytes], bytes]


def in_resource(field: str, value: Callable[[str], str]) -> Change:
    """Alter one field inside the envelope's resource."""

    def change(sealed: bytes) -> bytes:
        envelope = json.loads(sealed)
        envelope["resource"][field] = value(envelope["resource"][field])
        return json.dumps(envelope).encode()

    return change


def swapped(text: str) -> str:
    """The same text with its first two characters exchanged for others."""
    return ("BB" if text[:2] != "BB" else "CC") + text[2:]


TAMPERED: dict[str, Change] = {
    "ciphertext": in_resource("ciphertext", swapped),
    "nonce": in_resource("nonce", swapped),
    "associated data": in_resource("associated_data", swapped),
    "algorithm": in_resource("algorithm", lambda _: "NONE"),
}
UNKNOWN: dict[str, Mapping[str, Any]] = {
    "no key": {"headers": {KEY_HEADER: None}},
    "an unknown key": {"headers": {KEY_HEADER: "key_0000000000000000"}},
    "a key that is no key": {"headers": {KEY_HEADER: "' OR 1=1 --"}},
    "no signature": {"headers": {"webhook-signature": None}},
    "an empty signature": {"headers": {"webhook-signature": ""}},
    "a signature of another version": {"headers": {"webhook-signature": "v2,AAAA"}},
    "a wrong signature": {"headers": {"webhook-signature": "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
    "an old timestamp": {"at": datetime.now(UTC) - timedelta(minutes=6)},
    "a timestamp ahead": {"at": datetime.now(UTC) + timedelta(hours=2)},
    "no timestamp": {"headers": {"webhook-timestamp": None}},
    "a timestamp that is none": {"headers": {"webhook-timestamp": "now"}},
    "another timestamp than signed": {"headers": {"webhook-timestamp": "1700000000"}},
    "another id than signed": {"headers": {"webhook-id": "req_other"}},
    "an id that is none": {"headers": {"webhook-id": "a b"}},
    "signed for another address": {"signed_as": "/v1/campaigns"},
    "signed for another query": {"signed_as": "/v1/tasks?seal=none"},
    **{f"tampered {name}": {"change": change} for name, change in TAMPERED.items()},
}


@pytest.mark.parametrize("attempt", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_whoever_did_not_sign_this_learns_nothing(raw: Raw, attempt: Mapping[str, Any]) -> None:
    answer = raw.send("POST", "/v1/tasks", TASK, **attempt)
    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)
    assert answer.headers["content-type"] == "application/problem+json"
    assert nothing_planted(raw.api)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/tasks", "/v1/phones/p1", "/v1/nothing", "/v1/tasks/x/y/z"])
def test_without_a_key_every_address_looks_alike(api: Api, method: str, path: str) -> None:
    answer = requests.request(method, api.url + path, timeout=10)
    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)


@pytest.fixture
def elsewhere(raw: Raw) -> Iterator[Raw]:
    """The same customer at another gateway, which remembers of itself nothing that came to the first one."""
    with listening(raw.api.engine) as second:
        yield Raw(second, raw.caller)


def refused_as_a_replay(answer: requests.Response) -> bool:
    return (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)


def test_a_request_comes_once_to_all_gateways(raw: Raw, elsewhere: Raw) -> None:
    assert raw.send("POST", "/v1/tasks", TASK, request_id="req_1").status_code == 201
    assert raw.send("GET", "/v1/tasks", request_id="req_2").status_code == 200
    for gateway in (elsewhere, raw):
        assert refused_as_a_replay(gateway.send("POST", "/v1/tasks", TASK, request_id="req_1"))
        assert refused_as_a_replay(gateway.send("GET", "/v1/tasks", request_id="req_2"))


def test_a_request_that_changes_something_comes_once_although_redis_forgot_it(raw: Raw, elsewhere: Raw) -> None:
    assert raw.send("POST", "/v1/tasks", TASK, request_id="req_1").status_code == 201
    task_id = raw.caller.client.submit("collect_titles", TITLES, reference="one").id
    assert raw.send("POST", f"/v1/tasks/{task_id}/pause", request_id="req_2").status_code == 200
    with Redis.from_url(settings().redis_url) as redis:
        redis.flushall()
    assert refused_as_a_replay(elsewhere.send("POST", "/v1/tasks", TASK, request_id="req_1"))
    assert refused_as_a_replay(elsewhere.send("POST", f"/v1/tasks/{task_id}/pause", request_id="req_2"))


def test_what_was_refused_is_not_carried_out_when_it_comes_again(raw: Raw, elsewhere: Raw) -> None:
    pinned = {**TASK, "target": {"phone": "p1"}}
    asked: list[tuple[str, Mapping[str, Any] | None]] = [("/v1/tasks", pinned), ("/v1/phones/p1/pause", None)]
    told = [raw.send("POST", target, body, request_id=f"req_{n}").status_code for n, (target, body) in enumerate(asked)]
    assert told == [422, 404]
    online_worker(raw.api.engine, "p1")
    for number, (target, body) in enumerate(asked):
        assert refused_as_a_replay(elsewhere.send("POST", target, body, request_id=f"req_{number}"))
    assert nothing_planted(raw.api)


def test_a_request_that_was_caught_and_is_sent_again_costs_its_customer_nothing(api: Api) -> None:
    raw = Raw(api, api.caller("slow", rate_per_second=2.0))
    assert raw.send("GET", "/v1/phones", request_id="req_1").status_code == 200
    assert {raw.send("GET", "/v1/phones", request_id="req_1").status_code for _ in range(5)} == {401}
    assert raw.send("GET", "/v1/phones").status_code == 200


def test_a_revoked_key_is_refused_and_its_tasks_go_on(raw: Raw) -> None:
    assert raw.send("GET", "/v1/tasks").status_code == 200
    revoke_key(raw.api.engine, raw.caller.key_id, who="test")
    wait_until(lambda: raw.send("GET", "/v1/tasks").status_code == 401, 10, "the key to be refused")
    answer = raw.send("POST", "/v1/tasks", TASK)
    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)


def test_a_disabled_key_is_refused_like_an_unknown_one_until_it_is_enabled(raw: Raw) -> None:
    disable_key(raw.api.engine, raw.caller.key_id, who="test")
    wait_until(lambda: raw.send("GET", "/v1/tasks").status_code == 401, 10, "the key to be refused")
    answer = raw.send("POST", "/v1/tasks", TASK)
    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)
    disable_key(raw.api.engine, raw.caller.key_id, who="test", disabled=False)
    wait_until(lambda: raw.send("GET", "/v1/tasks").status_code == 200, 10, "the key to be let in")


def test_while_a_key_is_rotated_both_secrets_are_let_in_and_each_is_answered_in_its_own(raw: Raw) -> None:
    newer = rotate_key(raw.api.engine, raw.caller.key_id, who="test")
    both = [raw, Raw(raw.api, Caller(raw.caller.key_id, newer, raw.caller.client))]
    wait_until(lambda: both[1].send("GET", "/v1/phones").status_code == 200, 10, "the newer secret to be known")
    for one in both:
        assert one.opened(one.send("GET", "/v1/phones")) == {"items": []}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_body_that_was_signed_and_does_not_open_is_refused(raw: Raw, change: Change) -> None:
    answer = raw.send("POST", "/v1/tasks", TASK, change=change, resign=True)
    assert (answer.status_code, raw.opened(answer)["code"]) == (400, "seal_broken")
    assert nothing_planted(raw.api)


def test_a_body_of_another_request_is_refused(raw: Raw) -> None:
    caught = seal(TASK, secret=raw.caller.secret, event_type="request", id="req_other", now=datetime.now(UTC))
    answer = raw.send("POST", "/v1/tasks", caught, request_id="req_mine")
    assert (answer.status_code, raw.opened(answer)["code"]) == (400, "seal_broken")
    assert [one["field"] for one in raw.opened(answer)["problems"]] == ["id"]


def test_another_customers_secret_signs_nothing_for_this_key(raw: Raw) -> None:
    other = raw.api.caller("other")
    answer = Raw(raw.api, Caller(raw.caller.key_id, other.secret, other.client)).send("POST", "/v1/tasks", TASK)
    assert answer.status_code == 401


def test_plain_json_is_taken_where_the_operator_allows_it_alone(raw: Raw) -> None:
    body = json.dumps(TASK).encode()
    refused = raw.send("POST", "/v1/tasks?seal=none", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "plain_not_allowed")
    assert nothing_planted(raw.api)
    unsealed = raw.send("POST", "/v1/tasks", body)
    assert (unsealed.status_code, raw.opened(unsealed)["code"]) == (400, "seal_broken")
    allowed = Raw(raw.api, raw.api.caller("plain", plain_json_allowed=True))
    answer = allowed.send("POST", "/v1/tasks?seal=none", body)
    assert (answer.status_code, answer.json()["state"]) == (201, "ready")
    assert raw.send("GET", "/v1/tasks?seal=other").status_code == 422


@pytest.fixture
def still(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A gateway for whose rates no time passes."""
    monkeypatch.setattr("gateway.api.app.RateLimiter", lambda: RateLimiter(lambda: 0.0))
    with listening(api.engine) as made:
        yield made


def test_more_requests_than_a_key_may_send_are_told_to_wait(still: Api) -> None:
    slow = Raw(still, still.caller("slow", rate_per_second=0.5))
    assert slow.send("GET", "/v1/phones").status_code == 200
    held = slow.send("GET", "/v1/phones")
    assert (held.status_code, held.json()["code"]) == (429, "too_many_requests")
    assert held.headers["retry-after"] == "2"
    assert Raw(still, still.caller("quick")).send("GET", "/v1/phones").status_code == 200


def test_a_big_body_counts_as_several_requests(still: Api) -> None:
    raw = Raw(still, still.caller("slow", rate_per_second=3.0))
    big = {**TASK, "params": {"author_id": "x" * 150_000}}
    assert raw.send("POST", "/v1/tasks", big).status_code == 422
    answer = raw.send("GET", "/v1/phones")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")


def test_whoever_cannot_sign_uses_nothing_of_a_keys_rate_up(still: Api) -> None:
    raw = Raw(still, still.caller("slow", rate_per_second=1.0))
    wrong = {"webhook-signature": "v1,AAAA"}
    assert {raw.send("GET", "/v1/phones", headers=wrong).status_code for _ in range(5)} == {401}
    assert raw.send("GET", "/v1/phones").status_code == 200


def test_neither_answers_nor_logs_give_a_secret_away(raw: Raw, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        raw.send("POST", "/v1/tasks", TASK, **attempt).text
        for attempt in ({}, *UNKNOWN.values(), {"change": TAMPERED["nonce"], "resign": True})
    ]
    said = "\n".join([*answers, caplog.text, repr(raw.caller.secret)])
    for secret in raw.caller.secret.texts():
        assert secret.removeprefix("whsec_") not in said
    assert "' OR 1=1" not in "".join(answers)


def test_an_error_of_ours_is_told_without_its_inside(
    raw: Raw, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr("gateway.api.tasks.task_view", break_down)
    made = raw.send("POST", "/v1/tasks", TASK)
    assert (made.status_code, raw.opened(made)["code"]) == (500, "internal")
    assert "the inside" not in str(raw.opened(made))
    assert "the inside" in caplog.text
    assert nothing_planted(raw.api)


def test_methods_and_addresses_that_do_not_exist_are_problems(raw: Raw) -> None:
    for method, target, status, code in (
        ("PUT", "/v1/tasks", 405, "method_not_allowed"),
        ("DELETE", "/v1/tasks/x", 405, "method_not_allowed"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/tasks/", 404, "not_found"),
    ):
        answer = raw.send(method, target)
        assert (answer.status_code, raw.opened(answer)["code"]) == (status, code), (method, target)
    assert "allow" in raw.send("PUT", "/v1/tasks").headers


def test_the_secret_of_nobody_lets_nobody_in(api: Api) -> None:
    stranger = Raw(api, Caller("key_1234567890abcdef", Secret.make("x"), api.caller().client))
    assert stranger.send("GET", "/v1/tasks").status_code == 401
