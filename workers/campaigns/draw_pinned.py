"""Draws the shares of accounts that do their part of the directed work themselves, and then the others' work. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from models.responsible_use.caps import Caps
from workers.campaigns.draw import KINDS, Comment, Used, draw, room_of
from workers.planting.stage_params import DirectedRequest, PinnedShare

Video = tuple[str, str]  # author, title


@dataclass(frozen=True, slots=True)
class Doers:
    """The accounts that may act: their actions left today, those that acted on a video, and each one's targets so far.

    `targets`: account → kind and comment key.
    """

    left: Mapping[str, int]
    on_video: Mapping[Video, Set[str]] = field(default_factory=dict)
    targets: Mapping[str, Set[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """Drawn tasks of one account, or of any (None): their parameters."""

    account: str | None
    tasks: tuple[dict[str, Any], ...]


def draw_shares(
    found: Sequence[Comment], work: DirectedRequest, caps: Caps, used: Used, doers: Doers, *, seed: int
) -> list[Share]:
    """Draws the pinned shares in their order, then the rest: no target and no text is drawn beyond the caps."""
    shares: list[Share] = []
    rest = work.model_copy(update={"pinned": ()})
    for number, share in enumerate(work.pinned):
        asked = rest.model_copy(update={kind: getattr(share, kind) for kind in KINDS})
        mine = list(_open_to(share, found, doers))
        left = {share.account: doers.left.get(share.account, 0)}
        room = room_of(_videos(mine), left, doers.on_video, caps, used.comments)
        own_seed = random.Random(f"{seed}/{number}").getrandbits(31)
        tasks = draw(mine, asked, caps, used, seed=own_seed, room=room, each_once=True).tasks
        shares.append(Share(share.account, tasks))
        used, doers = _used_after(used, share.account, tasks), _doers_after(doers, share.account, tasks)
    room = room_of(_videos(found), doers.left, doers.on_video, caps, used.comments)
    shares.append(Share(None, draw(found, rest, caps, used, seed=seed, room=room).tasks))
    return shares


def asked_in_all(work: DirectedRequest) -> dict[str, int]:
    """Returns by kind the number that is asked for, the pinned shares included."""
    return {kind: getattr(work, kind) + sum(getattr(one, kind) for one in work.pinned) for kind in KINDS}


def drawn_in_all(shares: Iterable[Share]) -> dict[str, int]:
    """Returns by kind the number of the drawn tasks."""
    counted = Counter(task["kind"] for share in shares for task in share.tasks)
    return {kind: counted[kind] for kind in KINDS}


def _videos(found: Iterable[Comment]) -> list[Video]:
    return list(dict.fromkeys(one.video for one in found))


def _open_to(share: PinnedShare, found: Iterable[Comment], doers: Doers) -> Iterator[Comment]:
    """Yields the comments of the share's author that its account has not acted on."""
    acted = {key for _, key in doers.targets.get(share.account, ())}
    yield from (one for one in found if one.author_id == share.author_id and one.key not in acted)


def _used_after(used: Used, account: str, tasks: Sequence[Mapping[str, Any]]) -> Used:
    replies, likes = Counter(used.replies), Counter(used.likes)
    texts = {video: set(those) for video, those in used.texts.items()}
    comments = {video: Counter(those) for video, those in used.comments.items()}
    for task in tasks:
        video = task["author_id"], task["title"]
        if "text" in task:
            texts.setdefault(video, set()).add(task["text"])
        if task["kind"] == "comment":
            comments.setdefault(video, Counter())[account] += 1
        else:
            (likes if task["kind"] == "like_comment" else replies)[_target(task).key] += 1
    drawn = Counter(used.drawn) + Counter(task["author_id"] for task in tasks)
    return replace(used, replies=replies, likes=likes, texts=texts, comments=comments, drawn=drawn)


def _doers_after(doers: Doers, account: str, tasks: Sequence[Mapping[str, Any]]) -> Doers:
    on_video = {video: set(those) for video, those in doers.on_video.items()}
    for task in tasks:
        on_video.setdefault((task["author_id"], task["title"]), set()).add(account)
    own = {(task["kind"], _target(task).key) for task in tasks if "target_comment" in task}
    return Doers(
        {**doers.left, account: max(0, doers.left.get(account, 0) - len(tasks))},
        on_video,
        {**doers.targets, account: {*doers.targets.get(account, ()), *own}},
    )


def _target(task: Mapping[str, Any]) -> Comment:
    return Comment(task["author_id"], task["title"], task["target_commenter"], task["target_comment"])
