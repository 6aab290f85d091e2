"""The searches in texts that `benchmarks.records` asks for: common, rare and impossible pairs, alone and with more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from benchmarks.seed_columns import START, YEAR
from benchmarks.seed_texts import (
    AUTHORS,
    BEGINNINGS,
    COMMON,
    ENDINGS,
    NEVER,
    PLANTED,
    POPULAR,
    RARE,
    popular,
)
from models.tasks.texts.filters import TextFilter
from models.tasks.texts.read import texts_page
from models.tasks.texts.text_id import first_id

# With an author or a week, the small ledger has next to none of the comments that the large one looks through: the
# work of one page differs, up to the bound of a page. So their times have a limit, and the ratio is told beside it.
RARELY = ("a rare phrase", "common pairs that are never neighbours")
FEW = " of few comments"


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
    """Yields the searches of one run: each text alone and with an author and a week, first and deep.

    And, of texts that few comments have, those that find as many in every ledger: within what the popular authors have.
    """
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
        few = FEW if name in RARELY else ""
        yield Search(f"search: {name} and author{few}", replace(which, author=f"author{(3 * run) % AUTHORS:03}"))
        yield Search(f"search: {name} and week{few}", replace(which, since=week, until=week + timedelta(days=7)))
    author, week = popular(run % POPULAR, START)
    for name, wanted in {"a phrase of 500 comments": PLANTED, "common pairs that are never neighbours": NEVER}.items():
        which = TextFilter(text=wanted)
        yield Search(f"search: {name} and popular author", replace(which, author=author))
        yield Search(f"search: {name} and popular week", replace(which, since=week, until=week + timedelta(days=7)))
    yield Search("search: a phrase of 500 comments", TextFilter(text=PLANTED))
