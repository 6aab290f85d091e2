"""Which whole text belongs to which node of a dump, and what a screen that moves meanwhile costs."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import acts
from flows.action import Action, ActionKind
from flows.app import App
from flows.checks import check_text
from flows.failures import FlowFailure
from flows.find import find_comment, walk_to
from flows.lossy import Shown, cleaned, dumped, holds, match, may_be, storable
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.feed import FeedPage
from flows.pages.lists import Walk
from flows.pages.page import READS
from flows.pages.search import SearchPage
from flows.profile import load_profile
from flows.screen import Bounds, Node, Screen
from flows.scrolls import Scrolls
from flows.session import Session
from tests.flows.paper import PACKAGE, PaperList
from tests.support.memory import MemoryJournal, MemoryWatch
from workers.phone.shown import read_shown

FIRST, SECOND = (0, 0, 100, 50), (0, 50, 100, 100)


def screen(*texts: str, bounds: tuple[Bounds, ...] = (FIRST, SECOND)) -> Screen:
    nodes = [Node("t", dumped(text), "", at, "", "") for text, at in zip(texts, bounds, strict=False)]
    return Screen([Node("", "", "", (0, 0, 100, 100), "", "", children=nodes)])


def shown(text: str, *places: Bounds) -> Shown:
    return Shown(text, frozenset(places))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("太棒了😀", "太棒了.."), ("👨‍👩‍👧", "..\u200d..\u200d.."), ("👍🏽", "...."), ("🇨🇳", "...."), ("1️⃣", "1️⃣"),
        ("❤️‍🔥", "❤️\u200d.."),
        ("..", ".."), ("𠮷", ".."), ("\x07\x7f\x84\x86\x9f", "....."), ("\x85\t\n\r", "\x85\t\n\r"),
        ("\ud83d", "."), ("\ufdd0\ufddf\ufdcf\ufde0", "..\ufdcf\ufde0"), ("\ufffd\ufffe\uffff", "\ufffd.."), ("", ""),
    ],
)  # fmt: skip
def test_what_a_dump_leaves_of_a_text(text: str, left: str) -> None:
    assert dumped(text) == left


@given(st.text())
def test_a_cleaned_text_dumps_as_before_and_can_be_stored(text: str) -> None:
    assert dumped(cleaned(text)) == dumped(text) == dumped(dumped(text))
    assert storable(cleaned(text))
    assert cleaned(text).encode("utf-8") is not None


@pytest.mark.parametrize(
    ("texts", "answer", "whole"),
    [
        (("太棒了😀", "太棒了😂"), [shown("太棒了😀", FIRST), shown("太棒了😂", SECOND)], ["太棒了😀", "太棒了😂"]),
        (("太棒了😀", "太棒了😂"), [shown("太棒了😂", SECOND), shown("太棒了😀", FIRST)], ["太棒了😀", "太棒了😂"]),
        (("真的..", "好"), [shown("真的..", FIRST), shown("好", SECOND)], ["真的.."]),
        (("😀", "好"), [shown("😀", (0, -9, 100, 50), FIRST), shown("好", SECOND)], ["😀"]),  # clipped by its list
        (("a\x07😀", "b"), [shown("a\x07😀", FIRST)], ["a.😀"]),
        (("😀", "😂"), [shown("😀", FIRST), shown("👍", SECOND)], ["😀", "👍"]),
        (("😀", "b"), [shown("😀", FIRST), shown("😀", FIRST), shown("b", SECOND)], ["😀"]),  # told twice alike
        (("太棒了😀", "太棒了😂"), [shown("太棒了😀", SECOND)], None),  # the list moved by a row
        (("太棒了😀", "好"), [shown("太棒了😀", (0, 7, 100, 57)), shown("好", (0, 57, 100, 107))], None),  # by a bit
        (("太棒了😀", "好"), [shown("太棒了😀😀", FIRST), shown("好", SECOND)], None),
        (("太棒了😀", "好"), [shown("太棒了😀", FIRST), shown("坏", SECOND)], None),  # its neighbour is another
        (("😀", "好"), [shown("😀", FIRST), shown("😂", FIRST), shown("好", SECOND)], None),  # nobody can tell
        (("😀", "好"), [], None),
        (("😀", "好"), [shown("", FIRST), shown("好", SECOND)], None),
    ],
)
def test_whole_texts_are_matched_by_place_and_by_what_a_dump_leaves(
    texts: tuple[str, ...], answer: list[Shown], whole: list[str] | None
) -> None:
    there = screen(*texts)
    found = match(there, [node for node in there.all("t") if node.unclear], answer)
    assert (None if found is None else [text for _, text in found]) == whole


def test_a_node_that_does_not_matter_need_not_be_in_the_answer() -> None:
    there = screen("😀", "😂")
    first, second = there.all("t")
    assert match(there, [first], [shown("😀", FIRST)]) == [(first, "😀")]
    assert match(there, [second], [shown("😀", FIRST)]) is None


def test_a_node_is_certain_once_it_is_read() -> None:
    node = Node("t", "好..", "", FIRST, "", "")
    assert may_be(node, "好😀")
    assert may_be(node, "好..")
    node.read("好😂")
    assert not may_be(node, "好😀")
    assert may_be(node, "好😂")
    assert (node.dump_text, node.unclear) == ("好..", False)


def test_a_profiles_word_is_found_in_what_a_dump_leaves_of_it() -> None:
    assert holds("评论成功..", "成功🎉")
    assert holds("评论成功", "成功")
    assert not holds("评论失败..", "成功🎉")


@pytest.mark.parametrize(
    ("info", "read"),
    [
        ({"text": "a", "bounds": {"left": 0, "top": 0, "right": 100, "bottom": 50}}, shown("a", FIRST)),
        (
            {
                "text": "a",
                "bounds": {"left": 0, "top": 0, "right": 100, "bottom": 50},
                "visibleBounds": {"left": 0, "top": 50, "right": 100, "bottom": 100},
            },
            shown("a", FIRST, SECOND),
        ),
        ({"text": "a", "bounds": {"left": "0"}, "visibleBounds": None}, shown("a")),
        ({"text": "a"}, shown("a")),
        ({"text": None, "bounds": {}}, None),
        ({"text": 7}, None),
        (None, None),
        ([], None),
        ("text", None),
    ],
)
def test_what_the_ui_server_tells_is_read_or_left(info: object, read: Shown | None) -> None:
    assert read_shown(info) == read


def row(commenter: str, text: str) -> tuple[str, str, int]:
    return commenter, text, 300


def opened(phone: PaperList, watch: MemoryWatch | None = None, journal: MemoryJournal | None = None) -> CommentsPage:
    session = Session(
        phone,
        load_profile(),
        "account",
        random.Random(1),
        journal or MemoryJournal(),
        watch or MemoryWatch(),
        pause=lambda seconds: None,
    )
    return App(session).see(CommentsPage)


def test_reading_costs_nothing_where_nothing_is_unclear() -> None:
    phone = PaperList([row(f"甲{place}", f"好. {place}") for place in range(12)])
    walk: Walk[CommentsPage, CommentRow] = Walk(opened(phone), matters=lambda _: True)
    while walk.advance():
        pass
    assert len(walk.rows) == 12
    assert phone.reads == []


def test_only_texts_that_may_be_the_target_are_read() -> None:
    phone = PaperList([row(f"甲{place}", "好😀" if place == 9 else f"第{place}个😀") for place in range(12)])
    target = ("甲9", "好😀")
    found = find_comment(walk_to(opened(phone), target), target, 50)
    assert found is not None
    assert found.says(target)
    assert set(phone.reads) == {"comment_text"}
    assert len(phone.reads) <= 3  # one call for each screen on which it stands, one to see that the list stands still


def test_the_target_is_found_among_many_alike() -> None:
    marks = "😀😂👍🙏🚗😺🤔💯🔥🎉"
    phone = PaperList([row("甲", f"太棒了{mark}") for mark in marks])
    for mark in marks:
        phone.offset = 0
        target = ("甲", f"太棒了{mark}")
        walk = walk_to(opened(phone), target)
        found = find_comment(walk, target, 50)
        assert found is not None
        assert found.says(target)


def moving(phone: PaperList, ways: list[int]) -> None:
    """The list moves on its own under the next reads and looks."""
    phone._moves = list(ways)


def test_a_screen_that_moves_is_looked_at_until_it_stands() -> None:
    phone = PaperList([row(f"甲{place}", f"第{place}个😀") for place in range(12)])
    page = opened(phone)
    moving(phone, [30, 30, 20, 10])
    read = page.with_whole(lambda seen: [node for each in seen.rows() for node in each.texts])
    assert read is not page
    assert [each.text for each in read.rows() if each.text] == [f"第{place}个😀" for place in range(len(read.rows()))][
        : len([each for each in read.rows() if each.text])
    ]


@pytest.mark.parametrize("ways", [[40, -40] * 40, [290, -290] * 40, [7] * 80])
def test_a_screen_that_never_stands_is_unclear_and_not_touched(ways: list[int]) -> None:
    phone = PaperList([row("甲", f"太棒了{mark}") for mark in "😀😂👍🙏🚗😺🤔💯🔥🎉" * 4])
    journal = MemoryJournal()
    page = opened(phone, journal=journal)
    moving(phone, ways)
    with pytest.raises(FlowFailure, match="text_unclear"):
        find_comment(walk_to(page, ("甲", "太棒了👍")), ("甲", "太棒了👍"), 50)
    assert phone.taps == []
    assert journal.declared == []
    assert len(phone.reads) == READS


def test_a_comment_that_another_took_the_place_of_is_not_liked() -> None:
    phone = PaperList([row("甲", "太棒了😂"), row("乙", "好")])
    journal = MemoryJournal()
    target = ("甲", "太棒了😂")
    page = opened(phone, journal=journal)
    found = find_comment(walk_to(page, target), target, 50)
    assert found is not None
    phone.rows.insert(0, row("甲", "太棒了😀"))  # new ones come first, and push the others down
    action = Action(ActionKind.LIKE_COMMENT, "author", "title", *target)
    with pytest.raises(FlowFailure, match="page_not_reached"):
        acts.like_comment(page.app, page.app.see(CommentsPage), found, action)
    assert phone.taps == []
    assert journal.declared == []


def test_a_comment_in_a_list_that_moves_by_just_a_row_is_not_liked() -> None:
    phone = PaperList([row("甲", f"太棒了{mark}") for mark in "😀😂👍🙏🚗😺🤔💯🔥🎉" * 4])
    journal, target = MemoryJournal(), ("甲", "太棒了👍")
    page = opened(phone, journal=journal)
    found = find_comment(walk_to(page, target), target, 50)
    assert found is not None
    moving(phone, [300] * 30)
    action = Action(ActionKind.LIKE_COMMENT, "author", "title", *target)
    with pytest.raises(FlowFailure, match="page_not_reached"):
        acts.like_comment(page.app, page, found, action)
    assert phone.taps == []
    assert journal.declared == []


@pytest.mark.parametrize("bounds", ["", "[950,410][950,410]", "[1050,460][950,410]", "broken"])
def test_a_like_button_without_a_place_is_neither_declared_nor_tapped(bounds: str) -> None:
    phone = PaperList([row("甲", "太棒了😂"), row("乙", "好")])
    whole = phone._dump
    phone._dump = lambda: whole().replace("[950,410][1050,460]", bounds)  # type: ignore[method-assign]
    journal, target = MemoryJournal(), ("甲", "太棒了😂")
    page = opened(phone, journal=journal)
    found = find_comment(walk_to(page, target), target, 50)
    assert found is not None
    action = Action(ActionKind.LIKE_COMMENT, "author", "title", *target)
    with pytest.raises(FlowFailure, match="page_not_reached"):
        acts.like_comment(page.app, page, found, action)
    assert phone.taps == []
    assert journal.declared == []


def test_the_watch_is_asked_before_texts_are_read() -> None:
    phone, watch = PaperList([row("甲", "太棒了😀")]), MemoryWatch()
    page = opened(phone, watch)
    watch.stop = FlowFailure("time_limit", "over")
    with pytest.raises(FlowFailure, match="time_limit"):
        page.with_whole(lambda seen: seen.rows()[0].texts)
    assert phone.reads == []


def test_what_was_learned_of_a_phones_lists_is_kept_from_session_to_session() -> None:
    learned = Scrolls()
    looks = []
    for _ in range(2):
        phone = PaperList([row(f"甲{place}", f"好 {place}") for place in range(60)])
        session = _session(phone)
        session.scrolls = learned
        walk: Walk[CommentsPage, CommentRow] = Walk(App(session).see(CommentsPage))
        while walk.advance():
            pass
        assert len(walk.rows) == 60
        looks.append(phone.looks + phone.swipes)
    assert learned.steady
    assert looks[1] < looks[0]


class PaperPage(PaperList):
    """A page of a few nodes, whole in JSON and lossy in a dump."""

    def __init__(self, draw: Callable[[], str]) -> None:
        super().__init__([])
        self._draw_page = draw

    def _dump(self) -> str:
        return f"<hierarchy>{self._draw_page()}</hierarchy>"


def part(name: str, text: str = "", top: int = 0, inner: str = "") -> str:
    return (
        f'<node resource-id="{PACKAGE}:id/{name}" text="{text}" package="{PACKAGE}" bounds="[0,{top}][900,{top + 90}]">'
        f"{inner}</node>"
    )


def _session(phone: PaperList) -> Session:
    return Session(
        phone, load_profile(), "account", random.Random(1), MemoryJournal(), MemoryWatch(), pause=lambda seconds: None
    )


def feed(title: str) -> str:
    names = ("video_comment", "video_like", "page_feed")
    return part("video_author_id", "视频号ID：甲", 100) + part("video_title", title, 200) + "".join(map(part, names))


def test_the_feed_tells_videos_apart_by_an_emoji_alone() -> None:
    titles = ["好看😀", "好看😀", "好看😂", "好看.."]
    phone = PaperPage(lambda: feed(titles[0]))
    page = App(_session(phone)).see(FeedPage)
    phone.swipe = lambda start, end, seconds: titles.pop(0)  # type: ignore[assignment, method-assign]
    seen = []
    for _ in range(2):
        following = page.next()
        assert following is not None
        page = following
        seen.append(page.whole("title").title)
    assert seen == ["好看😂", "好看.."]


def test_an_author_is_found_by_an_id_with_emoji() -> None:
    ids = ["nemo..", "nemo😂", "nemo😀"]
    rows = "".join(
        part("result_item", "", 300 + 100 * place, part("result_id", f"视频号ID：{id_}", 300 + 100 * place))
        for place, id_ in enumerate(ids)
    )
    phone = PaperPage(lambda: part("page_search") + part("search_input") + part("search_button") + rows)
    page = App(_session(phone)).see(SearchPage)
    for place, id_ in enumerate(ids):
        found = page._with_ids(id_)._row(id_)
        assert found is not None
        assert found.bounds[1] == 300 + 100 * place
    assert page._with_ids("nemo👍")._row("nemo👍") is None


@pytest.mark.parametrize("text", ["a\x7fb", "半个\ud83d", "b\ufdd0", "c\x9f", "d\uffff"])
def test_a_text_that_no_phone_shows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no phone shows"):
        check_text(text)


@pytest.mark.parametrize("text", ["好😀", "👨‍👩‍👧‍👦", "..", "café", "a\x85b"])
def test_a_text_that_phones_show_is_taken(text: str) -> None:
    assert check_text(text) == text
