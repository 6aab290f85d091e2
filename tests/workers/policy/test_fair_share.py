"""The plan of who acts where: even, and within the cap of accounts on one video."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from workers.policy.fair_share import Commenting, _Line, _ranked, spread

VIDEOS = st.lists(st.sampled_from("uvwxyz"), max_size=40)
ACCOUNTS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True)
BEFORE = st.dictionaries(st.sampled_from("uvwxyz"), st.sets(st.sampled_from("abcdefghij"), max_size=6), max_size=6)


def counts(plan: list[str | None], accounts: list[str]) -> list[int]:
    return [plan.count(account) for account in accounts]


@given(videos=VIDEOS, accounts=ACCOUNTS, before=BEFORE, cap=st.integers(0, 6), seed=st.integers(0, 9))
def test_never_above_the_cap(
    videos: list[str], accounts: list[str], before: dict[str, set[str]], cap: int, seed: int
) -> None:
    plan = spread(videos, accounts, before, cap, seed=seed)
    assert len(plan) == len(videos)
    for video in set(videos):
        on_it = {account for one, account in zip(videos, plan, strict=True) if one == video and account is not None}
        acted = before.get(video, set())
        assert on_it <= set(accounts)
        assert not on_it - acted or len(acted | on_it) <= cap


@given(videos=VIDEOS, accounts=ACCOUNTS, seed=st.integers(0, 9))
def test_where_the_cap_allows_it_the_numbers_differ_by_one_at_most(
    videos: list[str], accounts: list[str], seed: int
) -> None:
    plan = spread(videos, accounts, {}, len(accounts), seed=seed)
    assert None not in plan
    assert max(counts(plan, accounts)) - min(counts(plan, accounts)) <= 1


@given(videos=VIDEOS, accounts=ACCOUNTS, before=BEFORE, cap=st.integers(1, 6))
def test_a_task_goes_without_only_where_the_cap_leaves_nobody(
    videos: list[str], accounts: list[str], before: dict[str, set[str]], cap: int
) -> None:
    plan = spread(videos, accounts, before, cap, seed=1)
    for video, account in zip(videos, plan, strict=True):
        acted = before.get(video, set())
        possible = len(acted) < cap or acted & set(accounts)
        assert (account is not None) == bool(possible)


def test_the_standard_day_is_dealt_evenly() -> None:
    accounts = [f"a{number}" for number in range(8)]
    videos = [f"v{number % 16}" for number in range(88)]
    plan = spread(videos, accounts, {}, 5, seed=3)
    assert counts(plan, accounts) == [11] * 8


@given(
    videos=VIDEOS,
    accounts=ACCOUNTS,
    comments=st.sets(st.integers(0, 39)),
    posted=st.dictionaries(
        st.sampled_from("uvwxyz"), st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 2), max_size=5)
    ),
    most=st.integers(0, 2),
)
def test_no_account_is_planned_more_comments_on_a_video_than_the_cap_allows(
    videos: list[str], accounts: list[str], comments: set[int], posted: dict[str, dict[str, int]], most: int
) -> None:
    before = {video: set(counts) for video, counts in posted.items()}
    plan = spread(videos, accounts, before, 5, seed=2, commenting=Commenting(comments, most, posted))
    counted = Counter((videos[at], plan[at]) for at in comments if at < len(videos) and plan[at] is not None)
    for (video, account), count in counted.items():
        assert posted.get(video, {}).get(account or "", 0) + count <= most
    likes = [at for at in range(len(videos)) if at not in comments]
    free = [at for at in likes if len(before.get(videos[at], ())) < 5]
    assert all(plan[at] is not None for at in free)


def test_the_standard_days_comments_are_dealt_evenly_and_one_of_each_account() -> None:
    accounts = [f"a{number}" for number in range(8)]
    videos = [f"v{number % 16}" for number in range(88)]
    plan = spread(videos, accounts, {}, 5, seed=3, commenting=Commenting(set(range(24)), 1))
    assert counts(plan, accounts) == [11] * 8
    assert len({(videos[at], plan[at]) for at in range(24)}) == 24


def test_the_same_seed_gives_the_same_plan() -> None:
    videos, accounts = [f"v{number % 5}" for number in range(23)], list("abcd")
    assert spread(videos, accounts, {}, 2, seed=5) == spread(videos, accounts, {}, 2, seed=5)


def test_nobody_and_nothing() -> None:
    assert spread(["v"], [], {}, 5, seed=1) == [None]
    assert spread([], ["a"], {}, 5, seed=1) == []


@given(videos=VIDEOS, accounts=ACCOUNTS, before=BEFORE, seed=st.integers(0, 9))
def test_those_with_most_tasks_left_share_a_video_first(
    videos: list[str], accounts: list[str], before: dict[str, set[str]], seed: int
) -> None:
    """A line that keeps its order by itself deals as one that is sorted for each video."""
    room, tasks = {one: 3 - len(before.get(one, ())) % 3 for one in accounts}, len(videos)
    line = _Line(accounts, [tasks] * len(accounts))
    for video in videos:
        plain = sorted(accounts, key=lambda one: -line.left[one])
        first = list(islice(_ranked(line.by_tasks(), room.__getitem__, seed), 1 + ord(video) % 3))
        needed: list[str] = []
        wanted = seed
        for one in plain:
            if wanted > 0:
                needed.append(one)
                wanted -= room[one]
        assert first == [*needed, *(one for one in plain if one not in needed)][: len(first)]
        for one in first:
            line.left[one] -= 1
        line.back()
