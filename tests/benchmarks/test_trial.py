"""What a trial of a takeover or a stop measures, from attempts and calls made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.trial import Trial, capped, last_touch, percentile, quiet, run_again, takeover
from chaos.blow import Death
from chaos.judge import AttemptRow

NOON = 1_000_000.0


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(NOON + seconds, UTC)


def attempt(number: int, serial: str, began: float, ended: float | None = None, outcome: str = "lost") -> AttemptRow:
    done = ended is not None
    return AttemptRow(
        "task", number, serial, "acc", at(began), at(ended) if ended is not None else None, outcome if done else None
    )


def call(began: float, ended: float | None = None) -> dict[str, Any]:
    return {"call": "click", "began": NOON + began, "ended": NOON + (began + 0.1 if ended is None else ended)}


def death(number: int = 1) -> Death:
    return Death(NOON + 10, "task", number, pinned=False, kind="kill_worker", no_return=False)


def times(trial: Trial | None) -> list[float | None]:
    """Noticed, claimed, touched; to the millisecond."""
    assert trial is not None
    return [None if one is None else round(one, 3) for one in (trial.noticed, trial.claimed, trial.touched)]


def test_takeover_is_at_the_first_call_that_another_phone_gets_for_the_task() -> None:
    attempts = [attempt(1, "A", 0, 11), attempt(2, "B", 12)]
    calls = {"A": [call(13)], "B": [call(5), call(12.5), call(13)]}
    assert times(takeover(death(), attempts, calls)) == [1.0, 2.0, 2.5]


def test_task_claimed_and_not_begun_is_not_taken_over() -> None:
    attempts = [attempt(1, "A", 0, 11), attempt(2, "B", 12)]
    assert times(takeover(death(), attempts, {"B": [call(5)]})) == [1.0, 2.0, None]


def test_struck_phone_itself_does_not_count() -> None:
    attempts = [attempt(1, "A", 0, 11), attempt(2, "A", 12, 13), attempt(3, "B", 14)]
    assert times(takeover(death(), attempts, {"A": [call(12.5)], "B": [call(14.2)]})) == [1.0, 4.0, 4.2]


def test_calls_of_another_task_on_that_phone_do_not_count() -> None:
    attempts = [attempt(1, "A", 0, 11), attempt(2, "B", 12, 13), attempt(3, "C", 14)]
    assert times(takeover(death(), attempts, {"B": [call(15)], "C": [call(16)]})) == [1.0, 2.0, 6.0]


def test_death_that_nobody_noticed_has_no_times() -> None:
    assert times(takeover(death(), [attempt(1, "A", 0)], {"A": [call(11)]})) == [None, None, None]


def test_attempt_recorded_before_its_death_is_no_trial() -> None:
    assert takeover(death(), [attempt(1, "A", 0, 9, "succeeded")], {}) is None


def test_last_touch_is_the_end_of_the_last_call() -> None:
    assert last_touch(NOON + 1, [call(0), call(1.5, 1.9), call(0.5, 2.5)]) == pytest.approx(1.5)
    assert last_touch(NOON + 1, [call(0)]) == 0.0
    assert last_touch(NOON + 1, []) == 0.0


def test_phone_is_left_alone_when_no_call_runs_or_ended_lately() -> None:
    calls: dict[str, list[dict[str, Any]]] = {
        "A": [call(0)],
        "B": [call(4)],
        "C": [call(0), call(1) | {"ended": None}],
        "D": [],
    }
    assert [quiet(calls, [serial], NOON + 5) for serial in "ABCD"] == [True, False, False, True]
    assert not quiet(calls, ["A", "B"], NOON + 5)


def test_stock_task_runs_again_when_any_phone_is_called_for_it() -> None:
    runs = [
        {"task": "task", "serial": "A", "at": NOON},
        {"task": "other", "serial": "B", "at": NOON + 12},
        {"task": "task", "serial": "A", "at": NOON + 13},
    ]
    calls = {"A": [call(5), call(13.5)], "B": [call(12.1)]}
    assert run_again("task", NOON + 10, runs, calls) == pytest.approx(3.5)
    assert run_again("task", NOON + 20, runs, calls) is None


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([float(one) for one in range(100, 0, -1)], share) == value


def test_percentile_of_few_is_the_worst_and_of_none_an_error() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    with pytest.raises(ValueError, match="no value"):
        percentile([], 0.5)


def test_what_never_happened_counts_as_the_longest_wait() -> None:
    assert capped([1.0, None, 70.0], 60.0) == [1.0, 60.0, 60.0]
