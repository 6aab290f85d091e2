"""The parts of the stock Celery fleet that decide something: its canvases, its journal, what its workers told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from celery.canvas import Signature
from redis import Redis

from benchmarks.celery_storm_strikes import LEFT_OUT, possible
from benchmarks.stock import make_app
from benchmarks.stock_canvas import stock_canvas
from benchmarks.stock_journal import RedisJournal
from benchmarks.stock_told import Line, planned, read_told, running_now, task_rows, tell_in
from chaos.material import read_material
from chaos.plan import DAY_LIKES, DAY_REPLIES, DAY_VIDEOS, Canvas, plan_work
from chaos.schedule import KINDS, plan_strikes
from flows.action import Action, ActionKind
from models.tasks.states import State
from workers.planting.plant import compile_for_planting

LATER = DAY_VIDEOS + 1 + DAY_LIKES + DAY_REPLIES + 1  # of a day's canvas, planted by its desk tasks on the way


@pytest.fixture(scope="module")
def work() -> list[Canvas]:
    return plan_work(300, read_material(1, 12), seed=1)


def converted(canvas: Canvas) -> tuple[Signature, list[dict[str, Any]]]:
    return stock_canvas(canvas.signature, "c", make_app("redis://127.0.0.1:1/0"))


def leaves(signature: Signature) -> list[Signature]:
    """The tasks of a canvas as Celery itself sees them."""
    if signature.name == "celery.chord":
        return [*(leaf for one in signature.tasks for leaf in leaves(one)), *leaves(signature.body)]
    if signature.name in ("celery.chain", "celery.group"):
        return [leaf for one in signature.tasks for leaf in leaves(one)]
    return [signature]


def test_stock_canvas_holds_the_tasks_that_the_fleet_would_plant(work: list[Canvas]) -> None:
    for canvas in work:
        rows = compile_for_planting(canvas.signature, "all").rows
        _, tasks = converted(canvas)
        assert Counter(task["flow"] for task in tasks) == Counter(row.task for row in rows), canvas.name
        assert len(tasks) == canvas.tasks - (LATER if canvas.name.startswith("day") else 0)


def test_each_task_carries_its_name_and_goes_to_its_queue(work: list[Canvas]) -> None:
    queues: Counter[str] = Counter()
    for canvas in work:
        signature, tasks = converted(canvas)
        by_name = {task["task"]: task for task in tasks}
        found = leaves(signature)
        assert len(by_name) == len(tasks) == len(found)
        for leaf in found:
            task = by_name[leaf.kwargs["plan_id"]]
            assert leaf.name == task["flow"]
            assert {**leaf.kwargs, **task["kwargs"]} == leaf.kwargs
            queue = leaf.options["queue"]
            assert queue == (f"account.{task['account']}" if task["account"] else queue)
            assert (queue == "desk") == (task["flow"] in ("each_title", "gather", "draw_directed", "tally"))
            assert "join" not in leaf.options
            queues[queue.partition(".")[0]] += 1
    assert min(queues[queue] for queue in ("account", "pool", "desk")) > 0


def test_failures_travel_as_values_under_a_settled_join_only(work: list[Canvas]) -> None:
    chain = next(canvas for canvas in work if canvas.name == "directed chain")
    assert [leaf.kwargs["settled"] for leaf in leaves(converted(chain)[0])] == [False] * chain.tasks
    grouped = next(canvas for canvas in work if canvas.name == "directed group")
    assert [leaf.kwargs["settled"] for leaf in leaves(converted(grouped)[0])] == [*[True] * (grouped.tasks - 1), False]


def test_journal_keeps_what_was_confirmed_and_forgets_what_was_not(empty_redis_url: str) -> None:
    action = Action(ActionKind.LIKE_COMMENT, "xiaopeng", "试驾", "老王", "不错")
    doubtful = Action(ActionKind.COMMENT, "xiaopeng", "试驾", text="学到了")
    with Redis.from_url(empty_redis_url, socket_timeout=5) as redis:
        first = RedisJournal(redis, "task")
        first.confirm(first.declare(action), verified=True)
        first.declare(doubtful)
        again = RedisJournal(redis, "task")
        assert again.done() == [action]
        assert again.verified(action)
        assert not again.verified(doubtful)
        assert RedisJournal(redis, "another").done() == []


def line(event: str, at: float, task: str = "t", **more: Any) -> Line:
    return {"event": event, "at": at, "task": task, "serial": "A", **more}


PLANNED = {"event": "planned", "at": 0.0, "task": "t", "flow": "directed", "kwargs": {"kind": "comment"}}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], State.READY),
        (["began"], State.RUNNING),
        (["began", "again"], State.RUNNING),
        (["began", "failed"], State.FAILED),
        (["began", "failed", "began", "succeeded"], State.SUCCEEDED),
        (["began", "succeeded", "began"], State.SUCCEEDED),  # delivered twice, and the second one died
    ],
)
def test_state_of_a_task_is_the_best_that_a_delivery_came_to(events: list[str], state: State) -> None:
    told = [line(event, at, reason="x") for at, event in enumerate(events, 1)]
    (row,) = task_rows([PLANNED, *told])
    assert (row.id, row.flow, row.state) == ("t", "directed", state)


def test_task_planned_twice_is_one_task() -> None:
    assert list(planned([PLANNED, {**PLANNED, "at": 5.0}])) == ["t"]


def test_phone_runs_what_its_worker_began_last_and_has_not_left() -> None:
    assert [one.task_id for one in running_now([PLANNED, line("began", 1)])] == ["t"]
    assert running_now([PLANNED, line("began", 1), line("again", 2)]) == []
    assert running_now([PLANNED, line("began", 1), {"event": "up", "at": 2, "serial": "A"}]) == []
    pinned = {**PLANNED, "account": "acc0001"}
    assert [one.pinned for one in running_now([pinned, line("began", 1)])] == [True]


def test_line_that_a_dying_worker_left_unfinished_is_left_out(tmp_path: Path) -> None:
    tell_in(tmp_path, "A", "began", task="t", serial="A")
    with (tmp_path / "A.jsonl").open("a") as file:
        file.write('{"event": "succ')
    tell_in(tmp_path, "B", "up", serial="B")
    assert [one["event"] for one in read_told(tmp_path)] == ["began", "up"]


def test_strikes_on_what_stock_celery_lacks_are_left_out() -> None:
    strikes = plan_strikes(300, 1)
    kept = possible(strikes)
    assert {strike.kind for strike in kept} == set(KINDS) - LEFT_OUT
    assert [strike for strike in strikes if strike.kind not in LEFT_OUT] == kept
    assert possible(strikes, {"hang"}) == [strike for strike in kept if strike.kind != "hang"]
