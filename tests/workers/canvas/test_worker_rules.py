"""Rules that eager mode does not keep, held against a real Celery worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import redis
from celery import Celery, chain, chord, group
from celery.canvas import _chain, chunks

from tests.support.canvas.tasks import CALLS_KEY
from tests.support.poll import wait_until
from tests.workers.canvas.plans import calls_of, run

pytestmark = pytest.mark.fleet

SECONDS = 30.0


class Makers:
    """Signatures of one app."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.w: Callable[..., Any] = app.tasks["work"].s
        self.wi: Callable[..., Any] = app.tasks["work"].si
        self.bad: Callable[..., Any] = app.tasks["fail"].s


def with_args(canvas: Any, *args: Any) -> Any:
    canvas.args = args
    return canvas


def linked(canvas: Any, callback: Any) -> Any:
    canvas.link(callback)
    return canvas


RULES: dict[str, Callable[[Makers], Any]] = {
    "a whole chain's args": lambda m: with_args(chain(m.w(1), m.w(2)), 7),
    "a chord's own args": lambda m: with_args(chord([m.w(1), m.wi(2)], m.w(3)), 7),
    "link of a chain": lambda m: linked(chain(m.w(1), m.w(2)), m.w(3)),
    "link of a chord": lambda m: linked(chord([m.w(1)], m.w(2)), m.w(3)),
    "raw group of one in a chain": lambda m: _chain([m.w(1), group([m.w(2)]), m.w(3)]),
    "root group of one that ends in a group": lambda m: group([chain(m.w(1), group([m.w(2), m.w(3)]))]),
    "chunks": lambda m: chunks(m.w(), [(1,), (2,), (3,)], 2, app=m.app),
    "errback of a body, for its header": lambda m: chord([m.bad(1), m.w(2), m.bad(3)], m.w(4).on_error(m.wi(9))),
    "errback of a body, not for what is before": lambda m: chain(
        m.bad(1), chord([m.w(2), m.w(3)], m.w(4).on_error(m.wi(9)))
    ),
    "errbacks of a body that is a group": lambda m: chord(
        [m.bad(1)], group([m.w(2).on_error(m.wi(8)), m.w(3).on_error(m.wi(9))])
    ),
    "errback of a step": lambda m: chain(
        m.w(1).on_error(m.wi(7)), m.bad(2).on_error(m.wi(8)), m.w(3).on_error(m.wi(9))
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_worker_keeps_the_rule(rule: str, worker: Celery, redis_url: str) -> None:
    makers = Makers(worker)
    outcome = run(RULES[rule](makers))
    with redis.Redis.from_url(redis_url) as client:
        client.delete(CALLS_KEY)
        result = RULES[rule](makers).apply_async()
        if outcome.succeeded:
            assert result.get(timeout=SECONDS) == outcome.root
        expected = calls_of(outcome)
        wait_until(lambda: client.llen(CALLS_KEY) >= expected.total(), SECONDS, "all calls")
        assert Counter(call.decode() for call in client.lrange(CALLS_KEY, 0, -1)) == expected


def test_an_errback_gets_the_id_of_the_row_that_failed(worker: Celery, redis_url: str) -> None:
    note = worker.tasks["note"].s(label=9)
    canvas = chain(worker.tasks["work"].s(1), worker.tasks["fail"].s(2).on_error(note))
    (call,) = (call for call in run(canvas).calls if call.task == "note")
    with redis.Redis.from_url(redis_url) as client:
        client.delete(CALLS_KEY)
        result = canvas.apply_async()
        wait_until(lambda: client.llen(CALLS_KEY) >= 3, SECONDS, "all calls")
        made = [recorded.decode() for recorded in client.lrange(CALLS_KEY, 0, -1)]
    assert call.args == ("r1",)
    assert any(text.startswith(f'["note", ["{result.id}", 9]') for text in made)
