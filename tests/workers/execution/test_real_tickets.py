"""Every kind of signature that planting accepts runs by real messages in real workers, and gives Celery's result."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from celery import chain, chord, group
from celery.canvas import chunks, xmap, xstarmap
from kombu.utils.uuid import uuid as kombu_uuid
from sqlalchemy import Engine, select

import tests.workers.execution.broken_tasks  # noqa: F401 - the ledger must know their names
from models.database.base import new_id
from models.tables import Task
from models.transactions.read_write import read
from tests.support.canvas.drawn import build, drawn
from tests.support.canvas.run_plan import run_plan
from tests.support.canvas.shapes import unwrapped
from tests.support.canvas.tasks import TABLE, current, make_app
from tests.support.ledger.drive import app, campaign, compiled, plant, root_result, task, tasks
from tests.support.ledger.fixtures import migrated_ledger
from tests.support.poll import wait_until
from tests.support.servers import Redis
from tests.workers.execution.real_desk import WAIT, RealDesk
from workers.canvas import CanvasRefused
from workers.dispatch.tickets import Ticket, publish, queue_lengths

pytestmark = pytest.mark.fleet

MODULES = "workers.tasks,tests.support.ledger.desk_tasks,tests.workers.execution.broken_tasks"
DRAWN = 100
W, F, N = (app.tasks[name] for name in ("work", "fail", "note"))

KINDS: dict[str, Callable[[], Any]] = {
    "task": lambda: W.s(1, two=2),
    "immutable task": lambda: chain(W.s(1), W.si(2)),
    "chain": lambda: chain(W.s(1), W.s(2), W.s(3)),
    "piped": lambda: W.s(1) | W.s(2),
    "group": lambda: group(W.s(1), W.s(2)),
    "group in a group": lambda: group(W.s(1), group(W.s(2), W.s(3))),
    "empty group": lambda: group(app=app),
    "chord": lambda: chord([W.s(1), W.s(2)], W.s()),
    "empty header": lambda: chord([], W.s()),
    "chain header": lambda: chord(chain(W.s(1), W.s(2)), W.s()),
    "map": lambda: W.map([1, [2], "三"]),
    "starmap": lambda: W.starmap([[1, 2], [], ["😀"]]),
    "empty map": lambda: W.map([]),
    "chunks": lambda: W.chunks([[1], [2], [3]], 2),
    "chunks as a group": lambda: W.chunks([[1], [2], [3]], 2).group(),
    "map in a chain": lambda: chain(W.s(1), W.map([2]), W.s(3)),
    "starmap in a chord": lambda: chord([W.starmap([[1]]), W.map([2])], W.s()),
    "link": lambda: _linked(W.s(1), link=N.s(label=2)),
    "link_error": lambda: _linked(F.s(1), link_error=N.s(2)),
    "link_error to a map": lambda: _linked(F.s(1), link_error=W.map([2])),
    "settled": lambda: chord([W.s(1), F.s(2)], W.s().set(join="settled")),
    "failure in a chord": lambda: chord([W.s(1), F.s(2)], W.s()),
    "map of what fails": lambda: F.map([1]),
}


def _linked(signature: Any, **links: Any) -> Any:
    for kind, linked in links.items():
        getattr(signature, kind)(linked)
    return signature


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealDesk]:
    """Three workers at the desk."""
    with ExitStack() as stack:
        engine = stack.enter_context(migrated_ledger(request, tmp_path_factory.mktemp("real")))
        redis = stack.enter_context(Redis())
        yield stack.enter_context(RealDesk(engine, redis.url, 3, MODULES))


def test_each_kind_of_signature_runs_through_real_messages(desk: RealDesk) -> None:
    wanted = {}
    with current(app):
        for kind, make in KINDS.items():
            planted = compiled(make())
            expected = run_plan(planted, TABLE, random.Random(1).choice, new_id)
            wanted[kind] = desk.plant(planted), planted, expected
    desk.run(campaign_id for campaign_id, _, _ in wanted.values())
    for kind, (campaign_id, _, expected) in wanted.items():
        fates = {one.id: (one.state, one.result) for one in tasks(desk.engine, campaign_id)}
        assert fates == {row: (fate.value, expected.results.get(row)) for row, fate in expected.fates.items()}, kind
        assert {one.attempt for one in tasks(desk.engine, campaign_id) if one.state == "succeeded"} <= {1}, kind
        if expected.succeeded:
            assert root_result(desk.engine, campaign_id) == expected.root, kind


def test_no_kind_of_signature_is_left_out() -> None:
    """The kinds that planting knows, and those above."""
    kinds = [make() for make in KINDS.values()]
    assert {xmap, xstarmap, chunks, group} <= {type(one) for one in kinds}
    assert any(type(one).__name__ == "_chord" for one in kinds)
    assert any(type(one).__name__ == "_chain" for one in kinds)


def test_drawn_canvases_through_real_messages_agree_with_celery(desk: RealDesk) -> None:
    calls: list[str] = []
    eager = make_app(calls.append, task_always_eager=True, result_backend="cache+memory://", broker_url="memory://")
    planted = {}
    with current(eager):
        for seed in range(20000, 20000 + DRAWN):
            try:
                planted[seed] = desk.plant(compiled(build(drawn(seed), eager)), seed=seed)
            except CanvasRefused:
                continue
        assert len(planted) > 0.85 * DRAWN
        desk.run(planted.values())
        for seed, campaign_id in planted.items():
            expected = unwrapped(build(drawn(seed), eager).apply_async().get(), build(drawn(seed), eager))
            assert root_result(desk.engine, campaign_id) == expected, f"seed {seed}: {drawn(seed)}"
            assert campaign(desk.engine, campaign_id).outcome == "succeeded"
    eager.close()


def test_what_is_no_exception_ends_its_own_attempt_and_no_worker(desk: RealDesk) -> None:
    """More of them than workers, among others that are claimed together with them."""
    hows = ("exit", "interrupt", "cancel") * 2
    left = [desk.plant(compiled(app.signature("leave", args=[how], immutable=True))) for how in hows]
    beside = desk.plant(compiled(group(W.si(number) for number in range(40))))
    desk.run([*left, beside])
    ends = [(one.state, one.failure_code) for campaign_id in left for one in tasks(desk.engine, campaign_id)]
    assert ends == [("failed", "flow_error")] * len(left)
    assert {(one.state, one.attempt) for one in tasks(desk.engine, beside)} == {("succeeded", 1)}


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("broken_call", "ticket_error", "TypeError"),
        ("broken_body", "ticket_error", "RuntimeError: broken before the claim 坏了"),
        ("broken_exit", "ticket_error", "ZeroDivisionError"),
        ("nobody_knows", "not_registered", "no worker knows a task named 'nobody_knows'"),
    ],
)
def test_a_ticket_that_raises_before_its_claim_is_counted_and_its_task_fails_after_three(
    desk: RealDesk, name: str, code: str, words: str
) -> None:
    campaign_id = plant(desk.engine, chain(app.signature(name, immutable=True), W.si(1)))
    desk.run([campaign_id])
    broken, behind = tasks(desk.engine, campaign_id)
    assert (broken.state, broken.failure_code, broken.tickets_failed) == ("failed", code, 3)
    assert broken.reason is not None
    assert broken.reason.startswith("3 tickets in a row led nowhere: ")
    assert words in broken.reason
    assert broken.attempt == 0, "nothing was claimed"
    assert (behind.state, behind.failure_code) == ("stopped", "prerequisite_failed")


def test_a_ticket_that_raises_twice_and_is_claimed_then_counts_from_the_beginning(desk: RealDesk) -> None:
    desk.redis.set("broken_twice", 2)
    campaign_id = plant(desk.engine, app.signature("broken_twice"))
    desk.run([campaign_id])
    (one,) = tasks(desk.engine, campaign_id)
    assert (one.state, one.attempt, one.tickets_failed) == ("succeeded", 1, 0)


# What a message may hold in place of the three parts of its body, and in its headers.
ODD_BODIES: dict[str, Any] = {
    "arguments": [[1, 2, 3], {"self": 1, "task_id": "x"}, {}],
    "self": [["self"], {"self": "self", "_args": 1}, {}],
    "nothing": [[], {}, {}],
    "kwargs that are a list": [[], [1], {}],
    "args that are a text": ["abc", {}, {}],
    "too few parts": [[]],
    "no list": 7,
    "null": None,
}


@pytest.mark.parametrize("odd", ODD_BODIES)
def test_a_raw_message_with_wrong_arguments_costs_its_task_nothing(desk: RealDesk, odd: str) -> None:
    """Whatever a message says beside its id carries no authority, and does no harm: the task runs by one of both."""
    (one,) = (row.id for row in tasks(desk.engine, plant(desk.engine, W.s(5))))
    _push(desk, one, "work", ODD_BODIES[odd])
    wait_until(lambda: queue_lengths(desk.redis, ["desk"])["desk"] == 0, WAIT, "the odd message to be taken")
    desk.run([task(desk.engine, one).campaign_id])
    row = task(desk.engine, one)
    assert (row.state, row.result, row.attempt) == ("succeeded", TABLE["work"](5), 1)


@pytest.mark.parametrize("name", ["work", "celery.map", "celery.starmap", "nobody_knows", "directed", "identify"])
def test_a_raw_message_about_no_task_runs_nothing(desk: RealDesk, name: str) -> None:
    before = Counter(_states(desk.engine))
    for odd in ODD_BODIES.values():
        _push(desk, str(uuid.uuid4()), name, odd)
    (after,) = (row.id for row in tasks(desk.engine, plant(desk.engine, W.s(6))))
    desk.run([task(desk.engine, after).campaign_id])  # the worker took them all, and lives
    assert Counter(_states(desk.engine)) == before + Counter({"succeeded": 1})


def test_messages_that_name_another_task_do_not_count_against_it(desk: RealDesk) -> None:
    """Three forged messages must not be able to end a task."""
    (one,) = (row.id for row in tasks(desk.engine, plant(desk.engine, W.s(7))))
    for name in ("nobody_knows", "broken_body", "nobody_knows", "broken_call", "celery.map"):
        publish(desk.celery, [Ticket(one, name, "desk", 0)])
    desk.run([task(desk.engine, one).campaign_id])
    assert (task(desk.engine, one).state, task(desk.engine, one).attempt) == ("succeeded", 1)


def _states(engine: Engine) -> list[str]:
    return read(engine, lambda session: list(session.scalars(select(Task.state))))


def _push(desk: RealDesk, task_id: str, name: str, body: Any) -> None:
    """A message as Celery sends it, with another body."""
    headers = {"task": name, "id": task_id, "lang": "py", "argsrepr": "()", "kwargsrepr": "{}", "retries": 0}
    with desk.celery.connection_for_write() as connection, connection.channel() as channel:
        producer = connection.Producer(channel)
        producer.publish(
            json.dumps(body),
            routing_key="desk",
            exchange="",
            headers=headers,
            priority=6,
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=task_id,
            delivery_tag=kombu_uuid(),
        )
