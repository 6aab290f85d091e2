"""The searches in texts that `benchmarks.records` asks for: common, rare and impossible pairs, alone and with more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from benchmarks.seed import START, YEAR
from benchmarks.seed_texts import AUTHORS, BEGINNINGS, COMMON, ENDINGS, NEVER, RARE
from models.tasks.texts.filters import TextFilter
from models.tasks.texts.read import texts_page
from models.tasks.texts.text_id import first_id


@dataclass(frozen=True, slots=True)
class Search:
    """A page of texts that match, the newest; or those before the middle of the year."""

    name: str
    which: TextFilter
    deep: bool = False

    def ask(self, session: Session) -> None:
        """Reads the page."""
        texts_page(session, self.which, first_id(START + YEAR / 2) if self.deep else None)


def searches(run: int) -> Iterator[Search]:
    """Yields the searches of one run: each text alone and with an author and a week, first and deep."""
    week = START + timedelta(days=(37 * run) % 350)
    texts = {
        "the commonest pair": COMMON,
        "a common phrase": ENDINGS[run % 4],
        "a common character": "看",
        "a rare phrase": BEGINNINGS[-1 - run % 4] + RARE,
        "common pairs that are never neighbours": NEVER,
    }
    for name, wanted in texts.items():
        which = TextFilter(text=wanted)
        yield Search(f"search: {name}", which)
        yield Search(f"search: {name}, deep", which, deep=True)
        yield Search(f"search: {name} and author", replace(which, author=f"author{(3 * run) % AUTHORS:03}"))
        yield Search(f"search: {name} and week", replace(which, since=week, until=week + timedelta(days=7)))
