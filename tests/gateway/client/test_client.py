"""The client: it believes the gateway alone, waits when it is told to, and asks again when there was no answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from gateway.client.client import ANSWER_SECONDS, Client, NotEnded, Problem, SealBroken, Secret, SignatureRefused
from gateway.protocol.seal import seal, sign
from gateway.protocol.signed_text import of_answer
from gateway.submissions.group_commit import TURN_SECONDS

SECRET, OTHER = Secret.make("one"), Secret.make("other")
TASK = {"id": "t1", "state": "running"}
Reply = tuple[int, dict[str, str], bytes]
Answer = Callable[[str, str, str], Reply]  # method, target, the request's id


@contextmanager
def gateway(answer: Answer) -> Iterator[str]:
    """The address of a server that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.command, self.path, self.headers["webhook-id"])
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def sealed(
    payload: dict[str, Any],
    *,
    status: int = 200,
    secret: Secret = SECRET,
    signer: Secret | None = None,
    target: str = "",
    request_id: str = "",
    says: int | None = None,
) -> Answer:
    """An answer as the gateway gives it, with what the test wants wrong in it."""

    def answer(method: str, asked: str, asked_id: str) -> Reply:
        now, known = datetime.now(UTC), request_id or asked_id
        body = seal(payload, secret=secret, event_type="answer", id=known, now=now)
        signed = of_answer(status, method, target or asked, body)
        return says or status, sign(known, int(now.timestamp()), signed, [signer or secret]), body

    return answer


def client(url: str, sleep: Callable[[float], None] = lambda _: None) -> Client:
    """Whoever holds the key."""
    return Client(url, "key_1", SECRET, timeout=5, sleep=sleep)


def test_what_the_gateway_signed_is_believed() -> None:
    with gateway(sealed(TASK)) as url:
        assert client(url).task("t1").raw == TASK


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda *_: (200, {}, json.dumps(TASK).encode()), SignatureRefused),
        (sealed(TASK, secret=OTHER), SignatureRefused),
        (sealed(TASK, secret=OTHER, signer=SECRET), SealBroken),
        (sealed(TASK, target="/v1/tasks/t2"), SignatureRefused),
        (sealed(TASK, request_id="req_of_another"), SignatureRefused),
        (sealed({"code": "not_found"}, status=404, says=200), SignatureRefused),
        (sealed(TASK, says=404), SignatureRefused),
    ],
    ids=["unsigned", "another secret", "sealed by another", "another address", "another request", "200 for 404", "404"],
)
def test_what_anybody_could_have_made_up_is_not_believed(answer: Answer, error: type[Exception]) -> None:
    with gateway(answer) as url, pytest.raises(error):
        client(url).task("t1")


def test_a_refusal_before_it_was_known_who_asks_is_told_as_such() -> None:
    body = json.dumps({"code": "not_authenticated", "status": 401}).encode()
    with gateway(lambda *_: (401, {}, body)) as url, pytest.raises(Problem) as refused:
        client(url).task("t1")
    assert (refused.value.code, refused.value.signed) == ("not_authenticated", False)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422, 500, 501])
def test_any_other_refusal_is_believed_with_its_signature_alone(status: int) -> None:
    body = json.dumps({"code": "not_found", "status": status}).encode()
    with gateway(lambda *_: (status, {}, body)) as url, pytest.raises(SignatureRefused):
        client(url).task("t1")


def test_what_an_unsigned_refusal_means_goes_by_its_status() -> None:
    made_up = {"code": "reference_taken", "detail": {"a": 1}, "problems": ["x", {"field": "body", "reason": "large"}]}
    with gateway(lambda *_: (413, {}, json.dumps(made_up).encode())) as url, pytest.raises(Problem) as refused:
        client(url).task("t1")
    assert (refused.value.code, refused.value.signed) == ("too_large", False)
    assert [one["field"] for one in refused.value.problems] == ["body"]


@pytest.mark.parametrize(
    ("headers", "slept"),
    [({}, [1, 2]), ({"retry-after": "3"}, [3, 3]), ({"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, [0, 0])],
    ids=["no word of it", "seconds", "a moment that is past"],
)
@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_a_proxy_says_while_the_gateway_is_away_is_asked_again(
    status: int, headers: dict[str, str], slept: list[float]
) -> None:
    paused: list[float] = []
    with gateway(lambda *_: (status, headers, b"upstream is down")) as url, pytest.raises(Problem) as refused:
        client(url, paused.append).task("t1")
    assert (refused.value.code, refused.value.status) == ("unavailable", status)
    assert paused == slept


def test_a_signed_refusal_names_its_fields() -> None:
    problem = {"code": "refused", "problems": [{"field": "params.count", "reason": "too many", "remedy": "fewer"}]}
    with (
        gateway(sealed(problem, status=422)) as url,
        pytest.raises(Problem, match=r"params\.count: too many") as refused,
    ):
        client(url).task("t1")
    assert refused.value.signed


def test_it_waits_as_long_as_it_is_told_to_and_then_gives_up() -> None:
    slept: list[float] = []
    asked: list[str] = []

    def busy(_method: str, _target: str, request_id: str) -> Reply:
        asked.append(request_id)
        return 429, {"retry-after": "7"}, b'{"code":"too_many_requests"}'

    with gateway(busy) as url, pytest.raises(Problem, match="too_many_requests"):
        client(url, slept.append).task("t1")
    assert slept == [7, 7]
    assert len(set(asked)) == 3


def test_it_asks_again_when_there_was_no_answer() -> None:
    slept: list[float] = []
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # its own, and it does not listen
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(requests.ConnectionError):
            client(url, slept.append).task("t1")
    assert slept == [1, 2]


@pytest.mark.parametrize("fault", ["slow", "cut off"])
def test_it_asks_again_when_the_answer_did_not_come_or_not_whole(fault: str) -> None:
    asked: list[str] = []
    answered = threading.Event()

    def answer(method: str, target: str, request_id: str) -> Reply:
        asked.append(request_id)
        status, headers, body = sealed(TASK)(method, target, request_id)
        if len(asked) == 1 and fault == "slow":
            answered.wait(30)
        if len(asked) == 1 and fault == "cut off":
            headers = {**headers, "content-length": str(len(body) + 9)}
        return status, headers, body

    with gateway(answer) as url:
        assert Client(url, "key_1", SECRET, timeout=2, sleep=lambda _: None).task("t1").raw == TASK
        answered.set()
    assert len(set(asked)) == 2


def test_it_is_patient_for_longer_than_the_gateway_may_take() -> None:
    assert ANSWER_SECONDS > TURN_SECONDS


def test_it_waits_for_the_end_and_no_longer_than_it_may() -> None:
    states = iter(["ready", "running", "succeeded"])

    def answer(method: str, target: str, request_id: str) -> Reply:
        return sealed({"id": "t1", "state": next(states), "result": 5})(method, target, request_id)

    with gateway(answer) as url:
        assert client(url).wait("t1", 60).result == 5
    with gateway(sealed(TASK)) as url, pytest.raises(NotEnded, match="t1 is running"):
        client(url).wait("t1", 0)
