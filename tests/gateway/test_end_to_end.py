"""HTTP in, simulated phone, encrypted callback out: with the processes that an operator runs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.client.client import Client, Secret, verify
from gateway.keys.api_keys import KeySpec, make_key
from scripts.local.embedded import free_port
from scripts.local.processes import COORDINATOR, DELIVERY, Part, gateway, python
from tests.support.fleet import Fleet
from tests.support.gateway.receiver import Receiver, Reply, Request
from tests.support.poll import wait_until
from workers.settings import settings

pytestmark = pytest.mark.fleet

SECONDS = 90.0
DOWN_FOR = 3  # tries of each callback that the receiver does not take
TASKS = 6


@dataclass(frozen=True, slots=True)
class Trial:
    """A joint trial: a fleet of simulated phones, a gateway before it, and a sandbox key."""

    fleet: Fleet
    port: int
    key_id: str
    secret: Secret

    @property
    def client(self) -> Client:
        """What the customer speaks with."""
        return Client(f"http://127.0.0.1:{self.port}", self.key_id, self.secret)

    def start_gateway(self) -> None:
        """Start one, and wait until it answers."""
        self.fleet.processes.start(gateway(self.port))
        wait_until(self._answers, SECONDS, "the gateway to answer", every=0.1)

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/health", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def trial(folder: Path, database: str, redis: str, phones: int, origin: str) -> Iterator[Trial]:
    """Run it until the block ends. The key may be called back at one origin."""
    with Fleet(folder, database, redis, phones) as fleet:
        spec = KeySpec("trial", "acme", sandbox=True, allowlist=[origin], rate_per_second=100)
        key_id, secret = make_key(fleet.engine, spec, who="test")
        made = Trial(fleet, free_port(), key_id, secret)
        fleet.processes.start(DELIVERY)
        made.start_gateway()
        yield made


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, master_key: str) -> None:
    """The environment of processes whose phones are simulated, and whose customers are on loopback."""
    monkeypatch.setenv("PHONEFLEET_SANDBOX", "1")
    monkeypatch.setenv("PHONEFLEET_CALLBACK_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("PHONEFLEET_DELIVERY_SCHEDULE", "0.5,0.5,0.5,0.5,0.5,0.5")
    settings.cache_clear()


def test_a_customer_collects_and_acts_and_is_called_back(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str, sandbox: None
) -> None:
    port = free_port()
    with trial(tmp_path, sqlite_database, empty_redis_url, 2, f"http://127.0.0.1:{port}") as one:
        seal_key, signing_secret = one.secret.texts()
        env = {**os.environ, "SEAL_KEY": seal_key, "SIGNING_SECRET": signing_secret, "PORT": str(port)}
        receiver = Part("receiver", python("-m", "scripts.examples.receiver"), env)
        one.fleet.processes.start(receiver)
        url = f"http://127.0.0.1:{port}/callbacks"
        client = one.client

        def done(flow: str, params: Mapping[str, Any]) -> Any:
            asked = client.submit(flow, params, reference=f"my {flow}", callback_url=url)
            ended = client.wait(asked, SECONDS, every=0.2)
            assert ended.state == "succeeded", ended.raw
            return ended.result

        (title,) = done("collect_titles", {"author_id": "xiaopeng", "count": 1})["titles"]
        video = {"author_id": "xiaopeng", "title": title["title"]}
        comment = done("collect_comments", {**video, "most": 5})["comments"][0]
        target = {"target_commenter": comment["commenter"], "target_comment": comment["text"]}
        done("directed", {"kind": "like_comment", **video, **target})
        log = one.fleet.processes.log(receiver)
        wanted = [f"task.succeeded my {flow} succeeded" for flow in ("collect_titles", "collect_comments", "directed")]
        wait_until(
            lambda: sorted(log.read_text().splitlines()) == sorted(wanted), SECONDS, "three callbacks", every=0.1
        )
        assert [one.kind for one in one.fleet.truth()] == ["like_comment"]
        assert not one.fleet.differences()
        changes, _ = client.changes()
        ends = [one for one in changes if one["kind"] == "task" and one["state"] == "succeeded"]
        assert [one["position"] for one in changes] == list(range(1, len(changes) + 1))
        assert [one["reference"] for one in ends] == ["my collect_titles", "my collect_comments", "my directed"]


def test_every_result_arrives_although_the_receiver_was_down_and_gateway_and_coordinator_died(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str, sandbox: None
) -> None:
    tries: Counter[str] = Counter()

    def answer(request: Request) -> Reply:
        tries[request.id] += 1
        return Reply(503 if tries[request.id] <= DOWN_FOR else 204)

    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver(answer))
        one = stack.enter_context(trial(tmp_path, sqlite_database, empty_redis_url, 2, receiver.origin))
        asked = [
            one.client.submit(
                "collect_titles",
                {"author_id": "xiaopeng", "count": 1},
                reference=f"order-{number}",
                callback_url=f"{receiver.origin}/callbacks",
            )
            for number in range(TASKS)
        ]
        wait_until(lambda: tries, SECONDS, "the first try at a callback", every=0.05)
        for part in (gateway(one.port), COORDINATOR):
            one.fleet.processes.kill(part.name)
        one.fleet.processes.start(COORDINATOR)
        one.start_gateway()
        again = [
            one.client.submit(
                "collect_titles",
                {"author_id": "xiaopeng", "count": 1},
                reference=f"order-{number}",
                callback_url=f"{receiver.origin}/callbacks",
            )
            for number in range(TASKS)
        ]
        assert [made.id for made in again] == [made.id for made in asked]
        for made in asked:
            assert one.client.wait(made, SECONDS, every=0.2).state == "succeeded"

        def arrived() -> bool:
            return len(tries) == TASKS and min(tries.values()) > DOWN_FOR

        wait_until(arrived, SECONDS, "every callback to be taken", every=0.1)
        listed = list(one.client.listed("deliveries", limit=2))
        wait_until(
            lambda: {found["state"] for found in one.client.listed("deliveries")} == {"delivered"},
            SECONDS,
            "every delivery to be noted",
            every=0.1,
        )
        assert {found["id"] for found in listed} == set(tries)
        events = [verify(request.headers, request.body, one.secret) for request in receiver.requests]
        told = {event.id: (event.data["task_id"], event.data["state"]) for event in events}
        assert sorted(told.values()) == sorted((made.id, "succeeded") for made in asked)
        assert set(tries.values()) == {DOWN_FOR + 1}
