"""A client for the interface, for Python: submit, wait, control, status, and `verify` for your callback endpoint.

The client seals and signs every request, and checks the signature of every answer before using it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import requests

from gateway.client.errors import ERRORS, NoAnswer, NotEnded, Problem, Unusable, in_words
from gateway.client.settings import SHOWN, read_gateway, read_key_id, read_set, secret_of
from gateway.client.verify import Event, verify
from gateway.protocol.retry_after import read_retry_after
from gateway.protocol.seal import SIGNATURE_HEADER, SealBroken, Secret, SignatureRefused, check, open_sealed, seal, sign
from gateway.protocol.signed_text import KEY_HEADER, PLAIN, REQUEST, SEAL_PARAMETER, of_answer, of_request

__all__ = [
    "ERRORS",
    "Client",
    "Event",
    "NoAnswer",
    "NotEnded",
    "Problem",
    "SealBroken",
    "Secret",
    "SignatureRefused",
    "Status",
    "Unusable",
    "in_words",
    "secret_of",
    "verify",
]

ENDED = frozenset({"succeeded", "failed", "stopped"})
TRIES = 3
MOST_PAUSE = 30.0
CONNECT_SECONDS = 5.0
# Longer than the gateway's slowest answer: a retry before that would only add to its load.
ANSWER_SECONDS = 75.0
NO_ANSWER = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
# The refusals that come before it is known who asks, with what each of them can only mean; 502 and 504 are a proxy's.
UNSIGNED: Mapping[int, Sequence[str]] = {
    401: ("not_authenticated",),
    408: ("too_slow",),
    413: ("too_large",),
    429: ("too_many_requests",),
    502: ("unavailable",),
    503: ("unavailable", "key_unopened"),
    504: ("unavailable",),
}
WAIT_FIRST = frozenset({429, 502, 503, 504})  # a later retry may succeed


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a task or a campaign; `raw` is the whole answer."""

    id: str
    state: str
    raw: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """True when the task or campaign has ended."""
        return self.state in ENDED

    @property
    def result(self) -> Any:
        """The result of a task."""
        return self.raw.get("result")


