"""directed against the simulated app: the one act is in the world, once, or it is said why not."""

from __future__ import annotations

from typing import Any

import pytest

from flows.action import Action, ActionKind
from flows.failures import Stopped
from tests.flows.rig import Rig


def target_of(rig: Rig, video: dict[str, Any], place: int = 0) -> dict[str, Any]:
    comment = rig.target(video, place)
    return {"target_commenter": comment.commenter, "target_comment": comment.text}


def facts(rig: Rig) -> list[tuple[str, str, str, str, str]]:
    """What happened in the world: kind, account, author, target, text."""
    return [
        (fact["kind"], fact["account"], fact["author_id"], fact["target_comment"], fact["text"]) for fact in rig.truth()
    ]


def test_a_comment_is_sent_once_and_seen(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    result = rig.run("directed", kind="comment", author_id=author, title=video["title"], text="=讲得很清楚😀")
    assert result.verified
    assert facts(rig) == [("comment", rig.account, author, "", "=讲得很清楚😀")]
    assert rig.journal.confirmed == {1: True}


def test_a_comment_far_down_is_liked_once_and_seen(rig: Rig) -> None:
    author, video = rig.video(60, 140)
    target = target_of(rig, video, 45)
    assert rig.run("directed", kind="like_comment", author_id=author, title=video["title"], **target).verified
    assert facts(rig) == [("like_comment", rig.account, author, target["target_comment"], "")]
    assert rig.truth()[0]["target_commenter"] == target["target_commenter"]


def test_a_reply_is_sent_once_and_seen_last_in_a_long_thread(rig: Rig) -> None:
    videos = [(a["id"], v) for a in rig.world["authors"] for v in a["videos"][:40] if 30 < v["comments"] < 120]
    author, video, comment = next(
        (author, video, comment)
        for author, video in videos
        for comment in rig.comments(video)[:60]
        if comment.replies > 15 and [c.text for c in rig.comments(video)].count(comment.text) == 1
        and [v["title"] for _, v in videos].count(video["title"]) == 1
    )  # fmt: skip
    result = rig.run(
        "directed", kind="reply", author_id=author, title=video["title"], text="同意",
        target_commenter=comment.commenter, target_comment=comment.text,
    )  # fmt: skip
    assert result.verified
    assert facts(rig) == [("reply", rig.account, author, comment.text, "同意")]


def test_the_same_words_again_are_told_from_the_earlier_ones(rig: Rig) -> None:
    author, video = rig.video(20, 40, skip=1)
    for _ in range(2):
        assert rig.run("directed", kind="comment", author_id=author, title=video["title"], text="再来一条").verified
    assert [fact[0] for fact in facts(rig)] == ["comment", "comment"]


def test_of_identical_titles_the_one_with_the_comment_is_taken(rig: Rig) -> None:
    author, video = next(
        (author, later)
        for author in rig.world["authors"]
        for place, later in enumerate(author["videos"][:50])
        for earlier in author["videos"][:place]
        if earlier["title"] == later["title"] and 0 < later["comments"] < 100 and earlier["comments"] < 400
    )
    first = next(other for other in author["videos"] if other["title"] == video["title"])
    texts = {(comment.commenter, comment.text) for comment in rig.comments(first)}
    comment = next(it for it in rig.comments(video) if (it.commenter, it.text) not in texts)
    rig.run(
        "directed", kind="like_comment", author_id=author["id"], title=video["title"],
        target_commenter=comment.commenter, target_comment=comment.text, comment_loop=500,
    )  # fmt: skip
    assert [fact["video_id"] for fact in rig.truth()] == [video["id"]]


def test_what_is_not_there_is_named(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    nothing = {"target_commenter": "无名", "target_comment": "没有这条"}
    like: dict[str, Any] = {"kind": "like_comment", "author_id": author, "title": video["title"]} | nothing
    failure = rig.fails("directed", **like)
    assert (failure.code, failure.kind) == ("comment_not_found", "fatal")
    assert rig.fails("directed", **like | {"title": "没有"}).code == "video_not_found"
    assert rig.fails("directed", **like | {"author_id": "nobody"}).code == "author_not_found"
    assert not rig.truth()


def test_a_comment_behind_the_comment_loop_is_not_found(rig: Rig) -> None:
    author, video = rig.video(60, 140)
    target = target_of(rig, video, 30)
    like = {"kind": "like_comment", "author_id": author, "title": video["title"], "comment_loop": 20}
    assert rig.fails("directed", **like | target).code == "comment_not_found"


def test_a_failure_tells_whether_its_loop_or_the_list_ended_the_search(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    nothing = {"target_commenter": "无名", "target_comment": "没有这条"}
    like: dict[str, Any] = {"kind": "like_comment", "author_id": author, "title": video["title"]} | nothing

    def searched(**params: Any) -> tuple[bool, int]:
        details = rig.fails("directed", **like | params).details
        return details["looked_at"] >= details["loop"], details["loop"]

    assert searched() == (False, 200)
    assert searched(comment_loop=5) == (True, 5)
    assert searched(title="没有", video_loop=1) == (True, 1)
    assert searched(title="没有", video_loop=1000) == (False, 1000)


def test_a_comment_that_was_deleted_is_not_found(rig: Rig) -> None:
    author, video = rig.video(20, 40, skip=2)
    comment = rig.target(video, 3)
    rig.shelf.post(
        "/world/delete_comment", author_id=author, title=video["title"], commenter=comment.commenter, text=comment.text
    )
    target = {"target_commenter": comment.commenter, "target_comment": comment.text}
    failure = rig.fails("directed", kind="like_comment", author_id=author, title=video["title"], **target)
    assert failure.code == "comment_not_found"


@pytest.mark.parametrize("kind", ["comment", "like_comment", "reply"])
def test_an_account_that_may_not_act_leaves_it_to_another(rig: Rig, kind: str) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault("may_not_act")
    params = {} if kind == "comment" else target_of(rig, video)
    text = {} if kind == "like_comment" else {"text": "好"}
    failure = rig.fails("directed", kind=kind, author_id=author, title=video["title"], **params | text)
    assert (failure.code, failure.kind, failure.culprit) == ("may_not_act", "other_phone", "account")
    assert not rig.truth()


def test_a_like_of_ones_own_is_not_taken_back(rig: Rig) -> None:
    author, video = rig.video(20, 40, skip=3)
    target = target_of(rig, video, 2)
    rig.run("directed", kind="like_comment", author_id=author, title=video["title"], **target)
    failure = rig.fails("directed", kind="like_comment", author_id=author, title=video["title"], **target)
    assert failure.code == "may_not_act"
    assert [fact[0] for fact in facts(rig)] == ["like_comment"]


@pytest.mark.parametrize("seen", [True, False])
def test_what_an_earlier_attempt_completed_is_not_done_again(rig: Rig, seen: bool) -> None:
    author, video = rig.video(20, 40)
    rig.journal.earlier = [Action(ActionKind.COMMENT, author, video["title"], text="好")]
    rig.journal.unseen = [] if seen else [*rig.journal.earlier]
    result = rig.run("directed", kind="comment", author_id=author, title=video["title"], text="好")
    assert result.verified is seen
    assert not rig.truth()
    assert not rig.journal.declared


def test_responsible_use_says_no_before_the_phone_goes_anywhere(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    rig.journal.without_basis = {author}
    assert rig.fails("directed", kind="comment", author_id=author, title=video["title"], text="好").code == "no_basis"
    rig.journal.without_basis, rig.journal.cap = set(), 0
    assert (
        rig.fails("directed", kind="comment", author_id=author, title=video["title"], text="好").code == "cap_reached"
    )
    assert rig.watch.steps == ["account", "account"]
    assert not rig.truth()


def test_sending_that_fails_visibly_did_not_happen(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault("network_down", at="next_tap", on="comment_send")
    failure = rig.fails("directed", kind="comment", author_id=author, title=video["title"], text="好")
    assert (failure.code, failure.kind) == ("send_failed", "retry_here")
    assert rig.journal.refuted == {1: "发送失败，请重试"}
    assert not rig.truth()


@pytest.mark.parametrize("moment", ["next_tap", "after_tap"])
@pytest.mark.parametrize("kind", ["comment", "like_comment"])
def test_a_rate_limit_at_the_tap_is_settled_by_looking_under_it(rig: Rig, kind: str, moment: str) -> None:
    author, video = rig.video(20, 40, skip=4)
    params: dict[str, Any] = (
        {"text": "限流"} if kind == "comment" else target_of(rig, video, 1 if moment == "next_tap" else 2)
    )
    button = "comment_send" if kind == "comment" else "comment_like"
    rig.shelf.fault("rate_limit", at=moment, on=button)
    if moment == "after_tap":  # it got through, and the app shows it
        assert rig.run("directed", kind=kind, author_id=author, title=video["title"], **params).verified
        assert len(rig.truth()) == 1
        return
    failure = rig.fails("directed", kind=kind, author_id=author, title=video["title"], **params)
    assert failure.code == "rate_limited"
    assert not rig.truth()
    assert 1 in rig.journal.refuted


def test_what_cannot_be_seen_after_the_tap_is_unknown_and_not_repeated(rig: Rig) -> None:
    author, video = rig.video(20, 40, skip=5)
    rig.shelf.fault("app_crash", at="after_tap", on="comment_send")
    failure = rig.fails("directed", kind="comment", author_id=author, title=video["title"], text="不知道")
    assert (failure.code, failure.kind) == ("outcome_unknown", "unknown")
    assert len(rig.journal.open) == 1
    assert [fact[0] for fact in facts(rig)] == ["comment"]


@pytest.mark.parametrize("fault", ["logged_out", "page_drift"])
def test_the_apps_word_without_the_sight_of_it_is_done_but_not_verified(rig: Rig, fault: str) -> None:
    author, video = rig.video(20, 40, skip=5)
    rig.shelf.fault(fault, at="after_tap", on="comment_send")
    result = rig.run("directed", kind="comment", author_id=author, title=video["title"], text=f"看不见 {fault}")
    assert not result.verified
    assert rig.journal.confirmed == {1: False}
    assert [fact[0] for fact in facts(rig)] == ["comment"]


def test_a_popup_at_the_tap_is_closed_and_the_act_is_seen(rig: Rig) -> None:
    author, video = rig.video(20, 40, skip=6)
    rig.shelf.fault("popup", at="after_tap", on="comment_send")
    assert rig.run("directed", kind="comment", author_id=author, title=video["title"], text="弹窗").verified
    assert len(rig.truth()) == 1


def test_a_stop_before_the_first_look_touches_nothing(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    rig.watch.stop = Stopped("stop")
    with pytest.raises(Stopped):
        rig.run("directed", kind="comment", author_id=author, title=video["title"], text="好")
    assert [call.method for call in rig.phone.calls if not call.method.startswith("shell")] == []


def test_rows_are_those_of_the_result_sheet(rig: Rig) -> None:
    author, video = rig.video(20, 40, skip=7)
    (row,) = rig.rows("directed", kind="comment", author_id=author, title=video["title"], text="表格")
    assert (row["kind"], row["text"], row["verified"]) == ("评论", "表格", True)
