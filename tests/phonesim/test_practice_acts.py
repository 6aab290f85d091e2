"""What an account does in the app happens in the world, shows on the screen, and is refused where it must be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.phonesim.practice_hand import Hand, busy_video


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.app.open_video(busy_video(hand.world))
    return hand


def _kinds(hand: Hand) -> list[object]:
    return [entry["kind"] for entry in hand.world.truth()]


def _row(hand: Hand, name: str, place: int) -> str:
    return hand.texts(name)[place]


def test_a_video_is_liked_and_the_like_taken_back(hand: Hand) -> None:
    for selected, kind in ((True, "like_video"), (False, "unlike_video")):
        hand.tap("video_like")
        assert hand.one("video_like").selected is selected
        assert hand.last_truth()["kind"] == kind
    assert hand.last_truth()["title"] == hand.texts("video_title")[0]


def test_a_comment_is_liked_by_this_account_only(hand: Hand) -> None:
    hand.tap("video_comment")
    who, text = _row(hand, "comment_author", 1), _row(hand, "comment_text", 1)
    hand.tap("comment_like", 1)
    assert [node.selected for node in hand.all("comment_like")[:3]] == [False, True, False]
    entry = hand.last_truth()
    assert (entry["kind"], entry["target_commenter"], entry["target_comment"]) == ("like_comment", who, text)
    other = Hand(hand.world, account_id="acc0002", serial="S2")
    other.app.open_comments(busy_video(hand.world))
    assert not any(node.selected for node in other.all("comment_like"))


def test_a_comment_is_sent_once_there_is_text_and_stands_first(hand: Hand) -> None:
    hand.tap("video_comment")
    total = hand.world.shown_count(busy_video(hand.world), "acc0001")
    assert not hand.one("comment_send").enabled
    hand.tap("comment_send")
    hand.type("comment_input", "  ")
    assert not hand.one("comment_send").enabled
    assert hand.world.truth() == []
    hand.up(2000)
    hand.type("comment_input", "=说得好😂")
    assert hand.one("comment_send").enabled
    assert hand.texts("comment_input") == ["=说得好😂"]
    hand.tap("comment_send")
    name = hand.world.account("acc0001").name
    assert (_row(hand, "comment_author", 0), _row(hand, "comment_text", 0)) == (name, "=说得好😂")
    assert (hand.texts("comment_input"), hand.texts("comments_total")) == ([""], [f"评论 {total + 1}"])
    entry = hand.last_truth()
    assert (entry["kind"], entry["text"], entry["account"]) == ("comment", "=说得好😂", "acc0001")
    hand.tap("comment_send")
    assert len(hand.world.truth()) == 1  # the text is gone


def test_what_is_sent_twice_is_there_twice(hand: Hand) -> None:
    hand.tap("video_comment")
    for _ in range(2):
        hand.type("comment_input", "重复")
        hand.tap("comment_send")
    assert _kinds(hand) == ["comment", "comment"]
    assert hand.texts("comment_text")[:2] == ["重复", "重复"]


def test_a_reply_stands_last_and_the_comment_counts_it(hand: Hand) -> None:
    video = next(v for v in hand.world.videos("xiaopeng") if v.comments > 300)
    comment = next(c for c in hand.world.comments(video.id, "acc0001") if c.replies > 20)
    hand.app.open_replies(comment)
    hand.type("reply_input", "我也是")
    hand.tap("reply_send")
    assert hand.texts("reply_text")[-1] == "我也是"
    assert hand.all("list_end")
    entry = hand.last_truth()
    assert (entry["kind"], entry["text"]) == ("reply", "我也是")
    assert (entry["target_commenter"], entry["target_comment"]) == (comment.commenter, comment.text)
    assert hand.world.reply_count(comment, "acc0002") == comment.replies + 1


def test_the_first_reply_makes_room_for_its_line_in_the_panel(hand: Hand) -> None:
    hand.tap("video_comment")
    place = next(i for i, row in enumerate(hand.all("comment_item")) if len(row.children) == 8)
    before = hand.all("comment_item")[place].bounds
    hand.tap("comment_reply", place)
    hand.type("reply_input", "第一")
    hand.tap("reply_send")
    hand.tap("replies_close")
    row = hand.all("comment_item")[place]
    assert row.bounds[3] - row.bounds[1] > before[3] - before[1]
    assert "展开1条回复" in [child.text for child in row.children]


@pytest.mark.parametrize("kind", ["dislike_comment", "report_comment"])
def test_dislike_and_report_act_on_the_comment_of_the_menu(hand: Hand, kind: str) -> None:
    hand.tap("video_comment")
    text = _row(hand, "comment_text", 1)
    hand.tap("comment_more", 1)
    if kind == "dislike_comment":
        hand.tap("menu_dislike")
    else:
        hand.tap("menu_report")
        assert not hand.one("report_submit").enabled
        hand.tap("report_reason", 2)
        assert [node.text for node in hand.all("report_reason") if node.selected] == ["引战对立"]
        hand.tap("report_submit")
    entry = hand.last_truth()
    assert (entry["kind"], entry["target_comment"]) == (kind, text)
    assert entry["text"] == ("引战对立" if kind == "report_comment" else "")
    assert hand.page() == "page_comments"
    assert hand.all("toast")


@pytest.mark.parametrize("button", ["menu_cancel", "report_cancel"])
def test_cancelling_does_nothing(hand: Hand, button: str) -> None:
    hand.tap("video_comment")
    hand.tap("comment_more")
    if button == "report_cancel":
        hand.tap("menu_report")
        hand.tap("report_reason")
    hand.tap(button)
    assert hand.page() == "page_comments"
    assert hand.world.truth() == []


FORBID: dict[str, Callable[[Hand], None]] = {
    "this phone": lambda hand: setattr(hand.app, "may_not_act", True),
    "the account": lambda hand: hand.world.forbid("acc0001"),
    "the account on this author": lambda hand: hand.world.forbid("acc0001", "xiaopeng"),
}


@pytest.mark.parametrize("who", FORBID)
def test_where_one_may_not_act_nothing_happens_and_the_app_says_so(hand: Hand, who: str) -> None:
    assert not hand.all("notice")
    FORBID[who](hand)
    assert hand.texts("notice") == ["当前账号暂不能互动"]
    hand.tap("video_like")
    assert hand.texts("toast") == ["你暂时无法互动"]
    assert not hand.one("video_like").selected
    hand.tap("video_comment")
    assert not hand.one("comment_input").enabled
    hand.type("comment_input", "试试")
    assert hand.texts("comment_input") == [""]
    hand.tap("comment_like")
    hand.tap("comment_more")
    hand.tap("menu_dislike")
    hand.tap("comment_reply")
    assert not hand.one("reply_input").enabled
    assert hand.world.truth() == []


def test_a_right_lost_while_typing_is_told_at_sending(hand: Hand) -> None:
    hand.tap("video_comment")
    hand.type("comment_input", "试试")
    hand.world.forbid("acc0001")
    hand.tap("comment_send")
    assert hand.texts("toast") == ["你暂时无法评论"]
    assert hand.world.truth() == []


def test_without_network_nothing_is_sent_and_the_text_stays(hand: Hand) -> None:
    hand.tap("video_comment")
    hand.type("comment_input", "试试")
    hand.app.network_down = True
    hand.tap("comment_send")
    assert (hand.texts("toast"), hand.texts("comment_input")) == (["发送失败，请重试"], ["试试"])
    assert hand.world.truth() == []
    hand.app.network_down = False
    hand.tap("comment_send")
    assert (hand.texts("toast"), _kinds(hand)) == (["评论成功"], ["comment"])


def test_a_comment_deleted_meanwhile_takes_no_act(hand: Hand) -> None:
    hand.tap("video_comment")
    video = hand.world.video(busy_video(hand.world))
    who, text = _row(hand, "comment_author", 0), _row(hand, "comment_text", 0)
    assert hand.world.delete_comment(video.author_id, video.title, who, text)
    hand.tap("comment_like")
    assert hand.texts("toast") == ["该评论已删除"]
    assert hand.world.truth() == []
    hand.tap("comments_close")
    hand.tap("video_comment")
    assert (_row(hand, "comment_author", 0), _row(hand, "comment_text", 0)) != (who, text)


def test_a_moderated_comment_is_seen_by_its_writer_alone(hand: Hand) -> None:
    hand.world.moderate("acc0001")
    hand.tap("video_comment")
    hand.type("comment_input", "只有我看得见")
    hand.tap("comment_send")
    assert _row(hand, "comment_text", 0) == "只有我看得见"
    for account_id, seen in (("acc0001", True), ("acc0002", False)):
        other = Hand(hand.world, account_id=account_id, serial="S2")
        other.app.open_comments(busy_video(hand.world))
        assert ("只有我看得见" in other.texts("comment_text")) is seen


def test_a_comment_sent_before_the_list_came_is_there_once(hand: Hand) -> None:
    hand.app.load_delay(1.0)
    hand.tap("video_comment")
    hand.type("comment_input", "抢先")
    hand.tap("comment_send")
    hand.clock.now += 5.0
    assert hand.texts("comment_text").count("抢先") == 1
    assert len(hand.texts("comment_text")) > 5


def test_two_phones_live_in_one_world(hand: Hand) -> None:
    hand.tap("video_comment")
    hand.type("comment_input", "我先来")
    hand.tap("comment_send")
    other = Hand(hand.world, account_id="acc0002", serial="S2")
    other.app.open_comments(busy_video(hand.world))
    assert other.texts("comment_text")[0] == "我先来"
    other.tap("comment_like")
    assert [(entry["phone"], entry["kind"]) for entry in hand.world.truth()] == [
        ("S1", "comment"),
        ("S2", "like_comment"),
    ]
    assert _row(hand, "comment_likes", 0) == "1"
    assert not hand.all("comment_like")[0].selected
