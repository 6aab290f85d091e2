"""The storm's work: canvases of exactly so many tasks, from a seed. Pure.

At least half of the tasks are directed and a tenth nurture; some dislike or report a comment, once the storm
approved it. Whatever is written is written once
in the whole storm (texts are unique, a comment is liked by one task only), so that each entry of
the ground truth belongs to one task.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, get_args

from celery import chain, chord, group
from celery.canvas import Signature

from chaos.material import Material, Target
from flows.specs.report_comment import Reason
from workers.app import app

NURTURE_SHARE = 0.12
AGAINST_SHARE = 0.1  # of the single acts: a dislike or a report
TASKS_A_DAY = 120  # one canvas of titles → comments → drawn work for so many tasks
DAY_VIDEOS = 3
DAY_LIKES, DAY_REPLIES = 8, 4
DAY_TASKS = 2 + DAY_VIDEOS + 1 + 1 + DAY_LIKES + DAY_REPLIES + 1  # titles, fan, comments, gather, draw, directed, tally
LEAST_TASKS = 60
PHRASES = ("说得好", "学到了", "期待下一期", "这个角度不错", "收藏了", "讲得清楚", "支持一下", "很有用")


@dataclass(frozen=True, slots=True)
class Canvas:
    """A canvas to submit, and how many tasks it has in the end, those planted on the way included."""

    name: str
    signature: Signature
    tasks: int


class TooSmall(ValueError):
    """So few tasks cannot hold one of each kind of canvas, or the world has too little material."""


def plan_work(tasks: int, material: Material, seed: int) -> list[Canvas]:
    """Canvases of `tasks` tasks in all, in the order of submission. Raises TooSmall."""
    if tasks < LEAST_TASKS:
        raise TooSmall(f"{tasks} tasks are too few: take {LEAST_TASKS} or more")
    planner = _Planner(material, random.Random(f"{seed}/work"))
    canvases = [
        *planner.days(max(1, tasks // TASKS_A_DAY)),
        *planner.nurtures(-(-int(tasks * NURTURE_SHARE * 100) // 100)),
    ]
    left = tasks - sum(one.tasks for one in canvases)
    while left > 0:
        canvas = planner.directed(left)
        canvases.append(canvas)
        left -= canvas.tasks
    planner.rng.shuffle(canvases)
    return canvases


class _Planner:
    def __init__(self, material: Material, rng: random.Random) -> None:
        self.rng = rng
        self._material = material
        self._targets: Iterator[Target] = iter(rng.sample(material.targets, len(material.targets)))
        self._texts = (f"{rng.choice(PHRASES)}{number:05d}" for number in range(10**5))
        self._accounts = cycle(rng.sample(material.accounts, len(material.accounts)))

    def days(self, count: int) -> Iterator[Canvas]:
        """Titles → comments → what is drawn from them, each on an author of its own."""
        for author in self._material.drawn_from[:count]:
            titles = _call("collect_titles", author_id=author, count=DAY_VIDEOS, least_comments=12)
            draw = app.signature(
                "draw_directed",
                kwargs={"like_comment": DAY_LIKES, "reply": DAY_REPLIES, "reply_texts": self._some(DAY_REPLIES * 4)},
            )
            canvas = chord(group([titles | app.signature("each_title", kwargs={"most": 15})]), draw.set(join="settled"))
            yield Canvas(f"day of {author}", canvas, DAY_TASKS)

    def nurtures(self, count: int) -> Iterator[Canvas]:
        """Groups of nurture, one an account, and its settled join; each second one with directed work behind it."""
        while count > 0:
            size = min(count, self.rng.randint(4, 9), len(self._material.accounts))
            count -= size
            joined = _joined([self._nurture() for _ in range(size)])
            if self.rng.random() < 0.5:
                yield Canvas("nurture", joined, size + 1)
            else:
                after = self._one()
                yield Canvas("nurture, then directed", chain(joined, after), size + 2)

    def directed(self, most: int) -> Canvas:
        """Directed work in one of three shapes, of at most `most` tasks."""
        shape = self.rng.choice(("chain", "group", "titles first"))
        if most >= 8 and shape == "titles first":
            size = self.rng.randint(3, min(12, most - 3))
            work = [self._one() for _ in range(size)]
            there = next(self._targets, None) or self.rng.choice(self._material.targets)
            titles = _call("collect_titles", author_id=there.author_id, count=2)
            comments = _call("collect_comments", author_id=there.author_id, title=there.title, most=8)
            return Canvas("titles, comments, directed", chain(titles, comments, _joined(work)), size + 3)
        if most >= 5 and shape == "group":
            size = self.rng.randint(3, min(20, most - 1))
            return Canvas("directed group", _joined([self._one() for _ in range(size)]), size + 1)
        size = min(most, self.rng.randint(2, 5))
        return Canvas("directed chain", chain(*[self._one() for _ in range(size)]), size)

    def _nurture(self) -> Signature:
        replies = self.rng.random() < 0.3
        return app.signature(
            "nurture",
            kwargs={
                "video_likes": self.rng.randint(1, 2),
                "comments": 1,
                "replies": int(replies),
                "video_loop": 25,
                "comment_loop": 40 if replies else 0,
                "texts": self._some(6),
            },
            queue=f"account.{next(self._accounts)}",
            immutable=True,
        )

    def _one(self) -> Signature:
        kind = self.rng.choice(("comment", "reply", "like_comment"))
        target = next(self._targets, None)
        if target is None:
            raise TooSmall("the world has too few comments for so many tasks")
        if self.rng.random() < AGAINST_SHARE:
            return self._against(target)
        params: dict[str, Any] = {"kind": kind, "author_id": target.author_id, "title": target.title}
        if kind != "comment":
            params |= {"target_commenter": target.commenter, "target_comment": target.text}
        if kind != "like_comment":
            params["text"] = next(self._texts)
        return _call("directed", **params)

    def _against(self, target: Target) -> Signature:
        flow = self.rng.choice(("dislike_comment", "report_comment"))
        params = {"author_id": target.author_id, "title": target.title}
        params |= {"target_commenter": target.commenter, "target_comment": target.text}
        if flow == "report_comment":
            params["reason"] = self.rng.choice(get_args(Reason))
        return _call(flow, **params).set(queue=f"account.{next(self._accounts)}")

    def _some(self, count: int) -> list[str]:
        return [next(self._texts) for _ in range(count)]


def _call(flow: str, **params: Any) -> Signature:
    return app.signature(flow, kwargs=params, immutable=True)


def _joined(work: Sequence[Signature]) -> Signature:
    return chord(group(work), app.signature("gather").set(join="settled"))
