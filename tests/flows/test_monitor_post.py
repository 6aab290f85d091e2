"""monitor_post against the simulated app: what it reads is the world's own, also while the video's comments grow."""

from __future__ import annotations

from typing import Any

import pytest

from phonesim.roughness import is_sticker
from tests.flows.rig import Rig


def read_so(rig: Rig, video: dict[str, object], most: int) -> list[tuple[str, str]]:
    return [(comment.commenter, comment.text) for comment in rig.comments(video)][:most]


@pytest.mark.parametrize(("least", "most_comments", "most"), [(60, 140, 1000), (60, 140, 20), (1, 15, 50)])
def test_a_look_reads_each_comment_once_and_in_order(rig: Rig, least: int, most_comments: int, most: int) -> None:
    author, video = rig.video(least, most_comments)
    look = rig.run("monitor_post", author_id=author, title=video["title"], most=most)
    expected = read_so(rig, video, most)
    assert [(comment.commenter, comment.text) for comment in look.comments] == expected
    assert (look.looked_at, look.shown_count, look.gaps) == (len(expected), video["shown"], 0)
    assert look.ended or look.looked_at == most
    assert (look.new, look.first) == (None, None)  # the ledger says that
    assert not rig.truth()  # it only reads


def test_a_video_that_grows_shows_its_new_comments_to_the_next_look(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    params = {"author_id": author, "title": video["title"], "most": 200}
    before = rig.run("monitor_post", **params)
    said = {f"刹车失灵{number}": f"路人{number}" for number in range(3)}
    ids = {text: rig.shelf.post("/world/say", author_id=author, title=video["title"], commenter=who, text=text)["id"]
           for text, who in said.items()}  # fmt: skip
    after = rig.run("monitor_post", **params)
    new = [(comment.commenter, comment.text) for comment in after.comments if comment not in before.comments][:3]
    shown = [(who, "" if rig.rough and is_sticker(ids[text]) else text) for text, who in said.items()]
    assert new == shown[::-1]  # the newest first
    assert after.shown_count == before.shown_count + 3
    for text, who in said.items():
        body = {"author_id": author, "title": video["title"], "commenter": who, "text": text}
        assert rig.shelf.post("/world/delete_comment", **body)["deleted"]


def test_a_comment_that_comes_up_during_a_look_is_read_by_the_next_one(rig: Rig) -> None:
    author, video = rig.video(60, 140)
    params = {"author_id": author, "title": video["title"], "most": 200}
    said = {"author_id": author, "title": video["title"], "commenter": "路人甲", "text": "正在看"}
    grows = rig.watch.check
    touched = 0

    def grow() -> None:
        nonlocal touched
        touched += 1
        if touched == 40:  # in the midst of the list
            rig.shelf.post("/world/say", **said)
        grows()

    rig.watch.check = grow  # type: ignore[method-assign]
    during = rig.run("monitor_post", **params)
    rig.watch.check = grows  # type: ignore[method-assign]
    assert touched > 40
    after = rig.run("monitor_post", **params)
    read = [(comment.commenter, comment.text) for comment in during.comments]
    assert [one for one in read if one[0] != "路人甲"] == read_so(rig, video, 200)
    assert [comment.commenter for comment in after.comments].count("路人甲") == 1
    assert rig.shelf.post("/world/delete_comment", **said)["deleted"]


def test_a_look_at_a_video_that_is_gone_says_so(rig: Rig) -> None:
    assert rig.fails("monitor_post", author_id="xiaopeng", title="没有这个视频").code == "video_not_found"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("network_down", "list_not_loaded"), ("logged_out", "logged_out"), ("verification", "verification_asked")],
)
def test_under_faults_a_look_fails_and_claims_no_empty_list(rig: Rig, fault: str, code: str) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault(fault)
    failure = rig.fails("monitor_post", author_id=author, title=video["title"])
    assert failure.code == code


@pytest.mark.parametrize("fault", ["loading_fails", "popup", "app_crash"])
def test_a_look_gets_past_what_passes(rig: Rig, fault: str) -> None:
    author, video = rig.video(20, 40)
    options: dict[str, Any] = {"times": 1} if fault == "loading_fails" else {}
    rig.shelf.fault(fault, **options)
    look = rig.run("monitor_post", author_id=author, title=video["title"])
    assert look.looked_at == video["comments"]


def test_rows_are_those_of_the_result_sheet(rig: Rig) -> None:
    author, video = rig.video(5, 15)
    rows = rig.rows("monitor_post", author_id=author, title=video["title"])
    assert len(rows) == video["comments"]
    assert rig.watch.steps == ["account", "video", "comments"]
