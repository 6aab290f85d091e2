"""Decides whose share of the directed work a campaign counts, and which accounts do their share themselves. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.campaigns.campaign_file import CampaignFile, Pair, PerAccount, Placed


@dataclass(frozen=True, slots=True)
class DirectedShares:
    """The accounts whose shares any account may do, one entry a share, and the pairs whose account does its own."""

    counted: Sequence[str]
    pinned: Sequence[Pair] = ()

    def by_account(self) -> Counter[str]:
        """Returns the number of shares of each account."""
        return Counter(self.counted) + Counter(pair.account for pair in self.pinned)


def directed_shares(
    day: CampaignFile, accounts: Sequence[str], on_phone: Mapping[str, str] | None = None
) -> DirectedShares:
    """Returns a share for each pair; without pairs one for each account, or for the one that the queue names."""
    if day.directed is None:
        return DirectedShares(())
    pairs = () if day.collect is None else day.collect.pairs
    if not pairs:
        return DirectedShares(doers_of(day.directed, accounts, on_phone or {}))
    return DirectedShares([pair.account for pair in pairs if not pair.pinned], [pair for pair in pairs if pair.pinned])


def doers_of(part: Placed, accounts: Sequence[str], on_phone: Mapping[str, str]) -> Sequence[str]:
    """Returns the accounts that do a part's work: all of them, or the one that its queue names.

    For a phone's queue, it is the account logged in there now (`on_phone`, by serial), or else the serial itself.
    """
    place, _, name = (part.queue or "pool").partition(".")
    if place == "account":
        return [name]
    return [on_phone.get(name, name)] if place == "phone" else accounts


def work_of(each: PerAccount, shares: int) -> dict[str, int]:
    """Returns the work of so many shares, by kind, as draw_directed takes it."""
    return {
        "comment": each.comments * shares,
        "reply": each.replies * shares,
        "like_comment": each.comment_likes * shares,
    }


def pinned_share(each: PerAccount, pair: Pair) -> dict[str, Any]:
    """Returns the share that a pair's account does itself, as draw_directed takes it."""
    return {"account": pair.account, "author_id": pair.author, **work_of(each, 1)}
