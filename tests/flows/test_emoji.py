"""Texts that a dump does not show whole, against a world whose every text holds emoji."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flows.action import Action, ActionKind
from flows.app import App
from flows.identify import read_account
from flows.verify import Seen, verify
from phonesim.world import Emoji, World
from tests.flows.rig import ACCOUNTS, SEED, Rig
from tests.support.shelf import AdbServer, Shelf

pytestmark = pytest.mark.kind_phone("the fixtures here have a shelf of their own, for emoji alone")

FAMILY = "👨‍👩‍👧‍👦"
ALIKE = ("太棒了😀", "太棒了😂", "太棒了👍")
WORDS = (
    "=讲得很清楚😀",
    f"{FAMILY}一家都说好",
    "🇨🇳🇨🇳",
    "👍🏽👍🏿",
    "真的..吗",
    "..😀..",
    "𠮷野家也行",
    "x" * 60 + "🚗" * 60,
)


@pytest.fixture(scope="module")
def shelf(adb: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A phone of a world of emoji."""
    truth = tmp_path_factory.mktemp("phonesim") / "truth.jsonl"
    with Shelf(adb, truth, phones=1, accounts=ACCOUNTS, emoji="every") as simulated:
        yield simulated


@pytest.fixture
def rig(shelf: Shelf) -> Iterator[Rig]:
    with Rig(shelf, Emoji.EVERY) as held:
        yield held
        shelf.heal()


def place(rig: Rig, skip: int = 0) -> dict[str, Any]:
    """A video with few comments, as parameters name it."""
    author, video = rig.video(5, 40, skip=skip)
    return {"author_id": author, "title": video["title"]}


def write(rig: Rig, where: dict[str, Any], *texts: str) -> None:
    """Our account comments so."""
    for text in texts:
        assert rig.run("directed", kind="comment", **where, text=text).verified


def test_the_world_is_one_of_emoji(rig: Rig) -> None:
    beyond = [max(author["name"]) > "\uffff" for author in rig.world["authors"]]
    beyond += [max(video["title"]) > "\uffff" for author in rig.world["authors"] for video in author["videos"]]
    assert all(beyond)
    assert max(rig.own_name) > "\uffff"


def test_the_account_is_read_whole(rig: Rig) -> None:
    account = read_account(App(rig.session()))
    assert (account.id, account.name) == (rig.account, rig.own_name)


@pytest.mark.parametrize("text", WORDS)
def test_a_comment_is_sent_and_seen_and_stored_whole(rig: Rig, text: str) -> None:
    where = place(rig, skip=1)
    result = rig.run("directed", kind="comment", **where, text=text)
    assert (result.verified, result.text, result.title) == (True, text, where["title"])
    assert [(fact["kind"], fact["text"], fact["title"]) for fact in rig.truth()] == [("comment", text, where["title"])]


def test_comments_that_differ_in_their_emoji_are_collected_whole(rig: Rig) -> None:
    where = place(rig)
    write(rig, where, *ALIKE)
    result = rig.run("collect_comments", **where)
    assert [comment.text for comment in result.comments[:3]] == list(reversed(ALIKE))
    assert {comment.commenter for comment in result.comments[:3]} == {rig.own_name}
    assert result.title == where["title"]
    assert max(result.author) > "\uffff"


@pytest.mark.parametrize("text", ALIKE)
def test_the_right_one_of_comments_alike_is_liked_and_answered(rig: Rig, text: str) -> None:
    where = place(rig, skip=2)
    write(rig, where, *ALIKE)
    rig.shelf.fault("other_account", account="acc0003")
    rig.account = "acc0003"
    target = where | {"target_commenter": rig.own_name, "target_comment": text}
    rig.run("directed", kind="like_comment", **target)
    assert rig.run("directed", kind="reply", **target, text=f"同意{FAMILY}").verified
    rig.account = "acc0001"
    done = [(fact["kind"], fact["target_comment"]) for fact in rig.truth() if fact["account"] == "acc0003"]
    assert done == [("like_comment", text), ("reply", text)]


def test_a_comment_that_only_looks_the_same_is_not_found(rig: Rig) -> None:
    where = place(rig, skip=3)
    write(rig, where, "太棒了😀", "太棒了😂")
    for target in ("太棒了👍", "太棒了..", "太棒了....", "太棒了"):
        failure = rig.fails(
            "directed", kind="like_comment", **where, target_commenter=rig.own_name, target_comment=target
        )
        assert failure.code == "comment_not_found"
    assert not rig.journal.happened(ActionKind.LIKE_COMMENT)


@pytest.mark.parametrize(
    ("text", "seen"),
    [("讲得好😀", Seen.HAPPENED), ("讲得好😂", Seen.NOT), ("讲得好..", Seen.NOT), ("讲得好👍🏽", Seen.NOT)],
)
def test_what_stands_there_is_told_from_what_only_looks_like_it(rig: Rig, text: str, seen: Seen) -> None:
    where = place(rig, skip=4)
    if seen is Seen.HAPPENED:
        write(rig, where, "讲得好😀")
    action = Action(ActionKind.COMMENT, where["author_id"], where["title"], text=text)
    assert verify(App(rig.session()), action, "", 0, 60, 60) is seen


def test_titles_are_collected_whole(rig: Rig) -> None:
    author = rig.world["authors"][0]
    result = rig.run("collect_titles", author_id=author["id"], count=12)
    assert [title.title for title in result.titles] == list(
        dict.fromkeys(video["title"] for video in author["videos"])
    )[:12]
    assert {title.author for title in result.titles} == {author["name"]}


def test_a_whole_list_is_collected_as_it_is(rig: Rig) -> None:
    author, video = rig.video(60, 150)
    result = rig.run("collect_comments", author_id=author, title=video["title"], most=60)
    written = [(comment.commenter, comment.text) for comment in rig.comments(video)][:60]
    assert [(comment.commenter, comment.text) for comment in result.comments] == written


def test_nurture_names_what_it_acts_on_whole(rig: Rig) -> None:
    texts = ("不错😀", "不错😂", f"{FAMILY}都爱看")
    rig.run("nurture", comments=2, video_likes=2, replies=2, video_loop=60, comment_loop=60, texts=texts)
    declared = [
        (action.kind.value, action.title, action.target_commenter, action.target_comment, action.text)
        for action in rig.journal.declared
    ]
    happened = [
        (fact["kind"], fact["title"], fact["target_commenter"], fact["target_comment"], fact["text"])
        for fact in rig.truth()
    ]
    assert declared == happened
    assert len(happened) == 6


def test_a_world_has_emoji_as_asked_for() -> None:
    def texts(emoji: Emoji) -> list[str]:
        world = World(SEED, 2, emoji=emoji)
        video = max(world.videos("xiaopeng"), key=lambda each: each.comments)
        comments = list(world.comments(video.id, "acc0001"))[:200]
        names = [account.name for account in world.accounts] + [author.name for author in world.authors]
        titles = [each.title for each in world.videos("xiaopeng")]
        replies = [reply.text for comment in comments for reply in world.replies(comment, "acc0001")]
        return names + titles + [part for each in comments for part in (each.commenter, each.text)] + replies

    none, some, every = (texts(emoji) for emoji in Emoji)
    assert not any(max(text) > "\uffff" for text in none)
    assert 0 < sum(max(text) > "\uffff" for text in some) < len(some)
    assert all(max(text) > "\uffff" for text in every)
    assert all(text.strip() for text in none + some + every)
