"""Builds the view of what a campaign is missing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.api import missing_responses
from models.tables import Task
from workers.campaigns.complete import Family, missing_of

MOST_PIECES = 500
MOST_BYTES = 500_000  # of an answer, about
MANY = 2000  # tasks; to look at ten thousand takes half a second and some megabytes


def has_many(session: Session, family: Family) -> bool:
    """Returns whether a family has so many tasks that it is looked at in its turn."""
    return more_than(session, [one.id for one in family.campaigns], MANY)


def more_than(session: Session, campaign_ids: Sequence[str], most: int) -> bool:
    """Returns whether campaigns have more tasks together than so many."""
    some = select(Task.id).where(Task.campaign_id.in_(campaign_ids)).limit(most + 1)
    return (session.scalar(select(func.count()).select_from(some.subquery())) or 0) > most


def missing_view(session: Session, family: Family) -> missing_responses.Missing:
    """Returns what is missing of a family: of the first campaign and of those that complete it."""
    lacking = missing_of(session, family)
    pieces = [
        missing_responses.MissingPiece(flow=one.flow, what=one.what, missing=one.count, why=dict(one.why))
        for one in lacking.pieces[:MOST_PIECES]
    ]
    return missing_responses.Missing(
        campaign_id=family.first.id,
        completed_by=[one.id for one in family.campaigns[1:]],
        pieces=pieces,
        more_pieces=len(lacking.pieces) - len(pieces),
        under_way=lacking.under_way,
        by_hand=lacking.by_hand,
    )
