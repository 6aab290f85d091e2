"""What campaigns were asked for and got, by stage, author and account, as it stood at the cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.exports.asked import ExportFilters, Frozen
from models.tables import Campaign, Task
from models.tasks.completeness import Group, Numbers, numbers_of_tasks
from workers.campaigns.complete import expected_accounts
from workers.campaigns.missing import DID_NOT_RUN

NURTURE = "nurture"


def numbers_of(
    session: Session, asked: Frozen, cut_at: datetime, campaigns: Sequence[Campaign]
) -> dict[Group, Numbers]:
    """Counts the tasks of a few campaigns that match the filters, and the accounts that have none of theirs."""
    found = dict(numbers_of_tasks(session, _which(asked, cut_at, campaigns), cut_at))
    for campaign_id, account in _idle(session, asked.filters, campaigns):
        found[campaign_id, NURTURE, None, account] = Numbers(asked=1, why={DID_NOT_RUN: 1})
    return found


def _which(asked: Frozen, cut_at: datetime, campaigns: Sequence[Campaign]) -> list[Any]:
    filters = asked.filters
    which: list[Any] = [
        Task.campaign_id.in_([campaign.id for campaign in campaigns]),
        Task.created_at <= cut_at,
        *filters.conditions(),
    ]
    if filters.since is not None:
        which.append(Task.created_at >= filters.since)
    if filters.until is not None:
        which.append(Task.created_at < filters.until)
    return which


def _idle(session: Session, filters: ExportFilters, campaigns: Sequence[Campaign]) -> Iterator[tuple[str, str]]:
    """Yields campaign and account of the sessions that should be there, and for which no task was planted."""
    if filters.flow not in (None, NURTURE) or any((filters.author, filters.phone, filters.state)):
        return
    ids = [campaign.id for campaign in campaigns]
    mine = (Task.campaign_id.in_(ids), Task.flow == NURTURE, Task.pinned_account.is_not(None))
    planted = select(Task.campaign_id, Task.pinned_account).where(*mine).distinct()
    there = {(campaign_id, account) for campaign_id, account in session.execute(planted)}
    for campaign in campaigns:
        if campaign.completes is not None:  # it makes up for some of the first one's accounts
            continue
        for account in expected_accounts(session, campaign):
            if filters.account in (None, account) and (campaign.id, account) not in there:
                yield campaign.id, account
