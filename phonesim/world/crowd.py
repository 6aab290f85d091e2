"""The crowd's comments and replies, made on demand from seed and index, so that nothing is stored."""

from __future__ import annotations

import random
import zlib

from phonesim.world import words
from phonesim.world.entities import Comment, Crowd, Reply, Video


def reply_count(seed: int, video: Video, index: int) -> int:
    """How many replies the crowd's comment number `index` has. Cheap: it is summed over all comments."""
    if video.crowd is Crowd.EDGE:
        return 0
    if video.crowd is Crowd.NEAR:
        return 1 if index < 5 else 0
    roll = zlib.crc32(f"{seed}/{video.id}/{index}".encode()) * 2654435761 % 2**32 >> 8
    if video.crowd is Crowd.THREADS:
        return 1 + roll % 2
    share, size = roll % 1000, roll // 1000
    if share < 880:
        return 0
    if share < 970:
        return 1 + size % 3
    return 4 + size % 6 if share < 995 else 10 + size % 26


def comment(seed: int, video: Video, index: int, epoch: float) -> Comment:
    """The crowd's comment number `index` of a video; `epoch` is when the world began."""
    rng = random.Random(f"{seed}/{video.id}/comment/{index}")
    fame = max(0.3, 4.5 - index / 12)  # those on top are the liked ones
    likes = int(10 ** rng.uniform(-1.0, fame)) if index else int(10 ** rng.uniform(2, 5.3))
    return Comment(
        id=f"{video.id}-c{index}",
        video_id=video.id,
        commenter=_nick(rng),
        text=_text(rng),
        created=epoch - (epoch - video.created) * rng.random() ** 2,
        likes=min(likes, max(3, video.likes)),
        replies=reply_count(seed, video, index),
    )


def reply(seed: int, parent: Comment, index: int, epoch: float) -> Reply:
    """The crowd's reply number `index` to a comment."""
    rng = random.Random(f"{seed}/{parent.id}/reply/{index}")
    return Reply(
        id=f"{parent.id}-r{index}",
        comment_id=parent.id,
        commenter=_nick(rng),
        text=rng.choice(words.REPLIES) + rng.choice(words.COMMENT_TAILS),
        created=parent.created + (epoch - parent.created) * (index + rng.random()) / (parent.replies + 1),
    )


def _nick(rng: random.Random) -> str:
    return rng.choice(words.NICK_HEADS) + rng.choice(words.NICK_BODIES) + rng.choice(words.NICK_TAILS)


def _text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(words.COMMENTS_SHORT)
    if kind < 0.95:
        return rng.choice(words.COMMENTS_MEDIUM) + rng.choice(words.COMMENT_TAILS)
    return rng.choice(words.COMMENTS_LONG)
