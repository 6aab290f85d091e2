"""After a stop: from wherever a flow was stopped back to the feed, within bounds."""

from __future__ import annotations

import pytest

from flows.app import App
from flows.failures import Stopped
from flows.find import open_author
from flows.home import TOUCHES, go_home
from flows.pages.replies import RepliesPage
from tests.flows.rig import Rig

LOOKS = frozenset({"dumpWindowHierarchy"})


def freely() -> None:
    """The lease holds."""


def deep(rig: Rig) -> RepliesPage:
    """The deepest page there is, a text half written."""
    author, _ = rig.video(20, 40)
    app = App(rig.session())
    videos = open_author(app, author).loaded()
    row = next(row for row in videos.rows() if row.whole and row.shown > 0)
    panel = videos.open_video(row).open_comments().loaded()
    thread = panel.open_replies(next(row for row in panel.rows() if row.whole)).loaded()
    app.set_text(thread.input, "写了一半")
    return thread


def page(rig: Rig) -> str | None:
    profile = rig.session().profile
    return profile.page_of(rig.phone.look())


def touches(rig: Rig) -> int:
    return sum(call.method not in LOOKS for call in rig.phone.calls)


def test_from_the_deepest_page_to_the_feed_though_told_to_stop(rig: Rig) -> None:
    app = deep(rig).app
    rig.watch.stop = Stopped("stop")
    rig.phone.calls.clear()
    assert go_home(app, freely)
    assert page(rig) == "feed"
    assert touches(rig) <= TOUCHES
    assert not rig.truth()


@pytest.mark.parametrize("fault", ["popup", "app_crash", "system_dialog"])
def test_past_what_lies_over_the_app(rig: Rig, fault: str) -> None:
    app = deep(rig).app
    rig.shelf.fault(fault)
    rig.phone.calls.clear()
    assert go_home(app, freely)
    assert page(rig) == "feed"
    assert touches(rig) <= TOUCHES


def test_an_app_that_was_left_is_brought_to_the_front(rig: Rig) -> None:
    app = deep(rig).app
    app.press("home")
    assert go_home(app, freely)
    assert page(rig) == "feed"


def test_without_the_lease_nothing_is_touched(rig: Rig) -> None:
    app = deep(rig).app
    rig.phone.calls.clear()

    def lost() -> None:
        raise Stopped("the lease is lost")

    with pytest.raises(Stopped, match="the lease is lost"):
        go_home(app, lost)
    assert not rig.phone.calls


@pytest.mark.parametrize("fault", ["logged_out", "rate_limit", "verification"])
def test_a_page_that_only_a_person_may_answer_is_left_alone(rig: Rig, fault: str) -> None:
    app = deep(rig).app
    rig.shelf.fault(fault)
    rig.phone.calls.clear()
    assert not go_home(app, freely)
    assert touches(rig) == 0


def test_the_touches_are_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    app = deep(rig).app
    monkeypatch.setattr("flows.home.TOUCHES", 3)  # five are needed
    rig.phone.calls.clear()
    assert not go_home(app, freely)
    assert touches(rig) == 3
