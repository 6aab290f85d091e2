"""Every page of docs/practice-app.md can be reached, holds what is said there, and is left by back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phonesim.practice import LAUNCHER
from phonesim.world.formats import cut_title
from tests.phonesim.practice_hand import Hand, busy_video

BACK, HOME, ENTER = 4, 3, 66


def _comments(hand: Hand) -> None:
    hand.to_comments(busy_video(hand.world))


def _replies(hand: Hand) -> None:
    _comments(hand)
    for _ in range(20):
        if hand.all("comment_replies"):
            break
        hand.up()
    hand.tap("comment_replies")


def _menu(hand: Hand) -> None:
    _comments(hand)
    hand.tap("comment_more")


def _report(hand: Hand) -> None:
    _menu(hand)
    hand.tap("menu_report")


def _author(hand: Hand) -> None:
    hand.tap("video_author")


def _video(hand: Hand) -> None:
    _author(hand)
    hand.tap("video_item")


def _search(hand: Hand) -> None:
    hand.tap("tab_search")
    hand.type("search_input", "小鹏")
    hand.tap("search_button")


def _video_search(hand: Hand) -> None:
    hand.tap("tab_search")
    hand.type("search_input", "续航")
    hand.tap("search_videos")


WAYS: dict[str, Callable[[Hand], None]] = {
    "page_feed": lambda hand: None,
    "page_search": _search,
    "page_video_search": _video_search,
    "page_author": _author,
    "page_video": _video,
    "page_comments": _comments,
    "page_replies": _replies,
    "page_menu": _menu,
    "page_report": _report,
    "page_me": lambda hand: hand.tap("tab_me"),
    "page_login": lambda hand: setattr(hand.app, "logged_out", True),
    "page_rate_limit": lambda hand: setattr(hand.app, "rate_limited", True),
    "page_verify": lambda hand: setattr(hand.app, "verification", True),
}
TABS = "tab_home tab_search tab_me"
VIDEO = "video_author video_title video_like video_like_count video_comment video_comment_count video_more"
HOLDS = {
    "page_feed": f"{VIDEO} {TABS}",
    "page_search": f"search_input search_button search_users search_videos search_results result_item result_name "
    f"result_id {TABS}",
    "page_video_search": "back_button found_input found_button search_users search_videos sort_hot sort_new found_list "
    "found_item found_title found_author found_likes found_time",
    "page_author": "author_name author_id video_list video_item item_title item_count item_time",
    "page_video": f"{VIDEO} back_button video_author_id",
    "page_comments": "comments_total comments_close comment_list comment_item comment_author comment_text comment_time "
    "comment_likes comment_like comment_reply comment_more comment_input comment_send",
    "page_replies": "replies_close parent_item parent_author parent_text reply_list reply_item reply_author reply_text "
    "reply_time reply_input reply_send",
    "page_menu": "menu_author menu_text menu_dislike menu_report menu_cancel",
    "page_report": "report_author report_text report_reason report_submit report_cancel",
    "page_me": f"account_name account_id {TABS}",
    "page_login": "login_hint login_button",
    "page_rate_limit": "limit_text limit_ok",
    "page_verify": "verify_text",
}


@pytest.mark.parametrize("page", WAYS)
def test_a_page_is_reached_and_holds_what_the_contract_says(page: str) -> None:
    hand = Hand()
    WAYS[page](hand)
    assert hand.page() == page
    missing = [name for name in HOLDS[page].split() if not hand.all(name)]
    assert missing == []


@pytest.mark.parametrize("page", WAYS)
def test_nodes_lie_inside_the_screen_and_below_their_parent(page: str) -> None:
    hand = Hand()
    WAYS[page](hand)
    for parent in hand.nodes():
        for child in parent.children:
            left, top, right, bottom = child.bounds
            assert parent.bounds[0] <= left < right <= parent.bounds[2], child.resource_id
            assert parent.bounds[1] <= top < bottom <= parent.bounds[3], child.resource_id


BEFORE = {
    "page_feed": "",
    "page_search": "page_feed",
    "page_video_search": "page_search",
    "page_author": "page_feed",
    "page_video": "page_author",
    "page_comments": "page_video",
    "page_replies": "page_comments",
    "page_menu": "page_comments",
    "page_report": "page_comments",
    "page_me": "page_feed",
    "page_login": "",
    "page_rate_limit": "",
    "page_verify": "",
}


@pytest.mark.parametrize("page", WAYS)
def test_back_closes_the_page_on_top(page: str) -> None:
    hand = Hand()
    WAYS[page](hand)
    hand.app.key(BACK)
    assert hand.page() == BEFORE[page]


CLOSERS = [
    ("page_video", "back_button"),
    ("page_author", "back_button"),
    ("page_video_search", "back_button"),
    ("page_video_search", "search_users"),
    ("page_comments", "comments_close"),
    ("page_replies", "replies_close"),
    ("page_menu", "menu_cancel"),
    ("page_report", "report_cancel"),
]


@pytest.mark.parametrize(("page", "button"), CLOSERS)
def test_a_close_button_does_as_back(page: str, button: str) -> None:
    hand = Hand()
    WAYS[page](hand)
    hand.tap(button)
    assert hand.page() == BEFORE[page]


def test_a_tap_beside_a_panel_closes_it() -> None:
    hand = Hand()
    _menu(hand)
    hand.app.tap(500, 300)
    assert hand.page() == "page_comments"
    hand.app.tap(500, 300)
    assert hand.page() == "page_video"


def test_a_long_press_on_a_comment_opens_the_menu() -> None:
    hand = Hand()
    _comments(hand)
    left, top, right, bottom = hand.one("comment_text").bounds
    hand.app.long_press((left + right) // 2, (top + bottom) // 2)
    assert hand.page() == "page_menu"


def test_the_reply_button_opens_the_thread_of_its_comment() -> None:
    hand = Hand()
    _comments(hand)
    text = hand.texts("comment_text")[2]
    hand.tap("comment_reply", 2)
    assert (hand.page(), hand.texts("parent_text")) == ("page_replies", [text])


def test_search_by_enter_by_name_by_id_and_in_vain() -> None:
    hand = Hand()
    hand.tap("tab_search")
    for words, ids in (("小鹏", ["xiaopeng", "xiaopeng_club"]), ("chenzhen", ["chenzhen"]), ("没有的人", [])):
        hand.type("search_input", words)
        hand.app.key(ENTER)
        assert hand.texts("result_id") == [f"视频号ID：{id_}" for id_ in ids]
        assert bool(hand.all("search_empty")) == (not ids)
    hand.type("search_input", "chenzhen")
    hand.tap("search_button")
    hand.tap("result_item")
    assert (hand.texts("author_name"), hand.texts("author_id")) == (["陈震同学"], ["视频号ID：chenzhen"])


def test_videos_are_found_by_a_word_of_the_title_or_of_the_name_in_either_order() -> None:
    hand = Hand()
    _video_search(hand)
    found = {order: hand.world.search_videos("续航", newest=order) for order in (False, True)}
    assert len(found[True]) > 5
    assert all("续航" in video.title for video in found[True])
    assert found[True] != found[False]
    for button, order in (("sort_new", True), ("sort_hot", False)):
        hand.tap(button)
        assert [node.selected for node in hand.all(button)] == [True]
        shown = hand.texts("found_title")
        assert shown == [cut_title(video.title) for video in found[order][: len(shown)]]
    hand.tap("found_item", 1)
    assert (hand.page(), hand.texts("video_title")) == ("page_video", [found[False][1].title])
    hand.app.key(BACK)
    for words in ("陈震", "没有的词"):
        hand.type("found_input", words)
        hand.tap("found_button")
        assert set(hand.texts("found_author")) == ({"陈震同学"} if words == "陈震" else set())
    assert hand.all("found_empty")
    hand.world.publish("chenzhen", "没有的词，今天有了")
    hand.app.key(ENTER)
    assert hand.texts("found_title") == ["没有的词，今天有了"]


def test_the_feed_turns_with_the_finger_and_goes_on_after_a_restart() -> None:
    hand = Hand()
    order = [hand.world.feed("acc0001", place).title for place in range(4)]
    seen = hand.texts("video_title")
    for _ in range(3):
        hand.app.swipe(500, 1600, 500, 600)
        seen += hand.texts("video_title")
    assert seen == order
    hand.app.swipe(500, 600, 500, 1600)
    hand.app.swipe(500, 1000, 500, 900)  # too short a way
    assert hand.texts("video_title") == [order[2]]
    hand.app.stop()
    hand.app.start()
    assert (hand.page(), hand.texts("video_title")) == ("page_feed", [order[2]])


def test_home_leaves_the_app_and_the_launcher_brings_it_back_as_it_was() -> None:
    hand = Hand()
    _comments(hand)
    hand.app.key(HOME)
    assert hand.page() == ""
    assert hand.app.running
    assert not hand.app.foreground
    assert {node.package for node in hand.nodes()} == {LAUNCHER}
    assert hand.app.activity == ".Launcher"
    hand.tap(f"{LAUNCHER}:id/icon")
    assert hand.page() == "page_comments"


def test_an_author_page_shows_cut_titles_and_shown_counts() -> None:
    hand = Hand()
    hand.tap("tab_search")
    hand.type("search_input", "xiaopeng")
    hand.tap("search_button")
    hand.tap("result_item")
    titles: list[str] = []
    counts: list[str] = []
    for _ in hand.world.videos("xiaopeng"):
        titles.append(hand.texts("item_title")[0])
        counts.append(hand.texts("item_count")[0])
        hand.up(240)
        if hand.all("list_end"):
            break
    videos = hand.world.videos("xiaopeng")[: len(titles)]
    assert len(titles) > 15
    assert titles == [video.title if len(video.title) <= 24 else video.title[:24] + "…" for video in videos]
    assert "评论 1.2万" in counts


def test_me_says_who_is_logged_in_after_a_switch_too() -> None:
    hand = Hand()
    hand.tap("tab_me")
    assert hand.texts("account_id") == ["账号ID：acc0001"]
    hand.app.switch_account("acc0002")
    assert hand.page() == "page_feed"
    hand.tap("tab_me")
    assert hand.texts("account_id") == ["账号ID：acc0002"]
    assert hand.texts("account_name") == [hand.world.account("acc0002").name]
    with pytest.raises(KeyError):
        hand.app.switch_account("acc9999")


@pytest.mark.parametrize(("width", "height"), [(720, 1600), (1440, 3200), (1080, 1920)])
def test_other_screens_work_as_well(width: int, height: int) -> None:
    hand = Hand()
    title = hand.world.feed("acc0001", 0).title
    root = hand.app.render(width, height)
    assert root.bounds == (0, 0, width, height)
    search = next(node for node in root.walk() if node.resource_id.endswith("tab_search"))
    assert any(node.text == title for node in root.walk())
    hand.app.tap(search.bounds[0] + 5, search.bounds[1] + 5)
    assert hand.page() == "page_search"
