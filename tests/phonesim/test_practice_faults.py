"""Faults of the app: what lies over a page, what stands before it, what dies and what drifts."""

from __future__ import annotations

import pytest

from phonesim.practice import DRIFT_SUFFIX
from tests.phonesim.practice_hand import Hand, busy_video

BACK, HOME = 4, 3


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.app.open_video(busy_video(hand.world))
    return hand


def test_a_toast_goes_after_two_seconds_and_lets_touches_through(hand: Hand) -> None:
    hand.app.toast("你好")
    assert (hand.texts("toast"), hand.app.last_toast) == (["你好"], "你好")
    assert not hand.one("toast").clickable
    hand.clock.now += 1.9
    assert hand.all("toast")
    hand.clock.now += 0.2
    assert not hand.all("toast")
    assert hand.app.last_toast == "你好"


def test_a_popup_swallows_every_touch_until_it_is_closed(hand: Hand) -> None:
    hand.tap("video_comment")
    rows = [node.bounds for node in hand.all("comment_item")]
    hand.app.show_popup("青少年模式")
    assert hand.texts("popup_title") == ["青少年模式"]
    hand.tap("comment_like")
    hand.tap("comments_close")
    hand.up()
    hand.app.long_press(500, 900)
    assert hand.page() == "page_comments"
    assert hand.world.truth() == []
    assert [node.bounds for node in hand.all("comment_item")] == rows
    hand.tap("popup_close")
    assert not hand.all("popup")
    hand.tap("comments_close")
    assert hand.page() == "page_video"


def test_back_closes_the_popup_before_the_page(hand: Hand) -> None:
    hand.app.show_popup("更新提示")
    hand.app.key(BACK)
    assert hand.page() == "page_video"
    assert not hand.all("popup")


def test_a_crash_leaves_the_launcher_and_a_dialog(hand: Hand) -> None:
    hand.app.crash()
    assert not hand.app.running
    assert hand.page() == ""
    dialog = hand.one("android:id/alertTitle")
    assert (dialog.package, dialog.text) == ("android", "练习短视频屡次停止运行")
    hand.tap("android:id/button1")
    assert not hand.all("android:id/alertTitle")
    hand.app.start()
    assert hand.page() == "page_feed"


@pytest.mark.parametrize(("button", "page"), [("android:id/button1", ""), ("android:id/button2", "page_video")])
def test_an_app_that_hangs_is_closed_or_waited_for(hand: Hand, button: str, page: str) -> None:
    hand.app.show_system_dialog()
    hand.tap("video_like")
    hand.app.key(BACK)
    assert hand.world.truth() == []
    assert hand.page() == "page_video"
    assert [hand.texts(f"android:id/button{n}") for n in (1, 2)] == [["关闭应用"], ["等待"]]
    hand.tap(button)
    assert hand.page() == page
    assert not hand.all("android:id/alertTitle")


def test_home_works_under_a_system_dialog(hand: Hand) -> None:
    hand.app.show_system_dialog()
    hand.app.key(HOME)
    assert hand.page() == ""
    assert hand.all("android:id/alertTitle")


def test_a_forced_stop_clears_all_and_starts_from_the_feed(hand: Hand) -> None:
    hand.app.show_popup("更新提示")
    hand.app.toast("你好")
    hand.app.show_system_dialog()
    hand.app.stop()
    assert hand.page() == ""
    assert not hand.all("android:id/alertTitle")
    hand.app.start()
    assert hand.page() == "page_feed"
    assert not hand.all("popup")
    assert not hand.all("toast")


def test_logged_out_shows_the_login_page_until_somebody_logs_in(hand: Hand) -> None:
    hand.app.logged_out = True
    assert hand.texts("login_hint") == ["请先登录"]
    hand.tap("login_button")
    assert hand.page() == "page_login"
    hand.app.logged_out = False
    assert hand.page() == "page_video"


def test_the_rate_limit_page_comes_back_at_the_next_act(hand: Hand) -> None:
    hand.app.rate_limited = True
    assert hand.texts("limit_text") == ["操作过于频繁，请稍后再试"]
    hand.tap("limit_ok")
    assert hand.page() == "page_video"
    hand.tap("video_like")
    assert hand.page() == "page_rate_limit"
    assert hand.world.truth() == []
    hand.app.rate_limited = False
    hand.tap("video_like")
    assert [entry["kind"] for entry in hand.world.truth()] == ["like_video"]


def test_verification_stands_before_everything(hand: Hand) -> None:
    hand.app.verification = hand.app.logged_out = hand.app.rate_limited = True
    assert hand.texts("verify_text") == ["请完成安全验证"]
    hand.app.verification = False
    assert hand.page() == "page_login"


def test_drifted_pages_have_other_ids_and_work_all_the_same(hand: Hand) -> None:
    hand.app.drifted = True
    assert hand.page() == "page_video"
    assert hand.all("video_like")
    hand.tap("video_comment")
    assert hand.page() == f"page_comments{DRIFT_SUFFIX}"
    assert not hand.all("comment_item")
    assert hand.all(f"comment_item{DRIFT_SUFFIX}")
    hand.tap(f"comments_close{DRIFT_SUFFIX}")
    hand.tap("video_author")
    assert hand.page() == f"page_author{DRIFT_SUFFIX}"
    hand.app.drifted = False
    assert hand.page() == "page_author"
    assert hand.all("video_item")


def test_popups_do_not_drift(hand: Hand) -> None:
    hand.app.drifted = True
    hand.tap("video_comment")
    hand.app.show_popup("更新提示")
    hand.tap("popup_close")
    assert not hand.all("popup")


def test_keys_and_touches_outside_the_app_do_not_reach_it(hand: Hand) -> None:
    hand.app.key(HOME)
    hand.app.key(BACK)
    hand.app.key(66)
    hand.app.tap(10, 10)
    hand.up()
    hand.app.start()
    assert hand.page() == "page_video"
