"""What stands in a flow's way on a phone, and which failure it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from flows.app import RESTARTS, App
from flows.identify import check_account, read_account
from flows.pages.feed import FeedPage
from flows.pages.tabs import to_feed, to_me, to_search
from tests.flows.rig import PACKAGE, Rig


def collect(rig: Rig) -> dict[str, Any]:
    author, video = rig.video(20, 40)
    return {"author_id": author, "title": video["title"], "most": 10}


@pytest.mark.parametrize(
    ("fault", "code", "kind", "culprit"),
    [
        ("logged_out", "logged_out", "other_phone", "account"),
        ("rate_limit", "rate_limited", "other_phone", "account"),
        ("verification", "verification_asked", "other_phone", "account"),
        ("page_drift", "page_drift", "other_phone", "app"),
        ("network_down", "list_not_loaded", "retry_here", "network"),
    ],
)
def test_a_fault_becomes_its_failure(rig: Rig, fault: str, code: str, kind: str, culprit: str) -> None:
    rig.shelf.fault(fault)
    failure = rig.fails("collect_comments", **collect(rig))
    assert (failure.code, failure.kind, failure.culprit) == (code, kind, culprit)
    assert failure.remedy


def test_a_barriers_failure_says_what_the_app_says(rig: Rig) -> None:
    rig.shelf.fault("rate_limit")
    assert rig.fails("collect_comments", **collect(rig)).reason == "操作过于频繁，请稍后再试"


def test_another_account_is_named(rig: Rig) -> None:
    rig.shelf.fault("other_account")
    failure = rig.fails("nurture", video_loop=5, video_likes=1)
    assert failure.code == "wrong_account"
    assert failure.details["account_id"] not in ("", rig.account)
    assert not rig.truth()


def test_the_account_is_read_from_the_app(rig: Rig) -> None:
    account = check_account(App(rig.session()))
    assert (account.id, account.name) == (rig.account, rig.own_name)


def test_a_popup_is_closed_on_the_way(rig: Rig) -> None:
    for on in ("tab_me", "video_item", "video_comment"):
        rig.shelf.fault("popup", at="next_tap", on=on)
    assert len(rig.run("collect_comments", **collect(rig)).comments) == 10


@pytest.mark.parametrize("on", ["tab_search", "result_item", "video_item", "video_comment"])
def test_a_crash_is_gone_through(rig: Rig, on: str) -> None:
    rig.phone.start_app(PACKAGE)
    rig.shelf.fault("app_crash", at="after_tap", on=on)
    assert len(rig.run("collect_comments", **collect(rig)).comments) == 10


def test_an_app_that_goes_on_crashing_fails_within_bounds(rig: Rig) -> None:
    rig.phone.start_app(PACKAGE)
    places = ("tab_search", "search_button", "result_item", "video_item")
    for on in places:
        rig.shelf.fault("app_crash", at="after_tap", on=on)
    failure = rig.fails("collect_comments", **collect(rig))
    assert (failure.code, failure.kind) == ("app_crashed", "retry_here")
    assert failure.details["times"] == RESTARTS + 1
    left = {armed["on"] for phone in rig.shelf.get("/phones") for armed in phone["armed"]}
    assert left == set(places[RESTARTS + 1 :])


def test_an_app_that_does_not_respond_is_waited_for(rig: Rig) -> None:
    rig.phone.start_app(PACKAGE)
    rig.shelf.fault("system_dialog")
    assert read_account(App(rig.session())).id == rig.account


def test_from_anywhere_to_the_tabs(rig: Rig) -> None:
    author, _ = rig.video(20, 40)
    app = App(rig.session())
    first = next(iter(to_search(app).open_author(author).loaded().rows()))
    page = to_search(app).open_author(author).loaded().open_video(first).open_comments().loaded()
    thread = page.open_replies(next(row for row in page.rows() if row.whole))
    assert thread.parent[0]
    assert to_me(app).account_id == rig.account
    assert to_feed(app).identity
    assert to_search(app).part("tab_me")


def test_the_app_is_started_when_it_is_not_in_front(rig: Rig) -> None:
    app = App(rig.session())
    to_feed(app)
    app.press("home")
    assert to_me(app).account_id == rig.account


def test_an_app_that_was_left_on_a_deep_page_is_gone_on_with(rig: Rig) -> None:
    author, _ = rig.video(20, 40)
    app = App(rig.session())
    row = next(iter(to_search(app).open_author(author).loaded().rows()))
    to_search(app).open_author(author).loaded().open_video(row).open_comments()
    app.press("home")
    assert to_me(app).account_id == rig.account


def test_the_feed_turns_one_video_at_a_time(rig: Rig) -> None:
    page: FeedPage | None = to_feed(App(rig.session()))
    seen = []
    for _ in range(5):
        assert page is not None
        seen.append(page.identity)
        page = page.next()
    assert len(set(seen)) == 5


def test_the_watch_is_asked_before_every_touch(rig: Rig) -> None:
    rig.run("collect_comments", **collect(rig))
    questions = [call for call in rig.phone.calls if call.method.startswith("shell cmd package resolve-activity")]
    assert rig.watch.checks >= len(rig.phone.calls) - len(questions) - 1
