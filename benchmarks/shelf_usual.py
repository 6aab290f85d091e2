"""How long the last tasks of a day take, as whoever orders them knows it: by the records, or because it was told.

Being told is what no product has. It shows how much of a day's end an order could save, and how much is chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from benchmarks.shelf_day import Day, Job
from benchmarks.shelf_rows import Row
from models.history.records.usual import LEAST
from workers.policy.longest_first import seconds_of


class Knows(StrEnum):
    """What is known before a task begins."""

    RECORDS = "records"  # what its author's tasks took before: as in production
    AUTHORS = "authors"  # the mean of all that its author's tasks of this kind will take
    LENGTHS = "lengths"  # what this very task will take, if it does not fail


class Usual(Protocol):
    """Knows how long tasks take."""

    def add(self, row: Row, seconds: float) -> None:
        """Counts an attempt that succeeded after so long."""

    def of(self, rows: Sequence[Row]) -> Mapping[str, float]:
        """Returns task → its seconds, as far as they are known."""


class Recorded:
    """The mean of each flow on each author's content, as the records tell it (`models.history.records.usual`)."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], tuple[int, float]] = {}

    def add(self, row: Row, seconds: float) -> None:
        if row.author_id is not None:
            key = row.flow, row.author_id
            number, before = self._sums.get(key, (0, 0.0))
            self._sums[key] = number + 1, before + seconds

    def of(self, rows: Sequence[Row]) -> Mapping[str, float]:
        known = {key: seconds / number for key, (number, seconds) in self._sums.items() if number >= LEAST}
        return seconds_of(rows, known)


class Told:
    """What was told before the day began."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = seconds

    def add(self, row: Row, seconds: float) -> None:
        """Learns nothing: it knows."""

    def of(self, rows: Sequence[Row]) -> Mapping[str, float]:
        return {row.id: self._seconds[row.id] for row in rows}


def usual_of(day: Day, knows: Knows) -> Usual:
    """Returns who knows so much of a day."""
    if knows is Knows.RECORDS:
        return Recorded()
    if knows is Knows.LENGTHS:
        return Told({job.name: job.seconds for job in day.jobs})
    means = _means(day.jobs)
    return Told({job.name: means[job.flow, job.author] for job in day.jobs})


def _means(jobs: Sequence[Job]) -> dict[tuple[str, int], float]:
    of: dict[tuple[str, int], list[float]] = {}
    for job in jobs:
        of.setdefault((job.flow, job.author), []).append(job.seconds)
    return {key: sum(seconds) / len(seconds) for key, seconds in of.items()}
