"""What a campaign is missing, as its page tells it: which videos, authors, accounts and acts, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.exports.words import SHEET
from gateway.words.catalogue import Catalogue
from models.tables import Author, Campaign, Task
from workers.campaigns.complete import family_of, missing_of, next_look
from workers.campaigns.missing import DRAWN, Piece

MOST_TASKS = 10_000  # of a family whose page tells it; beyond, `phonefleet missing` does
MOST_ROWS = 200
KINDS = frozenset(DRAWN.values())


@dataclass(frozen=True, slots=True)
class Lack:
    """Work of one kind that is missing."""

    flow: str
    what: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a family of campaigns is missing. `look`: when the coordinator plants it by itself; `until` then."""

    rows: Sequence[Lack]
    count: int  # of tasks
    further: int  # rows that are not shown
    under_way: int
    by_hand: int
    family: Sequence[Campaign]
    plantable: bool
    look: datetime | None
    until: datetime | None


def lacking(session: Session, campaign: Campaign, words: Catalogue) -> Lacking | None:
    """Returns what the campaign and those that complete it are missing; None when they have too many tasks."""
    family = family_of(session, campaign.id)
    mine = Task.campaign_id.in_([one.id for one in family.campaigns])
    if (session.scalar(select(func.count()).select_from(Task).where(mine)) or 0) > MOST_TASKS:
        return None
    missing = missing_of(session, family)
    names = dict(session.execute(select(Author.id, Author.name)).all())
    shown = missing.pieces[:MOST_ROWS]
    return Lacking(
        rows=[Lack(one.flow, _what(one, names, words), one.count, why_told(one.why, words)) for one in shown],
        count=sum(one.count for one in missing.pieces),
        further=len(missing.pieces) - len(shown),
        under_way=missing.under_way,
        by_hand=missing.by_hand,
        family=family.campaigns,
        plantable=not family.open and missing.canvas() is not None,
        look=next_look(family),
        until=family.first.complete_until,
    )


def _what(piece: Piece, names: Mapping[str, str], words: Catalogue) -> str:
    """Returns what it is about: an author by name, with the title; an account; a kind of act."""
    if piece.what in KINDS:
        return words.word("action", piece.what)
    author, _, title = piece.what.partition(" ")
    return f"{names[author]} {title}".strip() if author in names else piece.what


def why_told(why: Mapping[str, int], words: Catalogue) -> str:
    """Returns the reasons with their numbers, the commonest first."""
    told = [f"{_word(code, words)} × {count}" for code, count in sorted(why.items(), key=lambda one: (-one[1], one[0]))]
    return ("，" if words.language == "zh" else ", ").join(told)


def _word(code: str, words: Catalogue) -> str:
    keys = (f"{kind}:{code}" for kind in (SHEET, "code", "state"))
    return next((words.texts[key] for key in keys if key in words.texts), code)
