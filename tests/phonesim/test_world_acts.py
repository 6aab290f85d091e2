"""What accounts do in the world, what the rules refuse, and what the truth log says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from phonesim.world import Actor, Comment, Gone, MayNotAct, World
from tests.phonesim.practice_hand import SEED, Clock, busy_video, truth_lines

ME, YOU = Actor("S1", "acc0001"), Actor("S2", "acc0002")
KEYS = [
    "seq",
    "at",
    "phone",
    "account",
    "kind",
    "author_id",
    "video_id",
    "title",
    "comment_id",
    "target_commenter",
    "target_comment",
    "text",
]


@pytest.fixture
def world() -> World:
    return World(SEED, accounts=4, clock=Clock())


@pytest.fixture
def video_id(world: World) -> str:
    return busy_video(world)


@pytest.fixture
def comment(world: World, video_id: str) -> Comment:
    return next(world.comments(video_id, ME.account_id))


ACTS: dict[str, Callable[[World, Comment], object]] = {
    "like_video": lambda world, comment: world.toggle_video_like(ME, comment.video_id),
    "like_comment": lambda world, comment: world.toggle_comment_like(ME, comment),
    "comment": lambda world, comment: world.write_comment(ME, comment.video_id, "你好"),
    "reply": lambda world, comment: world.write_reply(ME, comment, "你好"),
    "dislike_comment": lambda world, comment: world.dislike_comment(ME, comment),
    "report_comment": lambda world, comment: world.report_comment(ME, comment, "你好"),
}
ON_A_COMMENT = [kind for kind in ACTS if kind not in ("like_video", "comment")]


@pytest.mark.parametrize("kind", ACTS)
def test_every_act_is_in_the_truth_as_the_world_knows_it(world: World, comment: Comment, kind: str) -> None:
    ACTS[kind](world, comment)
    (entry,) = world.truth()
    video = world.video(comment.video_id)
    assert list(entry) == KEYS
    assert entry["seq"] == 1
    assert entry["at"] == world.now()
    assert (entry["phone"], entry["account"], entry["kind"]) == ("S1", "acc0001", kind)
    assert (entry["author_id"], entry["video_id"], entry["title"]) == (video.author_id, video.id, video.title)
    target = (comment.id, comment.commenter, comment.text) if kind in ON_A_COMMENT else None
    if target:
        assert (entry["comment_id"], entry["target_commenter"], entry["target_comment"]) == target
    else:
        assert (entry["target_commenter"], entry["target_comment"]) == ("", "")
    assert entry["text"] == ("你好" if kind in ("comment", "reply", "report_comment") else "")


@pytest.mark.parametrize("kind", ACTS)
@pytest.mark.parametrize("author", ["xiaopeng", None])
def test_a_forbidden_account_does_nothing(world: World, comment: Comment, kind: str, author: str | None) -> None:
    world.forbid("acc0001", author)
    with pytest.raises(MayNotAct):
        ACTS[kind](world, comment)
    assert world.truth() == []
    world.allow("acc0001", author)
    ACTS[kind](world, comment)
    assert len(world.truth()) == 1


def test_forbidden_on_one_author_may_act_on_others(world: World) -> None:
    world.forbid("acc0001", "xiaopeng")
    assert not world.may_act("acc0001", "xiaopeng")
    assert world.may_act("acc0001", "chenzhen")
    assert world.may_act("acc0002", "xiaopeng")


@pytest.mark.parametrize("kind", ON_A_COMMENT)
def test_nothing_happens_to_a_deleted_comment(world: World, comment: Comment, kind: str) -> None:
    video = world.video(comment.video_id)
    assert world.delete_comment(video.author_id, video.title, comment.commenter, comment.text)
    with pytest.raises(Gone):
        ACTS[kind](world, comment)
    assert world.truth() == []


def test_a_deleted_comment_takes_its_thread_out_of_the_count(world: World, video_id: str) -> None:
    comment = next(c for c in world.comments(video_id, "acc0001") if c.replies)
    world.write_reply(ME, comment, "同意")
    before = world.shown_count(video_id, "acc0001")
    video = world.video(video_id)
    assert world.delete_comment(video.author_id, video.title, comment.commenter, comment.text)
    assert world.shown_count(video_id, "acc0001") == before - comment.replies - 2
    assert comment.id not in [c.id for c in world.comments(video_id, "acc0001")]


def test_a_written_comment_can_be_deleted_and_an_unknown_one_cannot(world: World, video_id: str) -> None:
    written = world.write_comment(ME, video_id, "只此一条")
    video = world.video(video_id)
    assert not world.delete_comment(video.author_id, video.title, written.commenter, "别的")
    assert not world.delete_comment(video.author_id, "没有这个标题", written.commenter, written.text)
    assert world.delete_comment(video.author_id, video.title, written.commenter, written.text)
    assert not world.delete_comment(video.author_id, video.title, written.commenter, written.text)
    assert world.shown_count(video_id, "acc0001") == world.shown_count(video_id, "acc0002")


@pytest.mark.parametrize("what", ["video", "comment"])
def test_a_second_like_takes_the_first_back(world: World, comment: Comment, what: str) -> None:
    kind = f"like_{what}"
    thing = comment if what == "comment" else world.video(comment.video_id)
    before = world.like_count(thing)
    assert ACTS[kind](world, comment) is True
    assert world.likes_it("acc0001", thing.id)
    assert not world.likes_it("acc0002", thing.id)
    assert world.like_count(thing) == before + 1
    assert ACTS[kind](world, comment) is False
    assert world.like_count(thing) == before
    assert [entry["kind"] for entry in world.truth()] == [kind, f"un{kind}"]


def test_new_comments_stand_first_and_new_replies_last(world: World, video_id: str, comment: Comment) -> None:
    shown = world.shown_count(video_id, "acc0003")
    first, second = world.write_comment(ME, video_id, "一"), world.write_comment(YOU, video_id, "二")
    reply = world.write_reply(ME, comment, "三")
    ids = [c.id for c in world.comments(video_id, "acc0003")]
    assert ids[:3] == [second.id, first.id, comment.id]
    assert list(world.replies(comment, "acc0003"))[-1] == reply
    assert world.reply_count(comment, "acc0003") == comment.replies + 1
    assert world.shown_count(video_id, "acc0003") == shown + 3


def test_what_a_moderated_account_wrote_it_alone_sees(world: World, video_id: str, comment: Comment) -> None:
    early = world.write_comment(ME, video_id, "早")
    world.moderate("acc0001")
    late = world.write_comment(ME, video_id, "晚")
    world.write_reply(ME, comment, "回")
    mine = [c.id for c in world.comments(video_id, "acc0001")]
    assert mine[:2] == [late.id, early.id]
    assert not {early.id, late.id} & {c.id for c in world.comments(video_id, "acc0002")}
    assert world.reply_count(comment, "acc0001") == world.reply_count(comment, "acc0002") + 1
    assert world.shown_count(video_id, "acc0001") == world.shown_count(video_id, "acc0002") + 3
    assert len(world.truth()) == 3


def test_doing_a_thing_twice_is_two_entries(world: World, video_id: str) -> None:
    for _ in range(2):
        world.write_comment(ME, video_id, "重复")
    entries = world.truth()
    assert [entry["seq"] for entry in entries] == [1, 2]
    assert entries[0]["comment_id"] != entries[1]["comment_id"]


def test_the_truth_file_says_what_the_memory_says_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "truth.jsonl"
    path.parent.mkdir()
    path.write_text("an old world's line\n", encoding="utf-8")
    world = World(SEED, accounts=1, truth_path=path, clock=Clock())
    world.write_comment(ME, busy_video(world), "换行\n和😂")
    assert [json.loads(line) for line in truth_lines(path)] == world.truth()
    world.close()


def test_the_truth_given_out_cannot_be_changed_by_who_got_it(world: World, video_id: str) -> None:
    world.toggle_video_like(ME, video_id)
    world.truth()[0]["kind"] = "comment"
    assert world.truth()[0]["kind"] == "like_video"


@pytest.mark.parametrize("call", ["forbid", "moderate"])
def test_unknown_accounts_are_refused(world: World, call: str) -> None:
    with pytest.raises(KeyError):
        getattr(world, call)("acc9999")
