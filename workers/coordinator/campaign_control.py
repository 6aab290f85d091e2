"""Carries out the stops, pauses and resumes of campaigns that were only asked for, a part of each customer's a round.

So a customer that stops large campaigns delays no other's, and a coordinator that dies has the next one go on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.tables import Campaign
from models.transactions.read_write import read
from models.values.enums import CampaignControl
from workers.control.carry_out import carry_out
from workers.dispatch.customers import read_customers

log = logging.getLogger("phonefleet.coordinator")

MOST_KEYS = 500  # whose campaigns are looked at in a round
WORK = 500  # of a round, in tasks held or released: a quarter of a second at the most
TO_END = 5  # times the work of a hold


def carry_out_control(engine: Engine) -> int:
    """Carries out one round, in equal parts for each customer. Returns the number of tasks."""
    waiting = read(engine, _waiting)
    return sum(_part(engine, campaigns, max(TO_END, WORK // len(waiting))) for campaigns in waiting.values())


def _part(engine: Engine, campaigns: Sequence[tuple[str, str]], work: int) -> int:
    """Carries out so much of one customer's campaigns, one after the other. Returns the number of tasks."""
    left, done = work, 0
    for campaign_id, control in campaigns:
        each = TO_END if control == CampaignControl.STOP else 1
        while left > 0:
            moved = _try(engine, campaign_id, max(1, left // each))
            left -= max(1, moved * each)
            done += moved
            if not moved:
                break
    return done


def _waiting(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Returns each customer's campaigns with their control, the oldest of each key first."""
    asked = Campaign.control.is_not(None)
    keys = session.scalars(select(Campaign.key_id).where(asked).distinct().limit(MOST_KEYS)).all()
    customers = read_customers(session, 1) if keys else None
    found: dict[str, list[tuple[str, str]]] = {}
    for key_id in keys:
        assert customers is not None
        mine = Campaign.key_id.is_(None) if key_id is None else Campaign.key_id == key_id
        rows = session.execute(
            select(Campaign.id, Campaign.control).where(asked, mine).order_by(Campaign.created_at).limit(WORK)
        )
        found.setdefault(customers.of(key_id), []).extend((one, control or "") for one, control in rows)
    return found


def _try(engine: Engine, campaign_id: str, most: int) -> int:
    try:
        return carry_out(engine, campaign_id, most)
    except Exception:  # the others go on
        log.exception("what was asked of campaign %s was not carried out in this round", campaign_id)
        return 0
