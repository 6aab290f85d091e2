"""Spreads acting tasks over accounts, evenly and within the caps. Pure.

The plan is made when tasks are planted. It pins nothing: tasks on the same video may be swapped,
so any idle phone whose account has a task on that video takes the next one, and when an account
cannot work, others take over.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial


@dataclass(frozen=True, slots=True)
class Commenting:
    """The tasks that comment, by their places among all, and the cap on them.

    `most`: the most comments of one account on a video; `posted`: those posted before, as video → account → number.
    """

    tasks: Set[int] = frozenset()
    most: int = 0
    posted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


NO_COMMENTS = Commenting()


def spread(
    videos: Sequence[str],
    accounts: Sequence[str],
    on_video: Mapping[str, Set[str]],
    accounts_per_video: int,
    *,
    seed: int,
    commenting: Commenting = NO_COMMENTS,
) -> list[str | None]:
    """Returns an account for each task, which is given by its video; None where the caps leave no account.

    `on_video` holds the accounts that acted on a video before. The numbers of tasks differ by at
    most one between accounts, wherever the caps allow it. A video is shared by as many accounts
    as its cap allows; when that leaves somebody short, by fewer.
    """
    if not accounts or not videos:
        return [None] * len(videos)
    best: list[str | None] = []
    for width in range(max(1, min(accounts_per_video, len(accounts))), 0, -1):  # cap 0: those that acted before
        plan = _deal(videos, accounts, on_video, accounts_per_video, width, random.Random(seed), commenting)
        if not best or _unevenness(plan, accounts) < _unevenness(best, accounts):
            best = plan
        if _unevenness(best, accounts) == (0, 0 if len(videos) % len(accounts) == 0 else 1):
            break
    return best


def _unevenness(plan: Sequence[str | None], accounts: Sequence[str]) -> tuple[int, int]:
    """Returns the number of tasks without an account, then the widest difference between accounts."""
    counts = dict.fromkeys(accounts, 0)
    for account in plan:
        if account is not None:
            counts[account] += 1
    return sum(1 for account in plan if account is None), max(counts.values()) - min(counts.values())


def _deal(
    videos: Sequence[str],
    accounts: Sequence[str],
    on_video: Mapping[str, Set[str]],
    cap: int,
    width: int,
    rng: random.Random,
    commenting: Commenting,
) -> list[str | None]:
    """Deals each video's tasks to at most `width` accounts; those with the most tasks left come first."""
    order = list(accounts)
    rng.shuffle(order)
    each, more = divmod(len(videos), len(order))
    line = _Line(order, [each + (1 if index < more else 0) for index in range(len(order))])
    tasks: dict[str, list[int]] = {}
    for index, video in enumerate(videos):
        tasks.setdefault(video, []).append(index)
    plan: list[str | None] = [None] * len(videos)
    # Videos that few accounts may still act on are dealt while everyone has something left.
    for video in sorted(tasks, key=lambda one: (-len(on_video.get(one, ())), -len(tasks[one]), one)):
        mine = sorted(tasks[video], key=lambda index: index not in commenting.tasks)  # few accounts may do those
        comments = sum(index in commenting.tasks for index in mine)
        room_of = partial(_room, commenting, commenting.posted.get(video, {}))
        ranked = _ranked(line.by_tasks(), room_of, comments)
        sharers = _sharers(ranked, on_video.get(video, frozenset()), cap, width)
        room = {one: room_of(one) for one in sharers}
        for index in mine:
            able = [one for one in sharers if room[one]] if index in commenting.tasks else sharers
            account = max(able, key=line.left.__getitem__, default=None)
            if account is not None:
                line.left[account] -= 1
                room[account] -= index in commenting.tasks
            plan[index] = account
        line.back()
    return plan


def _room(commenting: Commenting, posted: Mapping[str, int], account: str) -> int:
    return max(0, commenting.most - posted.get(account, 0))


class _Line:
    """The accounts by the tasks that are `left` to them: of thousands, a video wants the first few."""

    def __init__(self, order: Sequence[str], left: Sequence[int]) -> None:
        self.left = dict(zip(order, left, strict=True))
        self._heap = [(-tasks, at, account) for at, (account, tasks) in enumerate(zip(order, left, strict=True))]
        heapq.heapify(self._heap)
        self._taken: list[tuple[int, str]] = []

    def by_tasks(self) -> Iterator[str]:
        """Yields the accounts, those with most tasks left first, and else in order. `back` ends the round."""
        while self._heap:
            _, at, account = heapq.heappop(self._heap)
            self._taken.append((at, account))
            yield account

    def back(self) -> None:
        """Puts those that were yielded back by what is left to them now."""
        for at, account in self._taken:
            heapq.heappush(self._heap, (-self.left[account], at, account))
        self._taken.clear()


def _ranked(by_tasks: Iterator[str], room: Callable[[str], int], comments: int) -> Iterator[str]:
    """Yields the accounts, those with most tasks left first, but before them those needed for so many comments."""
    others: list[str] = []
    while comments > 0 and (account := next(by_tasks, None)) is not None:
        if room(account):
            comments -= room(account)
            yield account
        else:
            others.append(account)
    yield from others
    yield from by_tasks


def _sharers(ranked: Iterable[str], on_video: Set[str], cap: int, width: int) -> list[str]:
    """Returns the accounts that share a video: the first ones, with as many new ones as the cap allows."""
    room = max(0, cap - len(on_video))
    sharers: list[str] = []
    for account in ranked:
        if len(sharers) == width:
            break
        if account in on_video:
            sharers.append(account)
        elif room:
            sharers.append(account)
            room -= 1
    return sharers
