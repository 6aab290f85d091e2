"""The quotas of a campaign: the most actions that its own file allows, below the operator's caps.

They count what the campaign did together with the campaigns that complete it. An action in doubt counts as done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.responsible_use.caps import Refusal
from models.responsible_use.usage import HAPPENED
from models.tables import ActionRow, Campaign, Task

KINDS: Mapping[str, str] = {
    "comments": "comment",
    "replies": "reply",
    "comment_likes": "like_comment",
    "video_likes": "like_video",
}


@dataclass(frozen=True, slots=True)
class Done:
    """Actions of a campaign, of one kind by one account on one author's content."""

    kind: str
    account_id: str
    author_id: str
    count: int


def quota_refusal(
    quotas: Mapping[str, int], done: Sequence[Done], kind: str, account_id: str, author_id: str
) -> Refusal | None:
    """Returns why the quotas refuse one more action; None if it stays within them. Pure."""
    for name, of_kind in KINDS.items():
        there = sum(one.count for one in done if one.kind == of_kind)
        if kind == of_kind and name in quotas and there >= quotas[name]:
            return Refusal("quota_reached", f"the campaign did {there} of {quotas[name]} {name} (its own quota)")
    there = sum(one.count for one in done if one.author_id == author_id)
    if "per_author" in quotas and there >= quotas["per_author"]:
        reason = f"the campaign did {there} of {quotas['per_author']} actions on author {author_id!r} (its own quota)"
        return Refusal("quota_reached", reason)
    there = sum(one.count for one in done if one.account_id == account_id)
    if "per_account" in quotas and there >= quotas["per_account"]:
        reason = (
            f"account {account_id!r} did {there} of {quotas['per_account']} actions of the campaign (its own quota)"
        )
        return Refusal("account_quota_reached", reason)
    return None


def full_accounts(quotas: Mapping[str, int], done: Sequence[Done]) -> frozenset[str]:
    """Returns the accounts that did all that the quotas allow to one. Pure."""
    if "per_account" not in quotas:
        return frozenset()
    counts: dict[str, int] = {}
    for one in done:
        counts[one.account_id] = counts.get(one.account_id, 0) + one.count
    return frozenset(account for account, count in counts.items() if count >= quotas["per_account"])


@dataclass(frozen=True, slots=True)
class OfCampaign:
    """A campaign's quotas by name, the campaign with which it is counted (the first of those that complete it), and
    who asked for it. None of them changes after it was planted.
    """

    first: str
    quotas: Mapping[str, int]
    asked_by: str


def quotas_of(session: Session, campaign_id: str) -> OfCampaign | None:
    """Returns the quotas of a campaign; None for one without."""
    found = _quotas(session, Campaign.id == campaign_id)
    return found if found is not None and found.quotas else None


def quotas_of_task(session: Session, task_id: str, *, lock: bool = False) -> OfCampaign | None:
    """Returns the quotas of a task's campaign, with none in them where it has none; None for an unknown task.

    `lock`: locks the campaign that counts for them: two actions at once cannot both take the last place.
    """
    found = _quotas(session, Campaign.id == select(Task.campaign_id).where(Task.id == task_id).scalar_subquery())
    if lock and found is not None:
        lock_quotas(session, found)
    return found


def lock_quotas(session: Session, campaign: OfCampaign) -> None:
    """Locks the campaign that counts for the quotas, if there are any."""
    if campaign.quotas:
        session.execute(select(Campaign.id).where(Campaign.id == campaign.first).with_for_update())


def done_by(session: Session, first: str) -> list[Done]:
    """Returns what a campaign did so far, with the campaigns that complete it."""
    family = select(Campaign.id).where((Campaign.id == first) | (Campaign.completes == first))
    columns = (ActionRow.kind, ActionRow.account_id, ActionRow.author_id)
    counted = select(*columns, func.count()).join(Task, Task.id == ActionRow.task_id)
    rows = session.execute(counted.where(Task.campaign_id.in_(family), HAPPENED).group_by(*columns))
    return [Done(kind, account, author, count) for kind, account, author, count in rows]


def campaign_quota_refusal(
    session: Session, campaign: OfCampaign | None, kind: str, account_id: str, author_id: str
) -> Refusal | None:
    """Returns why the quotas of a campaign refuse one more action; None if they do not, or there are none."""
    if campaign is None or not campaign.quotas:
        return None
    return quota_refusal(campaign.quotas, done_by(session, campaign.first), kind, account_id, author_id)


def _quotas(session: Session, which: ColumnElement[bool]) -> OfCampaign | None:
    columns = (Campaign.id, Campaign.completes, Campaign.quotas, Campaign.asked_by)
    found = session.execute(select(*columns).where(which)).first()
    return None if found is None else OfCampaign(found.completes or found.id, found.quotas or {}, found.asked_by)
