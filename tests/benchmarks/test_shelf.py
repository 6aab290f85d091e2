"""The drawn day of the shelf: its bound, its model beside the product, and that a seed decides all of it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from benchmarks.shelf import on_ledger, on_model
from benchmarks.shelf_bound import bound_of, filled_at
from benchmarks.shelf_day import DAY, LONGEST, Day, Job, Make, draw_day
from benchmarks.shelf_rows import row_of
from benchmarks.shelf_run import DESK, Outcome
from benchmarks.shelf_today import todays_practice
from benchmarks.shelf_usual import Knows, usual_of

FEW = Make(sessions=1, comments=3, directed=3, looks=2)
ROUNDING = 1e-6


def small_day(seed: int, phones: int = 5) -> Day:
    """A short day with many failures and a phone that dies."""
    return draw_day(seed, phones, accounts=3, make=FEW, length=400.0, failures=0.3, deaths=1 / phones)


def tiny_day(seed: int) -> Day:
    """A day of two phones and some tasks, of which every schedule can be tried."""
    make = Make(sessions=1, comments=1, directed=seed % 2, looks=seed % 3 == 0)
    drawn = draw_day(seed, 2, make=make, length=100.0, failures=0.3, deaths=0)
    jobs = [job for job in drawn.jobs if not job.at_desk]
    there = {job.name for job in jobs}
    kept = [replace(job, after=tuple(one for one in job.after if one in there), video=None) for job in jobs[:5]]
    dies = {1: 2.0 + seed % 5} if seed % 4 == 0 else {}
    return Day(seed, 2, kept, dies, 0.3)


def best_of_all(day: Day) -> float:
    """The least makespan of all schedules in which phones do not wait without a reason.

    Every order on every phone is tried; one that is no better than the best so far is not followed to its end.
    """
    jobs = {job.name: job for job in day.to_do}
    best = math.inf

    def go_on(done: dict[str, float], tried: dict[str, tuple[int, float]], free: tuple[float, ...]) -> None:
        nonlocal best
        if len(done) == len(jobs):
            best = min(best, max(done.values()))
        for name, job in jobs.items():
            before = [one for one in job.after if one in jobs]
            if name in done or any(one not in done for one in before):
                continue
            number, since = tried.get(name, (0, 0.0))
            seconds, code = day.tries(job)[number]
            begin = max([since, *(done[one] for one in before)])
            for phone in range(day.phones):
                end = max(begin, free[phone]) + seconds
                if job.account not in (None, phone) or end > day.deaths.get(phone, math.inf) or end >= best:
                    continue
                later = (*free[:phone], end, *free[phone + 1 :])
                if code is None:
                    go_on({**done, name: end}, tried, later)
                else:
                    go_on(done, {**tried, name: (number + 1, end)}, later)

    go_on({}, {}, (0.0,) * day.phones)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_no_schedule_is_shorter_than_the_bound(seed: int) -> None:
    day = tiny_day(seed)
    assert 0 < bound_of(day).seconds <= best_of_all(day) + ROUNDING < math.inf


def test_the_bound_is_reached_where_the_work_divides_evenly() -> None:
    day = Day(1, 2, [Job(f"t{number}", 0, "looks", 0, 10.0) for number in range(4)], {}, failures=0)
    assert best_of_all(day) == bound_of(day).seconds == 20


def test_the_bound_counts_pins_chains_and_the_lives_of_phones() -> None:
    pinned = [Job(f"p{number}", 0, "nurture", 0, 10.0, account=0) for number in range(3)]
    chain = [Job("a", 0, "titles", 0, 5.0), Job("b", 0, "comments", 0, 40.0, after=("a",))]
    assert bound_of(Day(1, 5, pinned, {}, failures=0)).pinned == 30
    assert bound_of(Day(1, 5, chain, {}, failures=0)).chain == 45
    assert filled_at(100.0, 2, [10.0]) == 90, "20 of both, then 80 of one"
    assert filled_at(100.0, 1, [10.0]) == math.inf


def test_no_task_takes_longer_than_its_share_of_the_day_and_the_seed_decides() -> None:
    day = draw_day(7, 40)
    assert max(job.seconds for job in day.jobs) <= LONGEST * DAY
    assert day == draw_day(7, 40)
    assert day.jobs != draw_day(8, 40).jobs


def doing(day: Day, outcome: Outcome) -> None:
    """Whatever decides: each task is done in order, and no phone does two at once or works when it is dead."""
    ends = outcome.ends
    assert {job.name for job in day.to_do} <= ends.keys()
    for job in day.jobs:
        if job.name in ends:
            assert all(ends[one] <= ends[job.name] for one in job.after)
    for phone in range(day.phones):
        mine = [at for at, who, _ in outcome.starts if who == phone]
        assert all(one < other for one, other in pairwise(mine))
        assert all(at <= day.deaths.get(phone, math.inf) for at in mine)
    assert all(
        (who == DESK) == (name in {job.name for job in day.jobs if job.at_desk}) for _, who, name in outcome.starts
    )


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_model_decides_what_the_product_decides(seed: int) -> None:
    day = small_day(seed)
    product, model = on_ledger(day), on_model(day)
    assert model.starts == product.starts
    assert model.ends == product.ends
    assert (model.passed_on, model.refused) == (product.passed_on, product.refused)
    doing(day, product)
    assert bound_of(day).seconds <= product.makespan(day)


def test_a_day_of_a_seed_runs_alike_each_time() -> None:
    assert on_model(small_day(3)).starts == on_model(small_day(3)).starts
    assert on_model(small_day(3)).starts != on_model(small_day(4)).starts


def test_todays_practice_ends_with_everything_done_and_never_before_the_bound() -> None:
    day = small_day(5)
    practice = todays_practice(day)
    assert bound_of(day).seconds <= practice.seconds
    assert len(practice.rounds) > 1, "what failed is run again at the end"
    assert sorted(practice.rounds) == list(practice.rounds)


@pytest.mark.parametrize("knows", [Knows.AUTHORS, Knows.LENGTHS])
def test_who_was_told_more_begins_the_last_tasks_in_another_order_and_does_the_same(knows: Knows) -> None:
    day = small_day(3)
    told = on_model(day, knows)
    doing(day, told)
    assert told.starts != on_model(day).starts
    assert bound_of(day).seconds <= told.makespan(day)


def test_what_was_told_is_a_mean_of_each_authors_tasks_or_each_tasks_own_length() -> None:
    jobs = [Job("a", 0, "looks", 1, 10.0), Job("b", 0, "looks", 1, 30.0), Job("c", 0, "looks", 2, 5.0)]
    jobs.append(Job("d", 0, "titles", 1, 7.0))
    day, now = Day(1, 2, jobs, {}), datetime(2026, 3, 2, tzinfo=UTC)
    rows = [row_of(job, 0, position, now) for position, job in enumerate(jobs)]
    assert usual_of(day, Knows.LENGTHS).of(rows) == {"a": 10.0, "b": 30.0, "c": 5.0, "d": 7.0}
    assert usual_of(day, Knows.AUTHORS).of(rows) == {"a": 20.0, "b": 20.0, "c": 5.0, "d": 7.0}
    assert set(usual_of(day, Knows.RECORDS).of(rows).values()) == {math.inf}, "nothing is recorded yet"
