"""Checks, before planting, that a campaign fits its own quotas; reports the numbers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from models.values.refused import Problem
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.directed_shares import directed_shares, doers_of

REMEDY = "ask for less, or raise the quota"


def quota_problems(day: CampaignFile, accounts: Sequence[str], on_phone: Mapping[str, str]) -> Iterator[Problem]:
    """Yields a problem for each quota that does not let the campaign do what it asks for itself."""
    quotas = day.own_quotas or {}
    if not quotas:
        return
    kinds, by_account = _asked(day, accounts, on_phone)
    for name, count in kinds.items():
        if name in quotas and count > quotas[name]:
            yield Problem(f"quotas.{name}", f"{count} are asked for, and the quota is {quotas[name]}", REMEDY)
    most = max(by_account.values(), default=0)
    if "per_account" in quotas and most > quotas["per_account"]:
        reason = f"{most} actions of one account are asked for, and the quota is {quotas['per_account']}"
        yield Problem("quotas.per_account", reason, REMEDY)
    yield from _author_problems(day, quotas, accounts, on_phone)


def _asked(
    day: CampaignFile, accounts: Sequence[str], on_phone: Mapping[str, str]
) -> tuple[Counter[str], Counter[str]]:
    """Returns the actions that are asked for: of each kind, and of each account."""
    kinds: Counter[str] = Counter()
    by_account = Counter(one.account for _, comments in day.named for one in comments)
    if day.nurture is not None:
        doers = doers_of(day.nurture, accounts, on_phone)
        each = {name: getattr(day.nurture, name) for name in ("comments", "replies", "video_likes")}
        kinds.update({name: count * len(doers) for name, count in each.items()})
        by_account.update(dict.fromkeys(doers, sum(each.values())))
    if day.directed is not None:
        shares = directed_shares(day, accounts, on_phone).by_account()
        given = day.directed.per_account
        each = {name: getattr(given, name) for name in ("comments", "replies", "comment_likes")}
        kinds.update({name: count * sum(shares.values()) for name, count in each.items()})
        by_account.update({account: given.total * times for account, times in shares.items()})
    return kinds, by_account


def _author_problems(
    day: CampaignFile, quotas: Mapping[str, int], accounts: Sequence[str], on_phone: Mapping[str, str]
) -> Iterator[Problem]:
    if "per_author" not in quotas or day.directed is None or day.collect is None:
        return
    total = day.directed.per_account.total * sum(directed_shares(day, accounts, on_phone).by_account().values())
    authors = len(day.collect.all_authors)
    if total > quotas["per_author"] * authors:
        reason = f"{total} actions on {authors} authors are asked for, and the quota is {quotas['per_author']} on each"
        yield Problem("quotas.per_author", reason, REMEDY)
