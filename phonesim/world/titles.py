"""The titles of one author's videos: varied, long, alike, and hostile to careless comparison."""

from __future__ import annotations

import random

from phonesim.world import words


def titles(rng: random.Random, count: int, *, main: bool) -> list[str]:
    """`count` titles (20 or more) in random order.

    Among them two that are the same, two that are the same up to where lists cut them, two that
    differ by one emoji, one each that begins with `=` and `@`, and very long ones.
    """
    made = _alike(rng, main)
    seen = set(made)
    for number in range(count * 20):
        if len(made) >= count:
            break
        title = _plain(rng, main, number)
        if title not in seen:
            seen.add(title)
            made.append(title)
    rng.shuffle(made)
    return made


def _alike(rng: random.Random, main: bool) -> list[str]:
    subject = rng.choice(words.TITLE_SUBJECTS if main else words.OTHER_SUBJECTS)
    verb = rng.choice(words.TITLE_VERBS if main else words.OTHER_VERBS)
    same = f"{subject}，{verb}（重发）"
    opening = f"我们花了整整三个月才拍完的一期：{subject}"
    opening = (opening + "，一次说清楚所有的疑问和争议")[:24]
    return [
        same,
        same,
        opening + "，上集讲为什么",
        opening + "，下集讲怎么办",
        f"{subject}{verb}😀",
        f"{subject}{verb}😂",
        f"=1+1 的{subject}，{verb}",
        f"@所有人 {subject}{verb}",
        words.LONG_TITLE.format(subject=subject, n=rng.randint(10, 99)),
        words.LONG_TITLE.format(subject=verb.rstrip("？"), n=rng.randint(100, 999)),
    ]


def _plain(rng: random.Random, main: bool, number: int) -> str:
    subject = rng.choice(words.TITLE_SUBJECTS if main else words.OTHER_SUBJECTS)
    verb = rng.choice(words.TITLE_VERBS if main else words.OTHER_VERBS)
    tail = rng.choice(words.TITLE_TAILS).format(n=number + 1)
    return rng.choice((f"{subject}{verb}{tail}", f"{subject}：{verb}{tail}", f"{verb}聊聊{subject}{tail}"))
