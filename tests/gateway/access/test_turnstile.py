"""How often a key may ask, and that no question is answered twice, whether Redis is there or not."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from gateway.access.caller import KEEP_SECONDS, Caller, Keyring, Replayed
from gateway.access.rate_limit import RateLimiter
from gateway.access.replay_guard import CALL_SECONDS, ReplayCache, ReplayStore
from gateway.api.dependencies import Gateway
from gateway.api.evidence_store import EvidenceStore
from gateway.keys.api_keys import KeySpec, make_key, revoke_key
from models.history.request_ids import REMEMBERED
from tests.support.freeze import frozen
from tests.support.ground import NOBODY_LISTENS
from tests.support.servers import Redis

WAIT = 20.0


@dataclass
class Clock:
    """A clock that the test turns."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_holds_what_comes_in_a_second() -> None:
    clock = Clock()
    buckets = RateLimiter(clock)
    assert [buckets.take("a", 3) for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("b", 3) == 0
    clock.now += 1 / 3
    assert [buckets.take("a", 3) for _ in range(2)] == [0, 1]
    clock.now += 3600
    assert [buckets.take("a", 3) for _ in range(4)] == [0, 0, 0, 1]


def test_a_slow_bucket_says_how_long_to_wait() -> None:
    clock = Clock()
    buckets = RateLimiter(clock)
    assert [buckets.take("a", 0.1), buckets.take("a", 0.1)] == [0, 10]
    clock.now += 9.9
    assert buckets.take("a", 0.1) == 1
    clock.now += 0.2
    assert buckets.take("a", 0.1) == 0


def test_what_weighs_more_takes_more_and_at_most_all_that_a_bucket_holds() -> None:
    clock = Clock()
    buckets = RateLimiter(clock)
    assert [buckets.take("a", 10, 6), buckets.take("a", 10, 4), buckets.take("a", 10)] == [0, 0, 1]
    clock.now += 1
    assert buckets.take("a", 10, 99) == 0
    assert buckets.take("a", 10, 99) == 1


def test_a_request_is_known_until_its_time_alone_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    seen = ReplayCache(clock)
    assert [seen.first_time("a", "1"), seen.first_time("a", "1"), seen.first_time("b", "1")] == [True, False, True]
    clock.now += REMEMBERED.total_seconds() + 1
    assert seen.first_time("a", "1")
    monkeypatch.setattr("gateway.access.replay_guard.MOST_SIGNED", 2)
    assert [seen.first_time("a", "2"), seen.first_time("a", "3")] == [True, True]
    assert not seen.first_time("a", "3")
    assert seen.first_time("a", "1"), "the oldest makes room"


def test_made_up_ids_drive_no_key_out(ledger: Engine, master_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.access.caller.MOST_KEPT", 3)
    keyring = Keyring(ledger, Clock())
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    assert keyring.find(key_id) is not None
    for number in range(10):
        assert keyring.find(f"made-up-{number}") is None
    kept = keyring.kept(key_id)
    assert kept is not None
    assert kept[0] is not None
    assert keyring.kept("made-up-9") == (None,)
    assert keyring.kept("made-up-0") is None
    assert keyring.knows(key_id)
    assert not keyring.knows("made-up-9")


def test_a_question_is_asked_once_on_all_gateways(redis_url: str) -> None:
    here, there = ReplayStore(redis_url), ReplayStore(redis_url)
    assert here.first_time("key", "turnstile-1") is True
    assert there.first_time("key", "turnstile-1") is False
    assert there.first_time("other", "turnstile-1") is True
    here.close()
    there.close()


def test_a_late_answer_of_redis_makes_no_question_a_replay() -> None:
    with Redis() as server:
        asked = ReplayStore(server.url)
        assert asked.first_time("key", "1") is True
        with frozen(server.pid):
            awake = threading.Timer(1.5 * CALL_SECONDS, os.kill, (server.pid, signal.SIGCONT))
            awake.start()
            assert asked.first_time("key", "2") is not False  # nobody asked it before
            awake.join(WAIT)
        asked.close()


def test_while_redis_is_away_the_ledger_remembers_questions(ledger: Engine, master_key: str) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    known = Keyring(ledger).find(key_id)
    assert known is not None
    gateway = Gateway.on(ledger, ReplayStore(NOBODY_LISTENS), EvidenceStore("evidence"))
    caller = Caller(known.key, known.shares_with, "req_1")
    assert gateway.look(caller, lambda _: "answer") == "answer"
    with pytest.raises(Replayed):
        gateway.look(caller, lambda _: "answer")


def test_a_key_is_looked_up_once_a_second_and_refused_a_second_after_it_was_revoked(
    ledger: Engine, master_key: str
) -> None:
    clock = Clock()
    keyring = Keyring(ledger, clock)
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    assert keyring.kept(key_id) is None
    assert keyring.find(key_id) is not None
    revoke_key(ledger, key_id, who="test")
    kept = keyring.kept(key_id)
    assert kept is not None
    assert kept[0] is not None
    clock.now += KEEP_SECONDS
    assert keyring.kept(key_id) is None  # this one looks, and the next one need not
    assert keyring.kept(key_id) is not None
    assert keyring.find(key_id) is None
    assert keyring.kept(key_id) == (None,)
