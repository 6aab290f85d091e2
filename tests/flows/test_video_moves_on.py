"""A video that ends between the look and the act, so that another one plays: nothing is done to the wrong one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from flows import acts
from flows.action import Action, ActionKind, ActionRefused
from flows.app import App
from flows.failures import FlowFailure
from flows.pages.feed import FeedPage
from flows.pages.tabs import to_feed
from tests.flows.rig import Rig
from tests.support.memory import MemoryJournal
from tests.support.shelf import Shelf

MOVES = "video_moves_on"
KINDS = ("comment", "like_comment", "reply")


@dataclass
class MovingJournal(MemoryJournal):
    """Each time that it is asked about an action, before it is declared, the phone's video moves on."""

    shelf: Shelf | None = None
    moves: int = 1
    asked: list[Action] = field(default_factory=list)

    def refusal(self, action: Action) -> ActionRefused | None:
        self.asked.append(action)
        if self.shelf is not None and self.moves > 0 and action not in self.declared:
            self.moves -= 1
            self.shelf.fault(MOVES)
        return super().refusal(action)


def acted_on(rig: Rig) -> list[tuple[str, str, str]]:
    return [(fact["kind"], fact["author_id"], fact["title"]) for fact in rig.truth()]


def declared(rig: Rig) -> list[tuple[str, str, str]]:
    return [(str(action.kind), action.author_id, action.title) for action in rig.journal.declared]


@pytest.mark.parametrize(
    "targets", [{"video_likes": 3}, {"comments": 3}, {"replies": 2}, {"video_likes": 2, "comments": 2, "replies": 2}]
)
def test_a_feed_that_moved_on_costs_nurture_that_video_and_nothing_else(rig: Rig, targets: dict[str, int]) -> None:
    rig.journal = MovingJournal(shelf=rig.shelf, moves=3)
    result = rig.run("nurture", video_loop=40, comment_loop=40, texts=("好", "赞", "学到了"), **targets)
    assert result.done.model_dump() == {"comments": 0, "video_likes": 0, "replies": 0} | targets
    assert sorted(acted_on(rig)) == sorted(declared(rig))
    assert len(rig.truth()) == sum(targets.values())
    assert result.skipped > 0 or "replies" in targets
    assert not rig.journal.open


@pytest.mark.parametrize("kind", KINDS)
def test_a_panel_of_the_next_video_is_not_written_to(rig: Rig, kind: str) -> None:
    author, video = rig.video(20, 40)
    rig.shelf.fault(MOVES, at="next_tap", on="video_comment")
    params: dict[str, Any] = {} if kind == "like_comment" else {"text": "讲得清楚"}
    if kind != "comment":
        target = rig.target(video)
        params |= {"target_commenter": target.commenter, "target_comment": target.text}
    failure = rig.fails("directed", kind=kind, author_id=author, title=video["title"], **params)
    # the next video has no such comment, as a rule; what could be written to it is not
    assert failure.code in ({"video_changed"} if kind == "comment" else {"video_changed", "comment_not_found"})
    assert rig.journal.declared == []
    assert rig.truth() == []


def test_a_panel_of_another_video_with_the_same_comment_is_not_liked(rig: Rig) -> None:
    page = to_feed(App(rig.session())).whole("author_id", "title")
    panel = page.open_comments().loaded()
    seen = panel.with_whole(lambda here: here.rows()[0].texts)
    row = next(it for it in seen.rows() if it.like_button is not None and it.told)
    wrong = Action(ActionKind.LIKE_COMMENT, page.author_id, "另一个标题", row.commenter or "", row.text or "")
    with pytest.raises(FlowFailure, match="video_changed"):
        acts.like_comment(page.app, seen, row, wrong)
    assert rig.journal.declared == []


@pytest.mark.parametrize("other", ["author", "title"])
def test_a_like_is_declared_for_the_video_on_the_screen_alone(rig: Rig, other: str) -> None:
    page: FeedPage = to_feed(App(rig.session())).whole("author_id", "title")
    author, title = page.identity
    wrong = Action(
        ActionKind.LIKE_VIDEO, "nobody" if other == "author" else author, title if other == "author" else "别的"
    )
    with pytest.raises(FlowFailure, match="video_changed") as failed:
        acts.like_video(page.app, page, wrong)
    assert failed.value.details["shown"] == [author, title]
    assert rig.journal.declared == []
    assert rig.truth() == []


def test_a_like_after_which_another_video_plays_is_not_taken_for_seen(rig: Rig) -> None:
    page = to_feed(App(rig.session())).whole("author_id", "title")
    following = page.next()
    assert following is not None
    following = following.whole("author_id", "title")
    acts.like_video(page.app, following, Action(ActionKind.LIKE_VIDEO, *following.identity))
    page.app.swipe((540, 600), (540, 1800), 0.3)  # back to the one before
    before = page.app.see(FeedPage).whole("author_id", "title")
    assert before.identity != following.identity
    rig.shelf.fault(MOVES, at="after_tap", on="video_like")
    with pytest.raises(FlowFailure, match="outcome_unknown"):
        acts.like_video(page.app, before, Action(ActionKind.LIKE_VIDEO, *before.identity))
    assert rig.journal.confirmed == {1: True}, "the next one is liked, and says nothing of this one"
    assert len(rig.journal.open) == 1
