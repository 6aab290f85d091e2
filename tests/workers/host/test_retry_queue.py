"""A retry queue that does not give up runs its job once that succeeds; one that gives up stops after its tries."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest

from models.values.backoff import Backoff
from tests.support.poll import wait_until
from workers.host import retry_queue
from workers.host.retry_queue import TRIES, RetryQueue

WAIT = 30.0
SOON = Backoff(first=0.001, most=0.001)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_queue, "RETRIES", SOON)


def failing(times: int, tried: list[int], done: Event) -> Callable[[], None]:
    """Returns a job that fails so many times before it succeeds."""

    def job() -> None:
        tried.append(1)
        if len(tried) <= times:
            raise ConnectionError("Redis is away")
        done.set()

    return job


@pytest.mark.parametrize("times", [0, 1, TRIES, 5 * TRIES])
def test_one_that_does_not_give_up_does_its_job_however_often_it_failed(times: int) -> None:
    tried: list[int] = []
    done, gave_up = Event(), Event()
    queue = RetryQueue("redis-jobs", gives_up=False)
    queue.do("put back", failing(times, tried, done), otherwise=gave_up.set)
    wait_until(done.is_set, WAIT, "the job")
    assert queue.close(WAIT)
    assert len(tried) == times + 1
    assert not gave_up.is_set()


def test_one_that_gives_up_says_so() -> None:
    tried: list[int] = []
    done, gave_up = Event(), Event()
    queue = RetryQueue("ledger-jobs")
    queue.do("enrol", failing(100, tried, done), otherwise=gave_up.set)
    wait_until(gave_up.is_set, WAIT, "it to give up")
    assert len(tried) == TRIES
    assert queue.close(WAIT)


def test_one_that_is_closed_leaves_off(caplog: pytest.LogCaptureFixture) -> None:
    tried: list[int] = []
    queue = RetryQueue("redis-jobs", gives_up=False)
    queue.do("put back", failing(10**6, tried, Event()))
    wait_until(lambda: len(tried) > 2 * TRIES, WAIT, "some tries")
    assert queue.close(WAIT)
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1, "one line, not one for each try"
