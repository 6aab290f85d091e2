"""What apps show until they know better is looked at again, and never taken for a value."""

from __future__ import annotations

import random
from typing import Any

import pytest

from flows.app import SLOW_LOOKS, App
from flows.comment_list import as_comment, readable, unreadable
from flows.counts import MOST, count_or_zero
from flows.failures import FlowFailure
from flows.pages.author import AuthorPage
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import Walk
from flows.pages.video import VideoPage
from flows.placeholders import is_placeholder, is_waiting_count
from flows.profile import load_profile
from flows.screen import Screen
from flows.session import Session
from tests.flows.paper import PaperList, node
from tests.support.memory import MemoryJournal, MemoryWatch

WAITING = ["", " ", "-", "--", "—", "…", "...", "加载中", "加载中...", "加载中…", "正在加载…", "Loading...", "\u200b"]


MORE_WAITING = [
    *("載入中...", "正在載入", "讀取中", "读取中...", "努力加载中", "拼命加载中...", "加载中，请稍候", "请稍等片刻"),
    *(
        "同步中",
        "登录中...",
        "正在连接",
        "•••",
        "- -",
        "－－",
        "⏳",
        "[加载中]",
        "(…)",
        "Please wait",
        "Loading, please wait",
    ),
]


@pytest.mark.parametrize("text", [*WAITING, *MORE_WAITING])
def test_a_placeholder_is_no_value(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        *("小红", "..", "....", "加载中的人", "0", "a-b", "-1", "。。。好", "😀", "loading bay"),
        *("更新换代", "同步", "登录", "等待戈多", "[小鹏]", "waiter", "(作者)"),
    ],
)
def test_a_value_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    ("text", "waiting"),
    [
        ("评论 --", True),
        ("加载中...", True),
        ("评论：…", True),
        ("", False),
        ("评论 35", False),
        ("评论", False),
        ("1.2万", False),
    ],
)
def test_a_count_that_is_to_come_is_none_that_is_not_there(text: str, waiting: bool) -> None:
    assert is_waiting_count(text) is waiting


def app_on(phone: Any) -> App:
    session = Session(
        phone, load_profile(), "account", random.Random(1), MemoryJournal(), MemoryWatch(), pause=lambda seconds: None
    )
    return App(session)


@pytest.mark.parametrize("early", WAITING)
def test_names_and_moments_that_come_late_are_waited_for(early: str) -> None:
    phone = SlowList(early, looks=4)
    walk: Walk[CommentsPage, CommentRow] = Walk(app_on(phone).see(CommentsPage))
    assert [row.commenter for row in walk.rows] == ["u0", "u1", "u2"]
    assert all(as_comment(row).at for row in walk.rows)


@pytest.mark.parametrize("early", ["加载中...", "--", ""])
def test_what_never_comes_is_neither_stored_nor_waited_for_for_ever(early: str) -> None:
    phone = SlowList(early, looks=10_000)
    walk: Walk[CommentsPage, CommentRow] = Walk(app_on(phone).see(CommentsPage))
    while walk.advance():
        pass
    assert readable(walk.rows) == []
    assert unreadable(walk, 50) == 3
    assert phone.looks <= 8 * (SLOW_LOOKS + 1)


class SlowList(PaperList):
    """Three comments whose names and times are placeholders for so many looks."""

    def __init__(self, early: str, looks: int) -> None:
        super().__init__([(f"u{place}", f"t{place}", 300) for place in range(3)])
        self.early, self.late_until = early, looks

    def look(self) -> Screen:
        early = self.looks < self.late_until
        self.rows = [(self.early if early else f"u{place}", f"t{place}", 300) for place in range(3)]
        self.time = self.early if early else "3小时前"
        return super().look()


class Pages(PaperList):
    """A page drawn from nodes, its fields late for so many looks."""

    def __init__(self, page: str, late: dict[str, str], told: dict[str, str], looks: int) -> None:
        super().__init__([])
        self.page, self.late, self.told, self.until = page, late, told, looks

    def look(self) -> Screen:
        self.looks += 1
        texts = self.told | (self.late if self.looks <= self.until else {})
        inner = "".join(node(name, text, (0, 100, 900, 200)) for name, text in texts.items())
        return Screen.parse(f"<hierarchy>{node(self.page, '', (0, 0, 1080, 2400), inner)}</hierarchy>")


VIDEO = {
    "video_author_id": "视频号ID：xp", "video_author": "小鹏", "video_title": "预告：", "video_comment": "",
    "video_like": "", "video_comment_count": "35",
}  # fmt: skip
AUTHOR = {"author_id": "视频号ID：xp", "author_name": "小鹏", "video_list": ""}


@pytest.mark.parametrize(
    "late",
    [
        {"video_author_id": "视频号ID："}, {"video_author_id": "视频号ID：加载中..."}, {"video_title": "加载中..."},
        {"video_author": "--"}, {"video_comment_count": "加载中..."}, {"video_author_id": "", "video_title": "…"},
    ],
)  # fmt: skip
def test_a_videos_fields_are_waited_for(late: dict[str, str]) -> None:
    page = app_on(Pages("page_video", late, VIDEO, looks=5)).see(VideoPage)
    shown_comments = count_or_zero(page.text("comment_count"))
    assert (page.author_id, page.author, page.title, shown_comments) == ("xp", "小鹏", "预告：", 35)


@pytest.mark.parametrize("late", [{"author_id": "视频号ID："}, {"author_name": "加载中..."}, {"author_name": ""}])
def test_an_authors_fields_are_waited_for_and_refused_when_they_never_come(late: dict[str, str]) -> None:
    page = app_on(Pages("page_author", late, AUTHOR, looks=5)).see(AuthorPage)
    assert (page.author_id, page.author) == ("xp", "小鹏")
    never = Pages("page_author", late, AUTHOR, looks=10_000)
    page = app_on(never).see(AuthorPage)
    assert never.looks == SLOW_LOOKS + 1
    with pytest.raises(FlowFailure) as failed:
        print(page.author_id, page.author)
    assert failed.value.code == "page_not_reached"
    assert failed.value.details["waiting"].endswith(next(iter(late)))


@pytest.mark.parametrize(
    ("count", "least", "most"),
    [
        ("评论 35", 35, 35),
        ("评论 1.2万", 11_500, 12_999),
        ("10万+", 100_000, MOST),
        ("评论", 0, 0),
        ("评论 --", 0, MOST),
    ],
)
def test_a_rounded_count_is_held_against_what_it_may_be(count: str, least: int, most: int) -> None:
    texts = {"item_title": "标题", "item_count": count, "item_time": "昨天"}
    inner = "".join(node(name, text, (0, 500, 900, 600)) for name, text in texts.items())
    rows = node("video_list", "", (0, 400, 1080, 2000), node("video_item", "", (0, 450, 1080, 700), inner))
    fields = "".join(node(name, text, (0, 100, 900, 200)) for name, text in AUTHOR.items() if name != "video_list")
    dump = f"<hierarchy>{node('page_author', '', (0, 0, 1080, 2400), fields + rows)}</hierarchy>"
    (row,) = AuthorPage(app_on(PaperList([])), Screen.parse(dump)).rows()
    assert (row.at_least, row.at_most) == (least, most)
