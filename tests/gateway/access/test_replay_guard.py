"""The replay guard: no request is answered twice, whether Redis is there or not."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from sqlalchemy import Engine

from gateway.access.caller import Caller, Keyring, Replayed
from gateway.access.replay_guard import CALL_SECONDS, ReplayCache, ReplayStore
from gateway.api.dependencies import Gateway
from gateway.api.evidence_store import EvidenceStore
from gateway.keys.api_keys import KeySpec, make_key
from models.history.request_ids import REMEMBERED
from tests.gateway.access.clock import Clock
from tests.support.freeze import frozen
from tests.support.installation import NOBODY_LISTENS
from tests.support.servers import Redis
from workers.settings import read_settings

WAIT = 20.0


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


def test_a_question_is_asked_once_on_all_gateways(redis_url: str) -> None:
    here, there = ReplayStore(redis_url), ReplayStore(redis_url)
    assert here.first_time("key", "request-1") is True
    assert there.first_time("key", "request-1") is False
    assert there.first_time("other", "request-1") is True
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
    gateway = Gateway.on(ledger, ReplayStore(NOBODY_LISTENS), EvidenceStore("evidence"), read_settings({}))
    caller = Caller(known.key, known.shares_with, "req_1")
    assert gateway.look(caller, lambda _: "answer") == "answer"
    with pytest.raises(Replayed):
        gateway.look(caller, lambda _: "answer")
