"""collect_comments against the simulated app, held against the world's own comments."""

from __future__ import annotations

import pytest

from tests.flows.rig import LONG, Rig


@pytest.mark.parametrize(("least", "most_comments", "most"), [(60, 140, 1000), (60, 140, 50), (5, 15, 50)])
def test_every_comment_is_read_once_and_in_order(rig: Rig, least: int, most_comments: int, most: int) -> None:
    read_whole(rig, least, most_comments, most)


@pytest.mark.kind_phone(LONG)
def test_every_comment_of_a_long_list_is_read_once_and_in_order(rig: Rig) -> None:
    read_whole(rig, 300, 400, 1000)


def read_whole(rig: Rig, least: int, most_comments: int, most: int) -> None:
    author, video = rig.video(least, most_comments)
    result = rig.run("collect_comments", author_id=author, title=video["title"], most=most)
    expected = [(comment.commenter, comment.text) for comment in rig.comments(video)][:most]
    assert [(comment.commenter, comment.text) for comment in result.comments] == expected
    assert result.gaps == 0
    assert (result.asked, result.got) == (most, len(expected))
    assert result.ended or result.got == most
    assert (result.author_id, result.title) == (author, video["title"])
    assert all(comment.time and comment.at and comment.precision for comment in result.comments)


def test_likes_and_replies_are_the_worlds(rig: Rig) -> None:
    author, video = rig.video(60, 140)
    result = rig.run("collect_comments", author_id=author, title=video["title"], most=40)
    for read, true in zip(result.comments, rig.comments(video), strict=False):
        assert read.likes == true.likes if true.likes < 10_000 else read.likes == true.likes // 1000 * 1000
        assert read.replies == true.replies


def test_a_title_longer_than_the_list_shows_is_matched_in_full(rig: Rig) -> None:
    """Two titles begin alike for more than the 24 characters that the list shows."""
    titles = [(author["id"], video) for author in rig.world["authors"] for video in author["videos"]]
    author_id, wanted = next(
        (author_id, video)
        for place, (author_id, video) in enumerate(titles)
        for other_author, other in titles[:place]
        if other_author == author_id and other["title"][:23] == video["title"][:23] and other["title"] != video["title"]
    )
    result = rig.run("collect_comments", author_id=author_id, title=wanted["title"], most=5)
    assert [comment.text for comment in result.comments] == [comment.text for comment in rig.comments(wanted)[:5]]


def test_a_video_without_comments_gives_none_and_no_failure(rig: Rig) -> None:
    author, video = rig.video(0, 0)
    assert rig.run("collect_comments", author_id=author, title=video["title"]).comments == ()


def test_a_title_that_is_not_there_is_video_not_found(rig: Rig) -> None:
    failure = rig.fails("collect_comments", author_id="xiaopeng", title="没有这个视频")
    assert (failure.code, failure.kind, failure.culprit) == ("video_not_found", "fatal", "content")


def test_a_title_behind_the_video_loop_is_video_not_found(rig: Rig) -> None:
    author = rig.world["authors"][0]
    title = author["videos"][20]["title"]
    assert rig.fails("collect_comments", author_id=author["id"], title=title, video_loop=10).code == "video_not_found"


def test_an_author_who_is_not_there_is_author_not_found(rig: Rig) -> None:
    assert rig.fails("collect_comments", author_id="nobody", title="标题").code == "author_not_found"


def test_loading_that_fails_once_is_tried_again(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault("loading_fails", times=1)
    result = rig.run("collect_comments", author_id=author, title=video["title"])
    assert len(result.comments) == video["comments"]


def test_a_list_that_does_not_load_is_not_a_video_that_is_not_there(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault("network_down")
    failure = rig.fails("collect_comments", author_id=author, title=video["title"])
    assert (failure.code, failure.kind, failure.culprit) == ("list_not_loaded", "retry_here", "network")


def test_rows_are_those_of_the_result_sheet(rig: Rig) -> None:
    author, video = rig.video(5, 15)
    rows = rig.rows("collect_comments", author_id=author, title=video["title"])
    assert len(rows) == video["comments"]
    assert rig.watch.steps == ["account", "video", "comments"]
    assert not rig.truth()
