"""Directed work drawn at random: within the caps, from the seed, on targets that can be told apart."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.responsible_use.caps import Caps
from workers.campaigns.draw import Comment, Drawn, Used, draw, room_of
from workers.planting.stage_params import DirectedRequest

COMMENTS = st.lists(
    st.builds(
        Comment,
        author_id=st.sampled_from(["x", "y"]),
        title=st.sampled_from(["一", "二", "三"]),
        commenter=st.sampled_from(["红", "明", "", "abc", "ABC"]),
        text=st.sampled_from(["好", "好 ", "😀", "😂", ""]),
    ),
    max_size=50,
)
WORK = st.builds(
    DirectedRequest,
    comment=st.integers(0, 20),
    reply=st.integers(0, 20),
    like_comment=st.integers(0, 40),
    comment_texts=st.sampled_from([(), ("支持",), ("支持", "不错")]),
    reply_texts=st.sampled_from([(), ("同意",)]),
)
CAPS = st.builds(Caps, replies_per_comment=st.integers(0, 3), likes_per_comment=st.integers(0, 4))


def target(task: dict[str, Any]) -> Comment:
    return Comment(task["author_id"], task["title"], task["target_commenter"], task["target_comment"])


def of_kind(drawn: Drawn, kind: str) -> list[dict[str, Any]]:
    return [task for task in drawn.tasks if task["kind"] == kind]


@given(found=COMMENTS, work=WORK, caps=CAPS, seed=st.integers(0, 99), spent=st.lists(st.integers(0, 3), max_size=9))
def test_within_the_caps_and_never_an_ambiguous_target(
    found: list[Comment], work: DirectedRequest, caps: Caps, seed: int, spent: list[int]
) -> None:
    used = Used(
        {one.key: count for one, count in zip(found, spent, strict=False)},
        {one.key: count for one, count in zip(found[::-1], spent, strict=False)},
    )
    drawn = draw(found, work, caps, used, seed=seed)
    for kind, before, most in (
        ("reply", used.replies, caps.replies_per_comment),
        ("like_comment", used.likes, caps.likes_per_comment),
    ):
        targets = Counter(target(task) for task in of_kind(drawn, kind))
        for one, times in targets.items():
            assert found.count(one) == 1, "told apart from all others"
            assert one.commenter
            assert one.text
            assert before.get(one.key, 0) + times <= most
    assert drawn.drawn == {kind: len(of_kind(drawn, kind)) for kind in ("comment", "reply", "like_comment")}
    assert all(drawn.drawn[kind] <= drawn.asked[kind] for kind in drawn.asked)
    assert {task["text"] for task in of_kind(drawn, "comment")} <= set(work.comment_texts)
    assert {task["text"] for task in of_kind(drawn, "reply")} <= set(work.reply_texts)
    assert draw(found, work, caps, used, seed=seed) == drawn


def material(videos: int = 3, comments: int = 10) -> list[Comment]:
    return [Comment("x", f"标题{at}", f"人{n}", f"话{n}") for at in range(videos) for n in range(comments)]


def test_all_that_is_asked_is_drawn_when_the_material_holds_it_evenly_over_the_videos() -> None:
    work = DirectedRequest(
        comment=6, reply=9, like_comment=30, comment_texts=("支持", "不错"), reply_texts=("同意", "是", "对")
    )
    drawn = draw(material(), work, Caps(), Used(), seed=1)
    assert drawn.drawn == drawn.asked == {"comment": 6, "reply": 9, "like_comment": 30}
    for kind, each in (("comment", 2), ("reply", 3), ("like_comment", 10)):
        assert set(Counter(task["title"] for task in of_kind(drawn, kind)).values()) == {each}


def test_likes_share_a_comment_only_when_all_had_one() -> None:
    drawn = draw(material(1, 4), DirectedRequest(like_comment=6), Caps(), Used(), seed=1)
    assert sorted(Counter(map(target, of_kind(drawn, "like_comment"))).values()) == [1, 1, 2, 2]


def test_what_the_material_does_not_hold_is_counted() -> None:
    work = DirectedRequest(
        comment=1, reply=50, like_comment=50, comment_texts=("支持",), reply_texts=tuple("一二三四五")
    )
    drawn = draw(material(1, 4), work, Caps(), Used(), seed=1)
    assert drawn.drawn == {"comment": 1, "reply": 4, "like_comment": 12}
    assert draw([], work, Caps(), Used(), seed=1).tasks == ()


def test_another_seed_draws_otherwise() -> None:
    work = DirectedRequest(like_comment=5)
    drawn = {str(draw(material(), work, Caps(), Used(), seed=seed).tasks) for seed in range(8)}
    assert len(drawn) > 1


def test_loops_are_handed_on_only_when_given() -> None:
    (bare,) = draw(material(1, 1), DirectedRequest(like_comment=1), Caps(), Used(), seed=1).tasks
    assert "video_loop" not in bare
    work = DirectedRequest(like_comment=1, video_loop=7, comment_loop=9)
    (looped,) = draw(material(1, 1), work, Caps(), Used(), seed=1).tasks
    assert (looped["video_loop"], looped["comment_loop"]) == (7, 9)


@pytest.mark.parametrize("work", [{"comment": -1}, {"reply": 10_001}, {"lik_comment": 1}])
def test_work_that_cannot_be_asked_for(work: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(work))):
        DirectedRequest.model_validate(work)


@given(found=COMMENTS, work=WORK, seed=st.integers(0, 99), posted=st.sets(st.sampled_from(["支持", "同意"])))
def test_no_text_is_drawn_twice_for_one_video_nor_one_that_stands_there(
    found: list[Comment], work: DirectedRequest, seed: int, posted: set[str]
) -> None:
    drawn = draw(found, work, Caps(), Used(texts={("x", "一"): posted}), seed=seed)
    texts = Counter((task["author_id"], task["title"], task["text"]) for task in drawn.tasks if "text" in task)
    assert all(times == 1 for times in texts.values())
    assert not {("x", "一", text) for text in posted} & set(texts)


POSTED = st.dictionaries(
    st.sampled_from([("x", f"标题{at}") for at in range(4)]),
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3), max_size=4),
    max_size=4,
)


@given(
    wanted=st.integers(0, 40),
    posted=POSTED,
    most=st.integers(0, 6),
    each=st.integers(0, 2),
    accounts=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5), max_size=6),
    seed=st.integers(0, 9),
)
def test_no_more_comments_are_drawn_than_the_video_and_its_accounts_have_room_for(
    wanted: int,
    posted: dict[tuple[str, str], dict[str, int]],
    most: int,
    each: int,
    accounts: dict[str, int],
    seed: int,
) -> None:
    caps = Caps(comments_per_video=most, comments_per_account_video=each)
    found = material(4, 2)
    acted = {video: set(counts) for video, counts in posted.items()}
    room = room_of({one.video for one in found}, accounts, acted, caps, posted)
    work = DirectedRequest(comment=wanted, comment_texts=tuple(f"话{n}" for n in range(40)))
    drawn = draw(found, work, caps, Used(comments=posted), seed=seed, room=room)
    for (author, title), count in Counter((task["author_id"], task["title"]) for task in drawn.tasks).items():
        before = posted.get((author, title), {})
        assert sum(before.values()) + count <= most
        if accounts:
            assert count <= sum(max(0, each - before.get(one, 0)) for one in accounts)


def test_comments_take_the_videos_in_turn_and_pass_over_full_ones() -> None:
    work = DirectedRequest(comment=20, comment_texts=tuple(f"话{n}" for n in range(20)))
    used = Used(comments={("x", "标题0"): {"a": 2, "b": 3}, ("x", "标题1"): {"a": 3}})
    drawn = draw(material(3), work, Caps(), used, seed=1)
    assert Counter(task["title"] for task in drawn.tasks) == {"标题1": 2, "标题2": 5}
    assert drawn.asked["comment"] == 20


def test_texts_are_all_used_before_one_comes_again_and_none_in_succession() -> None:
    texts = tuple("甲乙丙丁戊")
    work = DirectedRequest(comment=25, comment_texts=texts)
    for seed in range(20):
        dealt = [task["text"] for task in draw(material(10, 1), work, Caps(), Used(), seed=seed).tasks]
        assert len(dealt) == 25
        assert max(Counter(dealt).values()) - min(Counter(dealt).values()) <= 2
        assert all(one != after for one, after in itertools.pairwise(dealt))


def test_too_few_texts_are_counted_and_none_is_repeated() -> None:
    work = DirectedRequest(comment=6, reply=6, comment_texts=("支持",), reply_texts=("支持", "同意"))
    drawn = draw(material(2, 9), work, Caps(), Used(), seed=3)
    assert drawn.asked == {"comment": 6, "reply": 6, "like_comment": 0}
    assert sum(drawn.drawn.values()) == 4, "two texts on each of two videos"


def test_options_are_handed_on() -> None:
    work = DirectedRequest(queue="phone.p1", priority=3, time_limit=60)
    assert work.options() == {"queue": "phone.p1", "priority": 3, "time_limit": 60}
    assert DirectedRequest().options() == {}
