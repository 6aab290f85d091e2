"""Values as deep and as large as the ledger takes them, the same on each database; what is more is refused at once."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from celery import chain, chord, group
from redis import Redis
from sqlalchemy import Engine, insert

from models.database.base import to_json
from models.database.sizes import MIB, MOST_RESULT, MOST_ROW, TooLarge
from models.database.storable import MOST_DEPTH, TooLong, storable_json
from models.tables import AuditEntry, Campaign, Task
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import (
    attempts,
    compiled,
    now,
    plant,
    ready,
    root_result,
    run_to_end,
    states,
    take,
    task,
    try_to_take,
    work,
)
from workers.attempts.outcome import Failed, Replaced, Succeeded
from workers.attempts.record import record
from workers.canvas import CanvasRefused
from workers.planting.submit import submit


def nested(depth: int, inside: Any = "x", *, as_object: bool = False) -> Any:
    for _ in range(depth):
        inside = {"a": inside} if as_object else [inside]
    return inside


def run(engine: Engine, canvas: Any) -> str:
    """A campaign that ran to its end."""
    campaign = plant(engine, canvas)
    run_to_end(engine, campaign, Random(1))
    return campaign


def recorded(engine: Engine, result: Any) -> Task:
    """A desk task that ended with this result."""
    (one,) = ready(engine, plant(engine, work(1)))
    record(engine, take(engine, one), Succeeded(result))
    ended: Task = task(engine, one)
    return ended


@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.parametrize("depth", [31, 32, 33, MOST_DEPTH])
def test_a_result_may_be_as_deep_on_each_database(ledger: Engine, depth: int, as_object: bool) -> None:
    result = nested(depth, as_object=as_object)
    ended = recorded(ledger, result)
    assert (ended.state, ended.result) == ("succeeded", result)


@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.parametrize("depth", [MOST_DEPTH + 1, 101, 5000])
def test_a_deeper_one_is_a_failure_of_the_flow_at_once(ledger: Engine, depth: int, as_object: bool) -> None:
    ended = recorded(ledger, nested(depth, as_object=as_object))
    assert (ended.state, ended.failure_code, ended.attempt) == ("failed", "flow_error", 1)
    assert "nested more than 64 deep" in (ended.reason or "")


@pytest.mark.parametrize("depth", [11, 16, 33, 48])
def test_a_canvas_is_planted_as_deep_on_each_database(ledger: Engine, depth: int) -> None:
    canvas: Any = work(1)
    for _ in range(depth):
        canvas = group([chain(work(2), canvas), work(3)])
    campaign = run(ledger, canvas)
    assert states(ledger, campaign) == {"succeeded": 2 * depth + 1}
    assert isinstance(root_result(ledger, campaign), list)


@pytest.mark.parametrize("depth", [32, 40, MOST_DEPTH])
def test_what_was_asked_for_is_kept_as_deep_on_each_database(ledger: Engine, redis: Redis, depth: int) -> None:
    asked_for = nested(depth, as_object=True)
    handle = submit(work(1), name="deep", asked_for=asked_for, engine=ledger)
    assert read(ledger, lambda session: session.get_one(Campaign, handle.id).asked_for) == asked_for


def test_arguments_are_kept_as_deep_on_each_database(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(nested(60), kept=nested(60, as_object=True))))
    got = take(ledger, one)
    assert (got.args, got.kwargs) == ((nested(60),), {"kept": nested(60, as_object=True)})


LARGE = {
    "20 MB of text": lambda: "x" * 20 * MIB,
    "70 MB of text": lambda: "x" * 70 * MIB,
    "70 MB of Chinese": lambda: "讲" * 24 * MIB,
    "one byte too many": lambda: "x" * MOST_RESULT,
    "quotes, which count twice": lambda: '"' * (MOST_RESULT // 2 + 1),
    "controls, which count six times": lambda: "\x01" * (MOST_RESULT // 6 + 1),
    "many small ones": lambda: [{"text": "x" * 90, "likes": 12}] * 50_000,
    "long keys": lambda: {"k" * MIB + str(number): 1 for number in range(5)},
}


@pytest.mark.parametrize("large", LARGE.values(), ids=LARGE.keys())
def test_a_result_that_is_too_large_fails_at_once(ledger: Engine, large: Any) -> None:
    ended = recorded(ledger, large())
    assert (ended.state, ended.failure_code, ended.attempt) == ("failed", "result_too_large", 1)
    assert ended.result is None
    assert str(MOST_RESULT) in (ended.reason or "")


@pytest.mark.parametrize("character", ["x", '"', "\\", "'", "\x01", "讲", "😀", "\n", "%"])
def test_the_largest_result_is_kept_whatever_it_holds(ledger: Engine, character: str) -> None:
    one = len(json.dumps(character, ensure_ascii=False).encode()) - 2
    result = character * ((MOST_RESULT - 10) // one)
    ended = recorded(ledger, result)
    assert (ended.state, ended.failure_code) == ("succeeded", None)
    assert ended.result == result


def test_results_that_are_too_large_together_fail_the_task_that_they_stand_for(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    record(ledger, take(ledger, one), Replaced(group(work(number) for number in range(3))))
    parts = [part.id for part in read(ledger, lambda s: list(s.query(Task).filter(Task.in_place_of == one)))]
    assert len(parts) == 3
    for part in parts:
        record(ledger, take(ledger, part), Succeeded("x" * (MOST_RESULT // 2)))
    assert (task(ledger, one).state, task(ledger, one).failure_code) == ("failed", "result_too_large")
    assert {task(ledger, part).state for part in parts} == {"succeeded"}


def test_a_failure_with_endless_details_and_evidence_is_kept_without_them(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    record(ledger, take(ledger, one), Failed("bad_input", "why", "step", {"a": "x" * 20 * MIB}, {"b": nested(100)}))
    (kept,) = attempts(ledger, one)
    assert (kept.failure_code, kept.reason) == ("bad_input", "why")
    assert "larger than" in str(kept.details)
    assert "nested" in str(kept.evidence)


def test_arguments_that_are_too_large_are_refused_with_their_place(ledger: Engine) -> None:
    for size, place in ((5, "chain[1]"), (20, "chain[1]"), (70, "chain[1]")):
        with pytest.raises(CanvasRefused) as refused:
            compiled(work(1) | work("讲" * (size * MIB // 3)))
        assert (refused.value.field, "bytes of arguments" in refused.value.reason) == (place, True)


@pytest.mark.parametrize("asked_for", [{"a": nested(65)}, {"a": "x" * 5 * MIB}, {"a": {1, 2}}, {"a": 10**5000}])
def test_what_was_asked_for_is_refused_when_it_cannot_be_kept(ledger: Engine, asked_for: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        submit(work(1), name="n", asked_for=asked_for, engine=ledger)
    assert [one.field for one in refused.value.problems] == ["asked_for"]


def test_no_statement_is_sent_that_a_database_might_not_take(ledger: Engine) -> None:
    row = {"at": now(ledger), "who": "w", "subject": "s", "before": None}
    write(ledger, lambda s: s.execute(insert(AuditEntry).values(**row, after="x" * (MOST_ROW - 1000))))
    large = {**row, "after": "讲" * (MOST_ROW // 3)}
    with pytest.raises(TooLarge):
        write(ledger, lambda s: s.execute(insert(AuditEntry).values(**large)))
    with pytest.raises(TooLarge):
        write(ledger, lambda s: s.execute(insert(AuditEntry), [{**row, "after": 1}, large]))


def test_json_is_counted_as_it_is_written() -> None:
    values: tuple[Any, ...] = ({"a": [1, 2.5, None, True, '讲"\n\\']}, [[], {}, [[]]], "😀" * 10, {"讲": {"b": "\x01"}})
    for value in values:
        size = len(to_json(value).encode())
        storable_json(value, size + 20)
        with pytest.raises(TooLong):
            storable_json(value, size - 1)


def test_results_that_would_fill_a_workers_memory_end_the_task_that_takes_them(
    ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.attempts.arguments.MOST_TAKEN", MIB)
    campaign = body = ""
    for size, state in ((MIB // 4, "running"), (MIB // 2, "failed")):
        campaign = plant(ledger, chord([work(number) for number in range(3)], work(9)))
        for one in ready(ledger, campaign):
            record(ledger, take(ledger, one), Succeeded("x" * size))
        (body,) = ready(ledger, campaign)
        try_to_take(ledger, body)
        assert task(ledger, body).state == state
    assert task(ledger, body).failure_code == "result_too_large"
    assert read(ledger, lambda session: session.get_one(Campaign, campaign).outcome) == "failed"
