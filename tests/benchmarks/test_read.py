"""The benchmark of reading: its judge, its sums, and its sides on a simulated phone without delays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import read_usual
from benchmarks.read import SIDES, Sum, videos_of
from benchmarks.read_sides import Judged, Read, Video, cost, judge
from phonesim.world import Emoji, World
from tests.support.shelf import AdbServer, Shelf

SEED = 1


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A phone for each side."""
    truth: Path = tmp_path_factory.mktemp("phonesim") / "truth.jsonl"
    with AdbServer() as adb, Shelf(adb, truth, phones=len(SIDES), seed=SEED, emoji="none") as simulated:
        yield simulated


def small_video(shelf: Shelf, least: int, most: int) -> Video:
    """A video near the top of its author's list with so many comments, no two of which are the same."""
    world = World(SEED, len(SIDES), emoji=Emoji.NONE)
    for author in world.authors:
        for video in world.videos(author.id)[:5]:
            shown = [(one.commenter, one.text) for one in world.comments(video.id, shelf.phones[0]["account"])]
            starts = sum(one.title[:12] == video.title[:12] for one in world.videos(author.id))
            if least <= len(shown) <= most and len(set(shown)) == len(shown) and starts == 1:
                return Video(author.id, video.title, shown)
    raise LookupError("no such video")


@pytest.mark.parametrize("name", SIDES)
def test_each_side_reads_the_list(name: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_usual, "PAUSE_SECONDS", 0)
    video = small_video(shelf, 8, 29)
    side = SIDES[name](shelf, shelf.phones[list(SIDES).index(name)])
    got = side.read(video)
    assert judge(got.comments, video.comments) == Judged(len(video.comments), 0, 0, in_order=True)
    assert 0 < got.list_calls < got.calls


def test_videos_are_of_different_authors_and_at_the_top() -> None:
    world = World(SEED, 3)
    videos = videos_of(world, "acc0001", 3, stickers=False)
    assert len({video.author_id for video in videos}) == 3
    with pytest.raises(LookupError, match="--videos"):
        videos_of(world, "acc0001", 10_000, stickers=False)


def test_stickers_have_no_text_in_the_truth() -> None:
    world = World(SEED, 3)
    (plain,), (rough,) = (videos_of(world, "acc0001", 1, stickers=stickers) for stickers in (False, True))
    assert [who for who, _ in plain.comments] == [who for who, _ in rough.comments]
    assert any(text == "" for _, text in rough.comments)


@pytest.mark.parametrize(
    ("got", "judged"),
    [
        ([("a", "1"), ("b", "2"), ("b", "2")], Judged(3, 0, 0, in_order=True)),
        ([("b", "2"), ("a", "1"), ("b", "2")], Judged(3, 0, 0, in_order=False)),
        ([("a", "1"), ("b", "2")], Judged(2, 1, 0, in_order=False)),
        ([("a", "1"), ("a", "1"), ("b", "..")], Judged(1, 2, 2, in_order=False)),
        ([], Judged(0, 3, 0, in_order=False)),
    ],
)
def test_each_comment_of_the_truth_counts_once(got: list[tuple[str, str]], judged: Judged) -> None:
    assert judge(got, [("a", "1"), ("b", "2"), ("b", "2")]) == judged


def test_sums_count_what_is_right() -> None:
    reads = [cost([("a", "1")] * 4, (0.0, 100), (10.0, 120), (30.0, 160)), Read([], 30.0, 40, 20.0, 30)]
    found = Sum(reads, [Judged(4, 1, 0, in_order=False), Judged(0, 5, 2, in_order=False)])
    assert (found.right, found.truth, found.wrong) == (4, 10, 2)
    assert found.a_minute == 60 * 4 / 60
    assert found.a_minute_of_list == 60 * 4 / 40
    assert found.calls == (60 + 40) / 4
