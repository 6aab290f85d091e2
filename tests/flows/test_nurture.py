"""nurture against the simulated app: targets, making up, bounds, and what a second attempt does."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from flows.action import Action, ActionKind
from flows.failures import FlowFailure
from flows.nurture import Nurture
from flows.specs.nurture import NurtureParams
from tests.flows.rig import Rig

STANDARD: dict[str, Any] = {
    "comments": 5, "video_likes": 10, "replies": 5, "video_loop": 80, "comment_loop": 100,
    "texts": ("学到了", "收藏了慢慢看", "讲得真清楚😀"),
}  # fmt: skip


def kinds(rig: Rig) -> Counter[str]:
    return Counter(fact["kind"] for fact in rig.truth())


def test_the_targets_are_reached_and_the_world_says_the_same(rig: Rig) -> None:
    result = rig.run("nurture", **STANDARD)
    assert result.done.model_dump() == {"comments": 5, "video_likes": 10, "replies": 5}
    assert kinds(rig) == {"comment": 5, "like_video": 10, "reply": 5}
    assert result.videos_seen <= 80
    assert result.comments_seen <= 100
    assert all(rig.journal.confirmed.values())
    assert {fact["text"] for fact in rig.truth()} <= {"", *STANDARD["texts"]}
    assert not rig.journal.open


def test_acts_lie_at_places_drawn_from_the_seed(rig: Rig) -> None:
    places = []
    for seed in (7, 8):
        params = NurtureParams(video_likes=4, video_loop=80)
        places.append(Nurture().run(rig.session(seed), params).videos_seen)
    assert places[0] != places[1]


def test_videos_of_authors_without_a_basis_are_skipped_and_made_up_for(rig: Rig) -> None:
    authors = [author["id"] for author in rig.world["authors"]]
    rig.journal.without_basis = set(authors[::2])
    result = rig.run("nurture", **STANDARD | {"video_loop": 200, "comment_loop": 400})
    assert result.done.video_likes == 10
    assert result.skipped > 0
    assert not {fact["author_id"] for fact in rig.truth()} & rig.journal.without_basis


def test_authors_on_whom_the_account_may_not_act_are_skipped_and_made_up_for(rig: Rig) -> None:
    forbidden = [author["id"] for author in rig.world["authors"]][::2]
    for author in forbidden:
        rig.shelf.post("/world/forbid", account=rig.account, author_id=author)
    try:
        result = rig.run("nurture", **STANDARD | {"video_loop": 200, "comment_loop": 400})
    finally:
        for author in forbidden:
            rig.shelf.post("/world/allow", account=rig.account, author_id=author)
    assert result.done.comments == 5
    assert result.skipped > 0
    assert not {fact["author_id"] for fact in rig.truth()} & set(forbidden)


def test_loops_used_up_first_say_what_was_asked_and_done(rig: Rig) -> None:
    rig.journal.cap = 3
    failure = rig.fails("nurture", **STANDARD | {"video_loop": 20})
    assert (failure.code, failure.kind) == ("targets_not_reached", "fatal")
    assert failure.details["asked"] == {"comments": 5, "video_likes": 10, "replies": 5}
    assert sum(failure.details["done"].values()) == 3 == len(rig.truth())
    assert failure.details["videos_seen"] == 20
    assert "cap_reached" in failure.reason


def test_an_account_that_may_act_nowhere_reaches_nothing(rig: Rig) -> None:
    rig.shelf.fault("may_not_act")
    failure = rig.fails("nurture", **STANDARD | {"video_loop": 12})
    assert failure.details["done"] == {"comments": 0, "video_likes": 0, "replies": 0}
    assert failure.details["skipped"] > 0
    assert not rig.truth()


@pytest.mark.kind_phone("on a rough one the third of the three comments is a sticker, which nobody replies to")
def test_the_comment_loop_bounds_the_comments_looked_at(rig: Rig) -> None:
    result = rig.run("nurture", replies=3, video_loop=60, comment_loop=3, texts=("好", "赞"))
    assert result.done.replies == 3
    assert result.comments_seen == 3


def test_a_further_attempt_does_only_what_is_missing(rig: Rig) -> None:
    rig.journal.earlier = [Action(ActionKind.LIKE_VIDEO, "x", str(number)) for number in range(8)]
    rig.journal.earlier += [Action(ActionKind.COMMENT, "x", str(number), text="好") for number in range(5)]
    result = rig.run("nurture", **STANDARD)
    assert result.done.model_dump() == {"comments": 5, "video_likes": 10, "replies": 5}
    assert kinds(rig) == {"like_video": 2, "reply": 5}


def test_texts_are_dealt_like_cards_and_none_twice_on_one_video(rig: Rig) -> None:
    result = rig.run("nurture", **STANDARD)
    assert result.done.comments == 5
    posted = [action for action in rig.journal.declared if action.text]
    assert len(posted) == 10
    assert all(one.text != after.text for one, after in itertools.pairwise(posted)), "none twice in a row"
    on_video = Counter((action.author_id, action.title, action.text) for action in posted)
    assert set(on_video.values()) == {1}
    times = Counter(action.text for action in posted)
    assert set(times) == set(STANDARD["texts"])
    assert max(times.values()) - min(times.values()) <= 2


def test_a_text_that_the_ledger_knows_on_a_video_is_changed_for_another(rig: Rig) -> None:
    rig.journal.posted_before = {"学到了"}
    result = rig.run("nurture", **STANDARD)
    assert result.done.comments == 5
    assert "学到了" not in {fact["text"] for fact in rig.truth()}


def test_nothing_is_done_twice_to_the_same_thing(rig: Rig) -> None:
    rig.run("nurture", **STANDARD)
    done = [(fact["kind"], fact["video_id"], fact["comment_id"]) for fact in rig.truth() if fact["kind"] != "comment"]
    assert len(done) == len(set(done))


def test_without_targets_it_only_looks(rig: Rig) -> None:
    result = rig.run("nurture", video_loop=9)
    assert result.videos_seen == 9
    assert not rig.truth()


def test_a_crash_on_the_way_is_gone_through(rig: Rig) -> None:
    rig.shelf.fault("app_crash", at="after_tap", on="video_comment")
    result = rig.run("nurture", **STANDARD)
    assert result.done.comments == 5
    assert kinds(rig) == {"comment": 5, "like_video": 10, "reply": 5}


def test_an_unknown_outcome_ends_the_session(rig: Rig) -> None:
    rig.shelf.fault("app_crash", at="after_tap", on="video_like")
    with pytest.raises(FlowFailure, match="outcome_unknown"):
        rig.run("nurture", **STANDARD)
    assert len(rig.journal.open) == 1


def test_rows_are_those_of_the_result_sheet(rig: Rig) -> None:
    (row,) = rig.rows("nurture", video_loop=3)
    assert row["videos_seen"] == 3
    assert row["asked_comments"] == 0
