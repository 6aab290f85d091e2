"""What there is to read: official accounts and their articles, the same for each seed."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any

from phonesim.world.titles import titles

ACCOUNTS = 12
MOST_ARTICLES = 45
DAY = 86_400.0
EPOCH = 1_750_000_000.0  # seconds since 1970; no article is newer
NAMES = ("城市观察", "慢车站", "晨间简报", "山海食堂", "旧书市", "能源笔记")
SENTENCES = (
    "这件事要从去年的冬天说起。", "我们访问了十二位亲历者。", "数据来自公开的年报。", "他说：“先把眼前的事做好。”",
    "图为现场，记者摄。", "天还没亮，第一班车已经出发。", "结论并不复杂，但过程很长。", "（未完待续）",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `parts` in their order: a paragraph's text, or empty for a picture."""

    id: str
    account_id: str
    title: str
    published: float  # seconds since 1970
    reads: int
    likes: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfficialAccount:
    """An official account; two may have one name, and only ids tell them apart."""

    id: str
    name: str
    articles: tuple[Article, ...]  # newest first


class Articles:
    """All official accounts, in the order in which the app lists them."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"{seed} articles")
        self.accounts = tuple(_account(rng, number) for number in range(ACCOUNTS))

    def describe(self) -> list[dict[str, Any]]:
        """What there is to read, for the control port."""
        return [asdict(account) for account in self.accounts]


def _account(rng: random.Random, number: int) -> OfficialAccount:
    account_id = f"gh_{number:02}{rng.randrange(16**6):06x}"
    # the first has none, the second more than are shown before the history is unfolded
    count = (0, MOST_ARTICLES)[number] if number < 2 else rng.randint(1, MOST_ARTICLES)
    chosen = titles(rng, max(count, 20), main=number == 1)[:count]
    published = EPOCH
    articles = []
    for place, title in enumerate(chosen):
        published -= rng.uniform(0.2, 9) * DAY
        articles.append(_article(rng, f"{account_id}-{place}", account_id, title, published))
    return OfficialAccount(account_id, NAMES[number % len(NAMES)], tuple(articles))


def _article(rng: random.Random, article_id: str, account_id: str, title: str, published: float) -> Article:
    parts = [rng.choice(SENTENCES) * rng.randint(1, 6) for _ in range(rng.randint(1, 9))]
    for _ in range(rng.randint(0, 4)):
        parts.insert(rng.randint(0, len(parts)), "")
    reads = int(10 ** rng.uniform(0.3, 5.3))
    return Article(article_id, account_id, title, published, reads, reads // rng.randint(20, 90), tuple(parts))
