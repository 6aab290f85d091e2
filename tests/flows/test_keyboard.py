"""Flows while the keyboard and the system's bars are on the screen, at the wrong moment and with the wrong words."""

from __future__ import annotations

import pytest

from flows.app import App
from flows.failures import FlowFailure
from flows.home import TOUCHES, go_home
from flows.pages.tabs import to_feed, to_me, to_search
from phonesim.windows.keyboard import CANDIDATE_WORDS
from tests.flows.rig import PACKAGE, Rig
from tests.flows.test_directed import facts
from tests.flows.test_home import deep, freely, page, touches

ON_THE_WAY = ("tab_me", "tab_search", "search_button", "result_item", "video_item", "video_comment")


def typed(rig: Rig) -> bool:
    """Did anything reach a key? What was typed stands in a field or went into the world."""
    seen = rig.phone.look()
    fields = [seen.find(f"{PACKAGE}:id/{name}") for name in ("search_input", "comment_input", "reply_input")]
    return any(field.text in CANDIDATE_WORDS or field.text.isalpha() for field in fields if field and field.text)


def test_a_keyboard_at_every_wrong_moment_costs_nothing_but_a_back(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    plain = rig.run("collect_comments", author_id=author, title=video["title"], most=10)
    rig.phone.stop_app(PACKAGE)
    for on in ON_THE_WAY:
        rig.shelf.fault("keyboard", at="after_tap", on=on)
    again = rig.run("collect_comments", author_id=author, title=video["title"], most=10)
    assert [(row.commenter, row.text) for row in again.comments] == [
        (row.commenter, row.text) for row in plain.comments
    ]
    assert not any(phone["armed"] for phone in rig.shelf.get("/phones"))
    assert not rig.truth()


@pytest.mark.parametrize("on", ["tab_search", "search_button", "result_item", "video_item", "video_comment"])
def test_a_keyboard_that_comes_just_before_a_tap(rig: Rig, on: str) -> None:
    rig.phone.start_app(PACKAGE)
    rig.shelf.fault("keyboard", at="next_tap", on=on)
    author, video = rig.video(20, 40)
    assert rig.run("directed", kind="comment", author_id=author, title=video["title"], text="讲得清楚").verified
    assert facts(rig) == [("comment", rig.account, author, "", "讲得清楚")]


@pytest.mark.parametrize("moment", ["before", "after_tap"])
def test_a_comment_is_sent_once_with_the_keyboard_open(rig: Rig, moment: str) -> None:
    author, video = rig.video(20, 40)
    if moment == "before":
        rig.shelf.fault("keyboard", at="after_tap", on="video_comment")
    else:
        rig.shelf.fault("keyboard", at="after_tap", on="comment_send")
    assert rig.run("directed", kind="comment", author_id=author, title=video["title"], text="讲得清楚").verified
    assert facts(rig) == [("comment", rig.account, author, "", "讲得清楚")]


def test_a_popup_under_the_keyboard_after_an_act(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault("keyboard", at="after_tap", on="comment_send")
    rig.shelf.fault("popup", at="after_tap", on="comment_send")
    assert rig.run("directed", kind="comment", author_id=author, title=video["title"], text="讲得清楚").verified
    assert len(facts(rig)) == 1


def test_words_of_bar_and_keyboard_are_no_comments(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    plain = rig.run("collect_comments", author_id=author, title=video["title"], most=15)
    there = [(row.commenter, row.text) for row in plain.comments]
    alien = ["从未写过的评论", there[0][1], there[1][0], video["title"], "评论成功", "没有响应", "发送失败"]
    rig.shelf.fault("notifications", words=alien)
    rig.shelf.fault("keyboard", at="after_tap", on="video_comment", candidates=alien)
    result = rig.run("collect_comments", author_id=author, title=video["title"], most=15)
    assert [(row.commenter, row.text) for row in result.comments] == there
    assert len(there) == 15


def test_a_comment_that_stands_in_the_status_bar_alone_is_not_found(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    target = {"target_commenter": "没有这个人", "target_comment": "从未写过的评论"}
    rig.shelf.fault("notifications", words=[*target.values()])
    failure = rig.fails("directed", kind="like_comment", author_id=author, title=video["title"], **target)
    assert failure.code == "comment_not_found"
    assert not rig.truth()


def test_an_act_that_the_keyboard_took_is_not_called_done(rig: Rig) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault("keyboard", at="next_tap", on="comment_send")
    failure = rig.fails("directed", kind="comment", author_id=author, title=video["title"], text="没有发出去")
    assert failure.code == "outcome_unknown"
    assert len(rig.journal.open) == 1
    assert not rig.truth()


def test_back_from_the_deepest_page_with_the_keyboard_open(rig: Rig) -> None:
    app = deep(rig).app
    rig.shelf.fault("keyboard")
    rig.phone.calls.clear()
    assert go_home(app, freely)
    assert page(rig) == "feed"
    assert touches(rig) <= TOUCHES
    assert not typed(rig)


def test_a_field_that_a_person_left_open_is_no_way_into_the_launcher(rig: Rig) -> None:
    app = App(rig.session())
    search = to_search(app)
    rig.phone.tap(search.need("input"))
    assert to_me(app).name == "me"
    rig.shelf.fault("keyboard")
    assert to_feed(app).name == "feed"
    assert rig.shelf.get("/phones")[0]["app_foreground"]
    assert not typed(rig)


def test_what_the_keyboard_covers_is_refused_before_the_finger_moves(rig: Rig) -> None:
    app = App(rig.session())
    search = to_search(app)
    tab = search.need("tab_me")
    rig.phone.tap(search.need("input"))
    app.look()
    rig.phone.calls.clear()
    with pytest.raises(FlowFailure) as failed:
        app.tap(tab)
    assert (failed.value.code, failed.value.details["covered_by"]) == (
        "page_not_reached",
        "com.android.inputmethod.latin",
    )
    assert not rig.phone.calls
    assert not typed(rig)
