"""Does a campaign fit its caps? Told with the numbers before anything is planted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.caps import Caps
from models.refused import Problem
from workers.campaign_file import CampaignFile


def cap_problems(
    day: CampaignFile, accounts: Sequence[str], caps: Caps, done_today: Mapping[str, int]
) -> Iterator[Problem]:
    """Every cap that the campaign cannot keep, with what it needs and what there is."""
    nurture = sum(day.nurture.targets.values()) if day.nurture is not None else 0
    directed = day.directed.per_account.total if day.directed is not None else 0
    needed = nurture + directed
    full = [account for account in accounts if done_today.get(account, 0) + needed > caps.actions_per_account_day]
    if full:
        worst = max(full, key=lambda account: done_today.get(account, 0))
        yield Problem(
            "caps.actions_per_account_day",
            f"{len(full)} of {len(accounts)} accounts cannot fit it: {needed} actions an account are asked for"
            f" ({nurture} nurture, {directed} directed), {done_today.get(worst, 0)} were done today by {worst},"
            f" and the cap is {caps.actions_per_account_day}",
            "ask for less, wait for the next day, or have an admin change the cap: phonefleet authors caps",
        )
    if day.directed is not None and day.collect is not None:
        yield from _directed_problems(day, len(accounts), caps)


def _directed_problems(day: CampaignFile, accounts: int, caps: Caps) -> Iterator[Problem]:
    assert day.directed is not None
    assert day.collect is not None
    videos = len(day.collect.authors) * day.collect.videos
    comments = videos * day.collect.comments
    asked = day.directed.per_account
    places = videos * caps.accounts_per_video
    if asked.total and accounts > places:
        yield Problem(
            "caps.accounts_per_video",
            f"{accounts} accounts shall act on {videos} videos,"
            f" with room for {caps.accounts_per_video} accounts each: {places}",
            "collect more videos, or take fewer accounts",
        )
    for name, count, room in (
        ("replies_per_comment", asked.replies * accounts, comments * caps.replies_per_comment),
        ("likes_per_comment", asked.comment_likes * accounts, comments * caps.likes_per_comment),
    ):
        if count > room:
            yield Problem(
                f"caps.{name}",
                f"{count} are asked for, and {comments} collected comments have room for {room}",
                "collect more comments, or ask for less",
            )
