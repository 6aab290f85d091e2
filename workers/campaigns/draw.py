"""Draws directed tasks at random, from a seed, from the collected comments and within the caps. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from flows.texts import Deck
from models.database.content_key import content_key
from models.responsible_use.caps import Caps
from workers.planting.stage_params import DirectedRequest

KINDS = ("comment", "reply", "like_comment")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that may be a target: author, title, commenter and text."""

    author_id: str
    title: str
    commenter: str
    text: str

    @property
    def video(self) -> tuple[str, str]:
        return self.author_id, self.title

    @property
    def key(self) -> str:
        return content_key(self.author_id, self.title, self.commenter, self.text)


@dataclass(frozen=True, slots=True)
class Used:
    """The fleet's earlier actions: the numbers of replies and likes of each comment, by key; each video's texts.

    `comments`: each video's comments, as account → number. `drawn`: the campaign's own actions on each
    author's content.
    """

    replies: Mapping[str, int] = field(default_factory=dict)
    likes: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[tuple[str, str], Set[str]] = field(default_factory=dict)
    comments: Mapping[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)
    drawn: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Room:
    """How many more actions the caps leave: on all videos together, and on each. Drawing uses it up.

    `comments`: of those on a video, how many may be comments of accounts that have one left there.
    """

    actions: int
    on_video: dict[tuple[str, str], int]
    comments: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def has(self, video: tuple[str, str]) -> bool:
        """Returns whether one more action fits there."""
        return self.actions > 0 and self.on_video[video] > 0

    def take(self, video: tuple[str, str]) -> None:
        """Uses up one action."""
        self.actions -= 1
        self.on_video[video] -= 1


