"""Builds the view of what a campaign is missing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from gateway.api import missing_responses
from workers.campaigns.complete import family_of, missing_of

MOST_PIECES = 500


def missing_view(session: Session, campaign_id: str) -> missing_responses.Missing:
    """Returns what is missing of the campaign's family: of the first campaign and of those that complete it."""
    family = family_of(session, campaign_id)
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
