"""The world's content: the same for a seed, honest in its counts, and as messy as life."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from phonesim.world import World
from phonesim.world.entities import Crowd
from phonesim.world.formats import count_text, cut_title, time_text
from phonesim.world.words import MAIN_AUTHORS, OTHER_AUTHORS
from tests.phonesim.practice_hand import NOON, SEED, Clock

HOUR, DAY = 3600.0, 86400.0


@pytest.fixture(scope="module")
def world() -> World:
    return World(SEED, accounts=8, clock=Clock())


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (9999, "9999"),
        (10_000, "1万"),
        (12_345, "1.2万"),
        (19_999, "1.9万"),
        (99_999, "9.9万"),
        (100_000, "10万+"),
        (2_000_000, "10万+"),
    ],
)
def test_counts_are_written_as_the_app_does(count: int, text: str) -> None:
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (0, "刚刚"),
        (59, "刚刚"),
        (300, "5分钟前"),
        (3 * HOUR, "3小时前"),
        (11.5 * HOUR, "11小时前"),
        (13 * HOUR, "昨天 23:00"),
        (23.5 * HOUR, "昨天 12:30"),
        (3 * DAY, "3天前"),
        (30 * DAY, "05-12"),
        (400 * DAY, "2025-05-07"),
        (-5, "刚刚"),
    ],
)
def test_times_are_written_as_the_app_does(age: float, text: str) -> None:
    assert time_text(NOON - age, NOON) == text


def test_titles_are_cut_past_24_characters() -> None:
    assert cut_title("字" * 24) == "字" * 24
    assert cut_title("字" * 25) == "字" * 24 + "…"


def test_equal_seeds_give_equal_worlds_and_others_do_not() -> None:
    first, second, other = (World(seed, 3, clock=Clock()) for seed in (1, 1, 2))
    assert first.snapshot() == second.snapshot() != other.snapshot()
    video_id = first.videos("xiaopeng")[0].id
    assert list(first.comments(video_id, "acc0001")) == list(second.comments(video_id, "acc0001"))
    feeds = [[world.feed("acc0001", place).id for place in range(50)] for world in (first, second, other)]
    assert feeds[0] == feeds[1] != feeds[2]


def test_authors_are_those_of_the_standard_day_and_some_more(world: World) -> None:
    assert [author.id for author in world.authors if author.main] == [id_ for id_, _ in MAIN_AUTHORS]
    assert len(world.authors) == len(MAIN_AUTHORS) + len(OTHER_AUTHORS) >= 12
    assert all(20 <= len(world.videos(author.id)) <= 40 for author in world.authors)


def test_only_ids_tell_authors_apart(world: World) -> None:
    assert [author.id for author in world.search("小鹏")] == ["xiaopeng", "xiaopeng_club"]
    assert [author.id for author in world.search(" xiaopeng ")] == ["xiaopeng"]
    assert world.search("xiaopen") == [] == world.search("  ")


@pytest.mark.parametrize("author_id", [id_ for id_, _ in MAIN_AUTHORS])
def test_a_main_author_has_enough_videos_and_traps_for_the_margin_rule(world: World, author_id: str) -> None:
    videos = [(video.comments, world.shown_count(video.id, "acc0001")) for video in world.videos(author_id)]
    assert sum(real >= 60 for real, _ in videos) >= 6
    assert any(real < 50 and shown >= 55 for real, shown in videos)
    assert any(real < 50 <= shown < 55 for real, shown in videos)
    assert any(50 <= real <= shown < 55 for real, shown in videos)


@pytest.mark.parametrize("author_id", [id_ for id_, _ in (*MAIN_AUTHORS, *OTHER_AUTHORS)])
def test_titles_are_messy(world: World, author_id: str) -> None:
    titles = [video.title for video in world.videos(author_id)]
    whole = set(titles)
    assert len(titles) - len(whole) == 1  # one is there twice
    assert len({cut_title(title) for title in whole}) < len(whole)  # two are alike as far as lists show them
    assert any(title.endswith("😀") and title[:-1] + "😂" in whole for title in titles)
    assert any(title.startswith("=") for title in titles)
    assert any(title.startswith("@") for title in titles)
    assert max(map(len, titles)) > 100


@pytest.mark.parametrize("crowd", list(Crowd))
def test_the_shown_count_is_what_one_can_count(world: World, crowd: Crowd) -> None:
    video = next(v for author in world.authors for v in world.videos(author.id) if v.crowd is crowd)
    comments = list(world.comments(video.id, "acc0001"))
    replies = sum(len(list(world.replies(comment, "acc0001"))) for comment in comments)
    assert len(comments) == video.comments
    assert world.shown_count(video.id, "acc0001") == len(comments) + replies


def test_some_video_shows_more_than_ten_thousand(world: World) -> None:
    shown = [world.shown_count(video.id, "acc0001") for video in world.videos("xiaopeng")]
    assert count_text(max(shown)) == "1.2万"


def test_comments_are_messy(world: World) -> None:
    videos = [video for author in world.authors for video in world.videos(author.id) if video.comments >= 60]
    comments = [comment for video in videos for comment in islice(world.comments(video.id, "acc0001"), 150)]
    texts = {comment.text for comment in comments}
    assert {text[0] for text in texts} >= set("=+-@")
    assert max(map(len, texts)) > 80
    assert any("\n" in text for text in texts)
    assert {"😀", "😂"} <= texts
    likes = [comment.likes for comment in comments]
    assert min(likes) == 0
    assert count_text(max(likes)).endswith("万")
    by_video = [[c for c in comments if c.video_id == video.id] for video in videos]
    assert any(len({c.text for c in there}) < len({(c.commenter, c.text) for c in there}) for there in by_video)
    assert any(len({c.commenter for c in there}) < len(there) for there in by_video)
    assert all(world.videos(c.video_id.rpartition("-v")[0])[-1].created < c.created <= NOON for c in comments)


def test_account_names_differ_and_a_feed_is_long_and_mixed() -> None:
    world = World(SEED, accounts=250, clock=Clock())
    assert world.accounts[0].id == "acc0001"
    assert world.accounts[249].id == "acc0250"
    assert len({account.name for account in world.accounts}) == 250
    feed = [world.feed("acc0007", place) for place in range(200)]
    assert len({video.id for video in feed}) == 200
    main = sum(world.author(video.author_id).main for video in feed[:60])
    assert 15 < main < 50


def test_the_snapshot_is_json_and_agrees_with_the_world(world: World) -> None:
    snapshot = json.loads(json.dumps(world.snapshot()))
    assert [account["id"] for account in snapshot["accounts"]] == [account.id for account in world.accounts]
    author = snapshot["authors"][0]
    assert (author["id"], author["name"], author["main"]) == ("xiaopeng", "小鹏汽车", True)
    for outline, video in zip(author["videos"], world.videos("xiaopeng"), strict=True):
        shown = world.shown_count(video.id, "acc0001")
        assert outline == {"id": video.id, "title": video.title, "comments": video.comments, "shown": shown}


@pytest.mark.parametrize("unknown", ["", "nobody", "xiaopeng-v999"])
def test_unknown_ids_are_refused(world: World, unknown: str) -> None:
    with pytest.raises(LookupError):
        world.video(unknown)
    with pytest.raises(LookupError):
        world.author(unknown)
    with pytest.raises(LookupError):
        world.account(unknown)
