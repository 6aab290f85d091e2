"""The requests of a customer who means harm, and how the gateway answered them.

tests/gateway holds each attack by itself; here they come at once. Each attack has a key of its own, of one customer:
what one attack uses up would otherwise stop the next one.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Any
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from gateway.protocol.seal import Secret, sign
from gateway.protocol.signed_text import KEY_HEADER, of_request

ADDRESS = "127.0.0.2"  # the customer's own: the gateway bounds connections by address
ANSWER_SECONDS = 30.0
PAUSE = 0.02  # seconds between two requests of one attack
REFUSED_PAUSE = 0.5  # and after the gateway asked to wait
NO_ANSWER = 0
ACCOUNTS = 95_000
CROWD = 2_000
GROWING_ROWS = 200

Body = Mapping[str, Any]


class _FromAddress(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, source_address=(ADDRESS, 0), **options)


@dataclass
class Key:
    """A key that sends plain JSON, and the statuses of the answers that it got."""

    url: str
    key_id: str
    secret: Secret
    statuses: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._http = requests.Session()
        self._http.mount("http://", _FromAddress())

    def headers(self, method: str, target: str, sent: bytes = b"") -> dict[str, str]:
        """The signature of one request, and whose it is."""
        request_id = f"req_{uuid4().hex}"
        signed = sign(request_id, int(datetime.now(UTC).timestamp()), of_request(method, target, sent), [self.secret])
        return {KEY_HEADER: self.key_id, "content-type": "application/json", **signed}

    def ask(self, method: str, path: str, body: Body | bytes | None = None) -> tuple[int, Mapping[str, Any]]:
        """Send one request; the status and the answer. NO_ANSWER when none came."""
        target = path + ("&" if "?" in path else "?") + "seal=none"
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = self.headers(method, target, sent)
        try:
            answer = self._http.request(method, self.url + target, data=sent, headers=headers, timeout=ANSWER_SECONDS)
        except requests.RequestException:
            self.statuses[NO_ANSWER] += 1
            return NO_ANSWER, {}
        self.statuses[answer.status_code] += 1
        try:
            told = answer.json()
        except ValueError:
            told = {}
        return answer.status_code, told if isinstance(told, dict) else {}


@dataclass(frozen=True, slots=True)
class Target:
    """The targets of the attacks: the authors, accounts and phones of everybody, and its own slow receivers."""

    authors: Sequence[str]
    accounts: Sequence[str]
    phones: Sequence[str]
    receivers: Sequence[str]


Attack = Callable[[Key, Target], Iterator[int]]


def hold_authors(key: Key, target: Target) -> Iterator[int]:
    """Tasks that fail by their own small loops, of every author, again and again."""
    for author, account in zip(cycle(target.authors), cycle(target.accounts), strict=False):
        for flow, params, place in (
            ("collect_comments", {"author_id": author, "title": "no such title", "video_loop": 1}, "pool"),
            ("collect_titles", {"author_id": author, "count": 1, "least_comments": 5000, "video_loop": 2}, "pool"),
            ("nurture", {"video_likes": 1, "video_loop": 1}, {"account": account}),
        ):
            yield _submitted(key, flow, params, place)


def costly_bodies(key: Key, target: Target) -> Iterator[int]:
    """Campaign files that name many accounts nobody knows."""
    names = [f"a{number}" for number in range(ACCOUNTS)]
    file = {"campaign": "many", "accounts": names, "nurture": {"video_likes": 1, "video_loop": 10}}
    for number in count():
        yield key.ask("POST", "/v1/campaigns", json.dumps({"reference": f"costly-{number}", "file": file}).encode())[0]


def growing_campaigns(key: Key, target: Target) -> Iterator[int]:
    """Rows in whose places as many tasks are planted as a row can ask for."""
    author = target.authors[0]
    titles = [{"author_id": author, "title": f"标题{number}"} for number in range(20)]
    comments = [{"commenter": f"人{number}", "text": f"评论{number}"} for number in range(20)]
    material = [{**title, "comments": comments} for title in titles[:1]]
    rows = [
        {"task": "draw_directed", "args": [material], "kwargs": {"like_comment": 10_000}},
        {"task": "each_title", "args": [{"titles": titles}], "kwargs": {"most": 1000}},
    ]
    canvas = {"subtask_type": "group", "kwargs": {"tasks": rows * (GROWING_ROWS // 2)}}
    for number in count():
        yield key.ask("POST", "/v1/campaigns", {"reference": f"growing-{number}", "canvas": canvas})[0]


def crowd(key: Key, target: Target) -> Iterator[int]:
    """As many tasks as a key may have, urgent if it can, pinned to everybody's phones and accounts."""
    priority = {"priority": 0}
    for number in count():
        places = [{}, {"queue": f"phone.{target.phones[number % len(target.phones)]}"}]
        places.append({"queue": f"account.{target.accounts[number % len(target.accounts)]}"})
        member = {"task": "collect_titles", "kwargs": {"author_id": target.authors[0], "count": 2}}
        members = [{**member, "options": {**place, **priority}} for place in places] * (CROWD // 3)
        canvas = {"subtask_type": "group", "kwargs": {"tasks": members}}
        status, _ = key.ask("POST", "/v1/campaigns", {"reference": f"crowd-{number}", "canvas": canvas})
        if status in (400, 403, 422):  # the gateway allows this key no urgent tasks
            priority = {"priority": 3}
        yield status


def pause_phones(key: Key, target: Target) -> Iterator[int]:
    """Pauses of every phone."""
    for serial in cycle(target.phones):
        yield key.ask("POST", f"/v1/phones/{serial}/pause", {"why": "ours now"})[0]


def slow_callbacks(key: Key, target: Target) -> Iterator[int]:
    """Tasks that are stopped at once, so that each owes a callback to a receiver that hangs."""
    for number, receiver in enumerate(cycle(target.receivers)):
        member = {"task": "collect_titles", "kwargs": {"author_id": target.authors[0], "count": 1}}
        canvas = {"subtask_type": "group", "kwargs": {"tasks": [member] * 20}}
        body = {"reference": f"slow-{number}", "canvas": canvas, "callback_url": f"{receiver}/in"}
        status, told = key.ask("POST", "/v1/campaigns", body)
        yield status
        if "id" in told:
            yield key.ask("POST", f"/v1/campaigns/{told['id']}/stop", {"why": "so that it owes callbacks"})[0]


ATTACKS: Mapping[str, Attack] = {
    "hold authors": hold_authors,
    "costly bodies": costly_bodies,
    "growing campaigns": growing_campaigns,
    "crowd": crowd,
    "pause phones": pause_phones,
    "slow callbacks": slow_callbacks,
}
SANDBOX = "hold authors, sandbox"  # the same attack with a sandbox key


def attack_of(name: str) -> Attack:
    """The attack of this name; that of a sandbox key is the ordinary one."""
    return ATTACKS[name.removesuffix(", sandbox")]


def attack(name: str, key: Key, target: Target, stop: threading.Event) -> None:
    """Attack until told to stop, as fast as the gateway answers, with short pauses."""
    for status in attack_of(name)(key, target):
        if stop.wait(REFUSED_PAUSE if status in (NO_ANSWER, 429, 503) else PAUSE):
            return


def evidence_of(key: Key) -> str | None:
    """The path of a screenshot of a task of this key that failed; None while there is none."""
    _, told = key.ask("GET", "/v1/tasks?state=failed&limit=20")
    for item in told.get("items", ()):
        path = f"/v1/tasks/{item['id']}/attempts/1/evidence/screenshot.jpg"
        if key.ask("GET", path)[0] == 200:
            return path
    return None


def _submitted(key: Key, flow: str, params: Body, target: str | Body) -> int:
    body = {"reference": str(uuid4()), "flow": flow, "params": params, "target": target}
    return key.ask("POST", "/v1/tasks", body)[0]