class Client:
    """Speaks with one gateway for one key. `secrets`: the newest first, two while the key is rotated.
    `timeout`: seconds that an answer may take. `language`: zh or en, of the texts of problems.

    Methods raise Problem when the gateway declines, SignatureRefused and SealBroken when an answer is not the
    gateway's, and NoAnswer, a requests.ConnectionError, when there is none. An invalid address or key id raises
    Unusable, a ValueError. ERRORS has all of them; `in_words` prints them for people.
    """

    def __init__(
        self,
        url: str,
        key_id: str,
        secrets: Secret | Sequence[Secret],
        *,
        timeout: float = ANSWER_SECONDS,
        plain: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        verify_tls: bool | str = True,
        language: str = "en",
    ) -> None:
        self._url = read_gateway(url)
        self._key_id = read_key_id(key_id)
        self._secrets = [secrets] if isinstance(secrets, Secret) else list(secrets)
        self._timeout = timeout
        self._plain = plain
        self._sleep = sleep
        self._http = requests.Session()
        self._http.headers["accept-language"] = language
        self._verify_tls = verify_tls

    @classmethod
    def of_environment(cls, env: Mapping[str, str] = os.environ, **options: Any) -> Client:
        """Builds the client of GATEWAY, KEY_ID, SEAL_KEY and SIGNING_SECRET. Raises Unusable for invalid values."""
        where = read_set(env, "GATEWAY", "export the gateway's address, such as http://127.0.0.1:8700")
        return cls(where, read_set(env, "KEY_ID", SHOWN), secret_of(env), **options)

    def submit(self, flow: str, params: Mapping[str, Any], *, reference: str, **more: Any) -> Status:
        """Submits a task; `more` is target, priority, limits, not_before, latest_end, callback_url.

        Submitting it again with the same reference returns the same task.
        """
        return _status(self.call("POST", "/v1/tasks", {"reference": reference, "flow": flow, "params": params, **more}))

    def submit_campaign(self, *, reference: str, **more: Any) -> Status:
        """Submits a campaign: a `canvas`, or a campaign `file`, as JSON; `more` has the interface's other fields."""
        return _status(self.call("POST", "/v1/campaigns", {"reference": reference, **more}))

    def dry_run(self, what: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the forecast of a submission, and plants nothing. `what` is tasks or campaigns."""
        return self.call("POST", f"/v1/{what}", {**body, "dry_run": True})

    def task(self, task_id: str) -> Status:
        """Returns the state of a task."""
        return _status(self.call("GET", f"/v1/tasks/{quote(task_id, safe='')}"))

    def campaign(self, campaign_id: str) -> Status:
        """Returns the state of a campaign, with the numbers of what is missing."""
        return _status(self.call("GET", f"/v1/campaigns/{quote(campaign_id, safe='')}"))

    def wait(self, task: Status | str, timeout: float, *, every: float = 2.0) -> Status:
        """Polls until a task ended. Raises NotEnded. A callback makes polling unnecessary."""
        return self._wait(self.task, task, timeout, every)

    def wait_campaign(self, campaign: Status | str, timeout: float, *, every: float = 2.0) -> Status:
        """Polls until a campaign ended. Raises NotEnded."""
        return self._wait(self.campaign, campaign, timeout, every)

    def control(
        self, what: str, name: str, act: str, why: str = "", *, until: datetime | None = None
    ) -> Mapping[str, Any]:
        """Stops, pauses or resumes. `what` is tasks, campaigns or phones; `act` is stop, pause or resume.

        `until`: when the pause of a phone ends by itself; without one, it lasts until it is resumed.
        """
        end = {} if until is None else {"until": until.isoformat()}
        body = {"why": why, **end} if act != "resume" else None
        return self.call("POST", f"/v1/{what}/{quote(name, safe='')}/{act}", body)

    def prioritise(self, what: str, name: str, priority: int) -> Mapping[str, Any]:
        """Changes the priority. `what` is tasks or campaigns; 0 is urgent, 9 low."""
        return self.call("PATCH", f"/v1/{what}/{quote(name, safe='')}", {"priority": priority})

    def listed(self, what: str, **filters: Any) -> Iterator[Mapping[str, Any]]:
        """Yields all matching items, newest first, page by page. `what` is tasks, campaigns or deliveries."""
        cursor: str | None = None
        while True:
            page = self.call("GET", f"/v1/{what}", query={**filters, "cursor": cursor})
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def changes(self, since: int = 0) -> tuple[list[Mapping[str, Any]], int]:
        """Returns the state changes after a position, and the position for the next call."""
        page = self.call("GET", "/v1/changes", query={"since": since})
        return page["items"], page["next"]

    def phones(self) -> list[Mapping[str, Any]]:
        """Returns every phone."""
        found: list[Mapping[str, Any]] = self.call("GET", "/v1/phones")["items"]
        return found

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Sends any request of the interface; sends it again without an answer, or when the gateway asks to wait.

        Each try has a new webhook-id, and no request is carried out twice. If a stop, a resume or the replay of one
        callback was carried out but its answer was lost, the second answer is `not_now`.
        """
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        if self._plain:
            asked[SEAL_PARAMETER] = PLAIN
        target = path + (f"?{urlencode(asked)}" if asked else "")
        for tried in range(1, TRIES + 1):  # by hand: a customer's system needs nothing but requests and cryptography
            try:
                return self._once(method, target, body)
            except NO_ANSWER as error:
                if tried == TRIES:
                    raise NoAnswer(self._url, error) from None
                self._sleep(_pause(tried))
            except requests.RequestException as error:  # an address that cannot be asked is none the second time
                raise NoAnswer(self._url, error) from None
            except _AskedToWait as wait:
                if tried == TRIES:
                    raise wait.problem from None
                self._sleep(_pause(tried) if wait.seconds is None else min(wait.seconds, MOST_PAUSE))
        raise AssertionError("the loop returns or raises")

    def _once(self, method: str, target: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        request_id, now = f"req_{uuid4().hex}", datetime.now(UTC)
        sent = b"" if body is None else self._sealed(body, request_id, now)
        headers = {KEY_HEADER: self._key_id, "content-type": "application/json"}
        headers |= sign(request_id, int(now.timestamp()), of_request(method, target, sent), self._secrets[:1])
        answer = self._http.request(
            method,
            self._url + target,
            data=sent,
            headers=headers,
            timeout=(min(CONNECT_SECONDS, self._timeout), self._timeout),
            allow_redirects=False,
            verify=self._verify_tls,  # said with the request: a session's own yields to REQUESTS_CA_BUNDLE
        )
        return self._believed(method, target, request_id, answer)

    def _sealed(self, body: Mapping[str, Any], request_id: str, now: datetime) -> bytes:
        if self._plain:
            return json.dumps(body, ensure_ascii=False).encode()
        return seal(body, secret=self._secrets[0], event_type=REQUEST, id=request_id, now=now)

    def _believed(self, method: str, target: str, request_id: str, answer: requests.Response) -> Mapping[str, Any]:
        """Returns the content of an answer that is the gateway's. A refusal before authentication is unsigned."""
        if SIGNATURE_HEADER not in answer.headers and answer.status_code in UNSIGNED:
            raise self._problem(answer, _unsigned(answer), signed=False)
        signed = of_answer(answer.status_code, method, target, answer.content)
        if check(answer.headers, signed, self._secrets, datetime.now(UTC)) != request_id:
            raise SignatureRefused("signature_wrong")
        told = _json(answer.content) if self._plain else open_sealed(answer.content, self._secrets, id=request_id)
        if answer.status_code >= 400:
            raise self._problem(answer, told, signed=True)
        return told

    def _problem(self, answer: requests.Response, details: Mapping[str, Any], *, signed: bool) -> Exception:
        problem = Problem(answer.status_code, details, signed=signed)
        if answer.status_code in WAIT_FIRST:
            return _AskedToWait(problem, read_retry_after(answer.headers.get("retry-after"), datetime.now(UTC)))
        return problem

    def _wait(self, look: Callable[[str], Status], what: Status | str, timeout: float, every: float) -> Status:
        deadline = time.monotonic() + timeout
        name = what if isinstance(what, str) else what.id
        while True:
            status = look(name)
            if status.ended:
                return status
            if time.monotonic() >= deadline:
                raise NotEnded(f"{name} is {status.state} after {timeout:g} s")
            self._sleep(every)


class _AskedToWait(Exception):
    """The gateway asked to wait; `seconds` is None when it named no time."""

    def __init__(self, problem: Problem, seconds: float | None) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.seconds = seconds


def _pause(tried: int) -> float:
    return 2.0 ** (tried - 1)


def _status(raw: Mapping[str, Any]) -> Status:
    return Status(raw["id"], raw["state"], raw)


def _unsigned(answer: requests.Response) -> Mapping[str, Any]:
    """Returns the content of an unsigned refusal: its code is one of its status, and the rest is for people.

    It may come from another server or a proxy, and need not be JSON.
    """
    found = _json(answer.content)
    listed = found.get("problems")
    problems = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    codes, said = UNSIGNED[answer.status_code], found.get("code")
    return {"code": said if said in codes else codes[0], "detail": found.get("detail"), "problems": problems}


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
