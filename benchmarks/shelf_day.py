"""Draws a day of a shelf by a seed: its phones, which of them die, its tasks, and what becomes of each attempt.

A day has the campaigns of an operator: per account sessions of its own (pinned), the titles and the comments of authors
(any phone), directed tasks that the even share spreads over the accounts and that follow the comments of their
campaign, and looks at videos that are least urgent. How long a task takes is drawn once and is skewed: most are short,
few are long, and those of one author resemble each other.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

DAY = 3600.0  # seconds that the work of a day is meant to fill
# Of the seconds that the day's work is meant to fill: no task takes longer. Capped tasks end a day earlier than meant,
# so this is a little below 3 % of what the day takes.
LONGEST = 0.026
SKEW = 0.7  # of the logarithm of a task's seconds
AUTHORS_SKEW = 0.4  # of the logarithm of an author's factor
FAILURES = 0.05  # of all attempts
DEATHS = 0.02  # of all phones
# Failures of phone and network: another attempt may do better, and they blame no content.
CODES = ("network_down", "ui_server_lost", "phone_hung")
ACCOUNTS_A_CAMPAIGN = 20
VIDEOS_OF_AN_AUTHOR = 2  # on which directed tasks act


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the day: what it takes, whom it is pinned to, what it follows."""

    name: str
    campaign: int
    flow: str
    author: int
    seconds: float
    account: int | None = None  # that it is pinned to
    video: str | None = None
    priority: int = 6
    after: tuple[str, ...] = ()
    at_desk: bool = False  # it joins stages and touches no phone


@dataclass(frozen=True, slots=True)
class Make:
    """How many tasks of each kind an account brings to the day, and the median of their share of it."""

    sessions: int = 2
    comments: int = 30
    directed: int = 11
    looks: int = 25
    session: float = 0.022
    titles: float = 0.004
    collect: float = 0.011
    act: float = 0.009
    look: float = 0.010


@dataclass(frozen=True)
class Day:
    """A drawn day. `deaths`: phone → the second in which it dies."""

    seed: int
    phones: int
    jobs: Sequence[Job]
    deaths: dict[int, float]
    failures: float = FAILURES  # of all attempts

    @cached_property
    def to_do(self) -> Sequence[Job]:
        """What can be done whatever happens: all but the tasks pinned to accounts on phones that die."""
        return [job for job in self.jobs if job.account is None or job.account not in self.deaths]

    def tries(self, job: Job) -> Sequence[tuple[float, str | None]]:
        """Returns what happens to a job's attempts in turn: their seconds, and the code of those that fail."""
        if job.name not in self._drawn:
            self._drawn[job.name] = [(0.0, None)] if job.at_desk else self._draw(job)
        return self._drawn[job.name]

    @cached_property
    def _drawn(self) -> dict[str, Sequence[tuple[float, str | None]]]:
        return {}

    def _draw(self, job: Job) -> Sequence[tuple[float, str | None]]:
        rng = random.Random(f"{self.seed} {job.name}")
        found: list[tuple[float, str | None]] = []
        while rng.random() < self.failures and len(found) < 5:
            found.append((job.seconds * rng.random(), rng.choice(CODES)))
        return [*found, (job.seconds, None)]

    def seconds_of(self, job: Job) -> float:
        """Returns what a job costs at least, its failed attempts included."""
        return sum(seconds for seconds, _ in self.tries(job))

    def without_looks(self) -> Day:
        """Returns the same day without its least urgent tasks, which fill the phones at its end."""
        return replace(self, jobs=[job for job in self.jobs if job.flow != "monitor_post"])


def draw_day(
    seed: int,
    phones: int,
    *,
    accounts: int = ACCOUNTS_A_CAMPAIGN,
    make: Make | None = None,
    length: float = DAY,
    authors_skew: float = AUTHORS_SKEW,
    failures: float = FAILURES,
    deaths: float = DEATHS,
) -> Day:
    """Draws the day of this seed. `accounts`: how many share a campaign. `length`: seconds that its work fills."""
    rng = random.Random(seed)
    jobs: list[Job] = []
    for campaign, first in enumerate(range(0, phones, accounts)):
        jobs += _Campaign(
            rng, campaign, range(first, min(phones, first + accounts)), make or Make(), length, authors_skew
        ).jobs()
    dying = rng.sample(range(phones), round(phones * deaths))
    shares = sum(job.seconds for job in jobs) / phones
    dies = {phone: rng.uniform(0.02, 0.95) * shares for phone in sorted(dying)}
    return Day(seed, phones, jobs, dies, failures)


class _Campaign:
    """Draws one campaign."""

    def __init__(
        self, rng: random.Random, number: int, accounts: range, make: Make, length: float, skew: float
    ) -> None:
        self._rng, self._number, self._accounts, self._make, self._length = rng, number, accounts, make, length
        self._factors = {author: math.exp(rng.gauss(0, skew)) for author in accounts}
        self._count = 0

    def jobs(self) -> list[Job]:
        """Returns its jobs, those that others follow first."""
        make = self._make
        jobs = [self._job("nurture", one, make.session, account=one) for one in self._each(make.sessions)]
        collected: list[str] = []
        for author in self._accounts:
            titles = self._job("collect_titles", author, make.titles, priority=3)
            videos = [
                self._job("collect_comments", author, make.collect, video=number, after=(titles.name,))
                for number in range(make.comments)
            ]
            jobs += [titles, *videos]
            collected += [one.name for one in videos]
        join = replace(self._job("gather", 0, 0.0, after=tuple(collected)), seconds=0.0, at_desk=True)
        jobs.append(join)
        for number, author in enumerate(self._each(make.directed)):
            video = number // len(self._accounts) % VIDEOS_OF_AN_AUTHOR
            jobs.append(self._job("directed", author, make.act, video=video, after=(join.name,)))
        jobs += [self._job("monitor_post", author, make.look, priority=9) for author in self._each(make.looks)]
        return jobs

    def _each(self, times: int) -> Iterator[int]:
        for _ in range(times):
            yield from self._accounts

    def _job(
        self,
        flow: str,
        author: int,
        median: float,
        *,
        account: int | None = None,
        video: int | None = None,
        priority: int = 6,
        after: tuple[str, ...] = (),
    ) -> Job:
        self._count += 1
        factor = 1.0 if account is not None else self._factors.get(author, 1.0)
        share = median * factor * math.exp(self._rng.gauss(0, SKEW))
        seconds = self._length * min(LONGEST, max(share, median / 10))
        name = f"c{self._number:03d}-{self._count:06d}"
        on = None if video is None else f"v{video}"
        return Job(name, self._number, flow, author, seconds, account, on, priority, after)