def room_of(
    videos: Iterable[tuple[str, str]],
    accounts: Mapping[str, int],
    acted: Mapping[tuple[str, str], Set[str]],
    caps: Caps,
    commented: Mapping[tuple[str, str], Mapping[str, int]] = MappingProxyType({}),
) -> Room:
    """Returns the room that the caps leave.

    `accounts` are those that may act, each with the actions that it has left today; none: they are not known yet, and
    a video's own bound counts alone. `acted` are those that acted on a video, `commented` the numbers of their comments
    there.
    """
    videos = list(videos)
    if not accounts:
        places = dict.fromkeys(videos, caps.accounts_per_video * caps.actions_per_account_day)
        return Room(
            sum(places.values()),
            places,
            dict.fromkeys(videos, caps.accounts_per_video * caps.comments_per_account_video),
        )
    most_first = sorted(accounts.items(), key=lambda one: -one[1])
    on_video: dict[tuple[str, str], int] = {}
    comments: dict[tuple[str, str], int] = {}
    for video in videos:
        there = acted.get(video, frozenset())
        new = max(0, caps.accounts_per_video - len(there))
        others = [left for account, left in most_first if account not in there]
        on_video[video] = sum(islice(others, new)) + sum(accounts.get(one, 0) for one in there)
        each, posted = caps.comments_per_account_video, commented.get(video, {})
        of_new = sum(min(each, left) for left in islice(others, new))
        comments[video] = of_new + sum(min(max(0, each - posted.get(one, 0)), accounts.get(one, 0)) for one in there)
    return Room(sum(accounts.values()), on_video, comments)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The parameters of the directed tasks, and by kind the numbers asked for and drawn."""

    tasks: tuple[dict[str, Any], ...]
    asked: dict[str, int]
    drawn: dict[str, int]


def draw(
    found: Sequence[Comment],
    work: DirectedRequest,
    caps: Caps,
    used: Used,
    *,
    seed: int,
    room: Room | None = None,
    each_once: bool = False,
) -> Drawn:
    """Spreads the work evenly over the videos. Work beyond the collected comments or the caps is left out and counted.

    `room` is what the caps leave to the accounts; without it accounts do not bound the draw. `each_once`: one account
    does it all, and likes no comment twice. Comments with the same commenter and text under one title cannot be
    distinguished, and are no targets.
    """
    rng = random.Random(seed)
    targets = _unique(found)
    by_video: dict[tuple[str, str], list[Comment]] = {}
    for comment in targets:
        by_video.setdefault(comment.video, []).append(comment)
    videos = list(by_video)
    rng.shuffle(videos)
    for comments in by_video.values():
        rng.shuffle(comments)
    loops = {"video_loop": work.video_loop, "comment_loop": work.comment_loop}
    common = {name: value for name, value in loops.items() if value is not None}
    # Replies first: a comment takes only one reply, but several likes.
    replies = _slots(by_video, videos, used.replies, caps.replies_per_comment, work.reply, each_once=each_once)
    likes = _slots(by_video, videos, used.likes, caps.likes_per_comment, work.like_comment, each_once=each_once)
    places = {video: _comment_places(video, caps, used, room) for video in videos}
    tasks = [
        *(
            {"kind": "comment", "author_id": author, "title": title}
            for author, title in _again(videos, places, work.comment)
        ),
        *(_target("reply", one) for one in replies),
        *(_target("like_comment", one) for one in likes),
    ]
    rng.shuffle(tasks)
    tasks = [{**task, **common} for task in _with_texts(tasks, work, used, rng, room)]
    asked = {kind: getattr(work, kind) for kind in KINDS}
    drawn = {kind: sum(1 for task in tasks if task["kind"] == kind) for kind in asked}
    return Drawn(tuple(tasks), asked, drawn)


def _unique(found: Sequence[Comment]) -> list[Comment]:
    seen: dict[Comment, int] = {}
    for comment in found:
        seen[comment] = seen.get(comment, 0) + 1
    return [comment for comment, times in seen.items() if times == 1 and comment.commenter and comment.text]


def _slots(
    by_video: Mapping[tuple[str, str], Sequence[Comment]],
    videos: Sequence[tuple[str, str]],
    used: Mapping[str, int],
    most: int,
    wanted: int,
    *,
    each_once: bool,
) -> list[Comment]:
    """Returns comments with room under the cap, taking the videos in turn; a comment again only after all others."""
    chosen: list[Comment] = []
    for level in range(min(most, 1) if each_once else most):
        places = {video: [one for one in by_video[video] if used.get(one.key, 0) + level < most] for video in videos}
        for comment in _in_turn([places[video] for video in videos]):
            if len(chosen) == wanted:
                return chosen
            chosen.append(comment)
    return chosen


def _in_turn(lists: Sequence[Sequence[Comment]]) -> Iterator[Comment]:
    for index in range(max((len(one) for one in lists), default=0)):
        for one in lists:
            if index < len(one):
                yield one[index]


def _comment_places(video: tuple[str, str], caps: Caps, used: Used, room: Room | None) -> int:
    """Returns how many more comments fit on a video."""
    left = max(0, caps.comments_per_video - sum(used.comments.get(video, {}).values()))
    return left if room is None else min(left, room.comments.get(video, left))


def _again(
    videos: Sequence[tuple[str, str]], places: Mapping[tuple[str, str], int], wanted: int
) -> list[tuple[str, str]]:
    """Returns videos for so many comments, taking the videos in turn, each as often as it has places."""
    rounds = max(places.values(), default=0)
    turns = (video for turn in range(rounds) for video in videos if turn < places[video])
    return list(islice(turns, wanted))


def _with_texts(
    tasks: Sequence[dict[str, Any]], work: DirectedRequest, used: Used, rng: random.Random, room: Room | None
) -> Iterator[dict[str, Any]]:
    """Returns the tasks with the operator's texts; leaves out tasks for which no text or no room is left.

    No text is posted twice on one video, nor by two tasks in succession while another text is left.
    """
    decks = {"comment": Deck(work.comment_texts, rng), "reply": Deck(work.reply_texts, rng)}
    on_video = {video: set(texts) for video, texts in used.texts.items()}
    on_author = Counter(used.drawn)
    for task in tasks:
        video = task["author_id"], task["title"]
        if room is not None and not room.has(video):
            continue
        if work.most_per_author is not None and on_author[task["author_id"]] >= work.most_per_author:
            continue
        deck = decks.get(task["kind"])
        text = None
        if deck is not None:
            there = on_video.setdefault(video, set())
            text = deck.next(there)
            if text is None:
                continue
            deck.posted(text)
            there.add(text)
        if room is not None:
            room.take(video)
        on_author[task["author_id"]] += 1
        yield task if text is None else {**task, "text": text}


def _target(kind: str, comment: Comment) -> dict[str, Any]:
    return {
        "kind": kind,
        "author_id": comment.author_id,
        "title": comment.title,
        "target_commenter": comment.commenter,
        "target_comment": comment.text,
    }
