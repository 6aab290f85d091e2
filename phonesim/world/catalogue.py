"""What the world began with: accounts, authors, their videos, and each account's feed. Made from the seed alone."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cached_property

from phonesim.world import words
from phonesim.world.crowd import comment, reply, reply_count
from phonesim.world.emoji import Emoji, dress
from phonesim.world.entities import Account, Author, Comment, Crowd, Reply, Video
from phonesim.world.titles import titles

HOUR = 3600.0
DAY = 24 * HOUR

# Each author's first crowds; the rest of the videos are quiet.
CROWDS = (
    *[Crowd.BUSY] * 9,
    Crowd.HOT,
    *[Crowd.THREADS] * 3,
    Crowd.NEAR,
    *[Crowd.EDGE] * 2,
)
SIZES = {
    Crowd.QUIET: (0, 29),
    Crowd.BUSY: (60, 150),
    Crowd.HOT: (300, 460),
    Crowd.HUGE: (8400, 9000),
    Crowd.THREADS: (30, 47),
    Crowd.NEAR: (46, 49),
    Crowd.EDGE: (50, 54),
}
WITH_HUGE = frozenset({"xiaopeng", "shibadao", "mao_xiansheng"})


class Catalogue:
    """Reads the content of a seed. Equal seeds and epochs give equal content."""

    def __init__(self, seed: int, accounts: int, epoch: float, emoji: Emoji = Emoji.SOME) -> None:
        """`epoch`: when the world began, in seconds since 1970."""
        self.seed = seed
        self.epoch = epoch
        self._emoji = emoji
        self.accounts = [
            Account(f"acc{number:04d}", self._dress(_account_name(number - 1))) for number in range(1, accounts + 1)
        ]
        self.authors = {id_: Author(id_, self._dress(name), True) for id_, name in words.MAIN_AUTHORS}
        self.authors |= {id_: Author(id_, self._dress(name), False) for id_, name in words.OTHER_AUTHORS}
        self._videos: dict[str, list[Video]] = {}
        self._base_counts: dict[str, int] = {}
        self._published: dict[str, list[Video]] = {}  # by author, oldest first

    def videos(self, author_id: str) -> list[Video]:
        """An author's videos, newest first. Raises KeyError for an unknown author."""
        return [*reversed(self._published.get(author_id, ())), *self._first_videos(author_id)]

    def every_video(self) -> list[Video]:
        """The videos of all authors, author by author."""
        return [video for author_id in self.authors for video in self.videos(author_id)]

    def video(self, video_id: str) -> Video:
        """Raises KeyError or IndexError for an unknown id."""
        author_id, published, number = video_id.rpartition("-p")
        if published and number.isdigit():
            return self._published[author_id][int(number)]
        author_id, _, number = video_id.rpartition("-v")
        return self._first_videos(author_id)[int(number)]

    def publish(self, author_id: str, title: str, at: float) -> Video:
        """Another video of an author, without comments; it is the first of the list, and not in the feed."""
        author, mine = self.authors[author_id], self._published.setdefault(author_id, [])
        video = Video(f"{author_id}-p{len(mine):02d}", author_id, author.name, title, at, 0, 0, Crowd.QUIET)
        mine.append(video)
        return video

    def _first_videos(self, author_id: str) -> list[Video]:
        if author_id not in self._videos:
            self._videos[author_id] = self._make_videos(self.authors[author_id])
        return self._videos[author_id]

    def comment(self, video: Video, index: int) -> Comment:
        """The crowd's comment number `index`, from 0 to `video.comments` - 1."""
        made = comment(self.seed, video, index, self.epoch)
        return replace(made, commenter=self._dress(made.commenter), text=self._dress(made.text, made.id))

    def reply(self, parent: Comment, index: int) -> Reply:
        """The crowd's reply number `index` to a comment, from 0 to `parent.replies` - 1."""
        made = reply(self.seed, parent, index, self.epoch)
        return replace(made, commenter=self._dress(made.commenter), text=self._dress(made.text, made.id))

    def _dress(self, text: str, key: str = "") -> str:
        return dress(text, self._emoji, key or text)

    def base_count(self, video: Video) -> int:
        """Comments and replies of the crowd: what the app shows as long as nothing happened."""
        if video.id not in self._base_counts:
            replies = sum(reply_count(self.seed, video, index) for index in range(video.comments))
            self._base_counts[video.id] = video.comments + replies
        return self._base_counts[video.id]

    def feed(self, account_id: str, position: int) -> Video:
        """What an account's feed shows at a position; after the last video it begins again."""
        order = self._feed_order(account_id)
        return self._all_videos[order[position % len(order)]]

    @cached_property
    def _all_videos(self) -> list[Video]:
        return [video for author_id in self.authors for video in self.videos(author_id)]

    def _feed_order(self, account_id: str) -> list[int]:
        if account_id not in self._orders:
            order = list(range(len(self._all_videos)))
            random.Random(f"{self.seed}/feed/{account_id}").shuffle(order)
            self._orders[account_id] = order
        return self._orders[account_id]

    @cached_property
    def _orders(self) -> dict[str, list[int]]:
        return {}

    def _make_videos(self, author: Author) -> list[Video]:
        rng = random.Random(f"{self.seed}/author/{author.id}")
        count = rng.randint(24, 40)
        huge = [Crowd.HUGE] if author.id in WITH_HUGE else []
        crowds = [*CROWDS, *huge, *[Crowd.QUIET] * count][:count]
        rng.shuffle(crowds)
        made: list[Video] = []
        age = rng.uniform(0.4, 3.0) * HOUR
        for number, (title, crowd) in enumerate(zip(titles(rng, count, main=author.main), crowds, strict=True)):
            comments = rng.randint(*SIZES[crowd])
            made.append(
                Video(
                    id=f"{author.id}-v{number:02d}",
                    author_id=author.id,
                    author_name=author.name,
                    title=self._dress(title),
                    created=self.epoch - age,
                    likes=comments * rng.randint(3, 60) + rng.randint(0, 40),
                    comments=comments,
                    crowd=crowd,
                )
            )
            age += min(age * rng.uniform(0.1, 0.8), 45 * DAY)  # the old ones are years old
        return made


def _account_name(number: int) -> str:
    heads, tails = words.ACCOUNT_HEADS, words.ACCOUNT_TAILS
    turn, place = divmod(number, len(heads) * len(tails))
    name = heads[place % len(heads)] + tails[place // len(heads)]
    return name if turn == 0 else f"{name}{turn + 1}"
