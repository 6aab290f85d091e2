"""HTTP in, simulated phone, encrypted callback out: with the processes that an operator runs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from redis import Redis

from gateway.client.client import Client, Secret, verify
from gateway.keys.api_keys import KeySpec, make_key
from scripts.local.embedded import free_port
from scripts.local.processes import COORDINATOR, DELIVERY, Part, gateway, python
from tests.support.fleet import Fleet
from tests.support.gateway.master_key import MASTER_KEY
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


@dataclass(frozen=True, slots=True)
class Running:
    """What the trials of this file share: the fleet, and the port of its gateway. Each has a customer of its own."""

    fleet: Fleet
    port: int

    def trial(self, customer: str, origin: str) -> Trial:
        """A trial of a new customer, whose key may be called back at one origin."""
        spec = KeySpec(customer, customer, sandbox=True, allowlist=[origin], rate_per_second=100)
        return Trial(self.fleet, self.port, *make_key(self.fleet.engine, spec, who="test"))

    def start_gateway(self) -> None:
        """Start one, and wait until it answers."""
        self.fleet.processes.start(gateway(self.port))
        wait_until(self._answers, SECONDS, "the gateway to answer", every=0.1)

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/health", timeout=5).ok
        except requests.RequestException:
            return False


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Running]:
    """The phones of its processes are simulated, and its customers are on loopback."""
    folder = tmp_path_factory.mktemp("trial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHONEFLEET_MASTER_KEY", MASTER_KEY)
        patch.setenv("PHONEFLEET_SANDBOX", "1")
        patch.setenv("PHONEFLEET_CALLBACK_NETWORKS", "127.0.0.0/8")
        patch.setenv("PHONEFLEET_DELIVERY_SCHEDULE", "0.5,0.5,0.5,0.5,0.5,0.5")
        with Redis.from_url(redis_url) as client:
            client.flushall()
        settings.cache_clear()
        with Fleet(folder, f"sqlite:///{folder / 'ledger.db'}", redis_url, 2) as fleet:
            made = Running(fleet, free_port())
            fleet.processes.start(DELIVERY)
            made.start_gateway()
            yield made
    settings.cache_clear()


def test_a_customer_collects_and_acts_and_is_called_back(running: Running) -> None:
    port = free_port()
    one = running.trial("acme", f"http://127.0.0.1:{port}")
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
    wait_until(lambda: sorted(log.read_text().splitlines()) == sorted(wanted), SECONDS, "three callbacks", every=0.1)
    assert [one.kind for one in one.fleet.truth()] == ["like_comment"]
    assert not one.fleet.differences()
    changes, _ = client.changes()
    ends = [one for one in changes if one["kind"] == "task" and one["state"] == "succeeded"]
    assert [one["position"] for one in changes] == list(range(1, len(changes) + 1))
    assert [one["reference"] for one in ends] == ["my collect_titles", "my collect_comments", "my directed"]


def test_every_result_arrives_although_the_receiver_was_down_and_gateway_and_coordinator_died(
    running: Running,
) -> None:
    tries: Counter[str] = Counter()

    def answer(request: Request) -> Reply:
        tries[request.id] += 1
        return Reply(503 if tries[request.id] <= DOWN_FOR else 204)

    with Receiver(answer) as receiver:
        one = running.trial("down", receiver.origin)
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
        running.start_gateway()
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
