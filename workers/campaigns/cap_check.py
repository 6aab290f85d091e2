"""Checks, before planting, that a campaign fits the caps and has enough texts; reports the numbers. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from models.responsible_use.caps import Caps
from models.values.refused import Problem
from workers.campaigns.campaign_file import CampaignFile, Placed


def doers_of(part: Placed, accounts: Sequence[str], on_phone: Mapping[str, str]) -> Sequence[str]:
    """Returns the accounts that do a part's work: all of them, or the one that its queue names.

    For a phone's queue, it is the account logged in there now (`on_phone`, by serial), or else the serial itself.
    """
    place, _, name = (part.queue or "pool").partition(".")
    if place == "account":
        return [name]
    return [on_phone.get(name, name)] if place == "phone" else accounts


def cap_problems(
    day: CampaignFile,
    accounts: Sequence[str],
    caps: Caps,
    done_today: Mapping[str, int],
    on_phone: Mapping[str, str] | None = None,
) -> Iterator[Problem]:
    """Yields a problem for every cap that the campaign would exceed, with the numbers needed and left."""
    yield from _daily_problems(day, accounts, caps, done_today, on_phone or {})
    if day.directed is not None and day.collect is not None:
        yield from _directed_problems(day, len(doers_of(day.directed, accounts, {})), caps)


def _daily_problems(
    day: CampaignFile,
    accounts: Sequence[str],
    caps: Caps,
    done_today: Mapping[str, int],
    on_phone: Mapping[str, str],
) -> Iterator[Problem]:
    nurture: Counter[str] = Counter()
    directed: Counter[str] = Counter()
    if day.nurture is not None:
        per_session = sum(day.nurture.targets.values())
        nurture.update(dict.fromkeys(doers_of(day.nurture, accounts, on_phone), per_session))
    if day.directed is not None:
        directed.update(dict.fromkeys(doers_of(day.directed, accounts, on_phone), day.directed.per_account.total))
    needed = nurture + directed
    most = caps.actions_per_account_day
    full = [account for account in needed if done_today.get(account, 0) + needed[account] > most]
    if full:
        worst = max(full, key=lambda account: done_today.get(account, 0) + needed[account])
        yield Problem(
            "caps.actions_per_account_day",
            f"{len(full)} of {len(needed)} accounts cannot fit it: {needed[worst]} actions an account are asked for"
            f" ({nurture[worst]} nurture, {directed[worst]} directed),"
            f" {done_today.get(worst, 0)} were done today by {worst}, and the cap is {most}",
            "ask for less, wait for the next day, or have an admin change the cap: phonefleet authors caps",
        )


def _directed_problems(day: CampaignFile, doers: int, caps: Caps) -> Iterator[Problem]:
    assert day.directed is not None
    assert day.collect is not None
    videos = len(day.collect.authors) * day.collect.videos
    comments = videos * day.collect.comments
    asked = day.directed.per_account
    places = videos * caps.accounts_per_video
    if asked.total and doers > places:
        yield Problem(
            "caps.accounts_per_video",
            f"{doers} accounts shall act on {videos} videos,"
            f" with room for {caps.accounts_per_video} accounts each: {places}",
            "collect more videos, or take fewer accounts",
        )
    yield from _comment_problems(asked.comments, doers, videos, caps)
    for name, count, room in (
        ("replies_per_comment", asked.replies * doers, comments * caps.replies_per_comment),
        ("likes_per_comment", asked.comment_likes * doers, comments * caps.likes_per_comment),
    ):
        if count > room:
            yield Problem(
                f"caps.{name}",
                f"{count} are asked for, and {comments} collected comments have room for {room}",
                "collect more comments, or ask for less",
            )


def _comment_problems(each: int, doers: int, videos: int, caps: Caps) -> Iterator[Problem]:
    """Yields a problem for each cap of comments on a video that `each` comments of so many accounts would exceed."""
    most_of_one = videos * caps.comments_per_account_video
    if each > most_of_one:
        yield Problem(
            "caps.comments_per_account_video",
            f"{_many(each, 'comment')} an account are asked for, and {_many(videos, 'video')} have room for"
            f" {caps.comments_per_account_video} of one account each: {most_of_one}",
            "collect more videos, or ask for fewer comments",
        )
    room = videos * min(caps.comments_per_video, caps.accounts_per_video * caps.comments_per_account_video)
    if each * doers > room:
        yield Problem(
            "caps.comments_per_video",
            f"{_many(each * doers, 'comment')} are asked for, and {_many(videos, 'video')} have room for"
            f" {caps.comments_per_video} each, of {caps.accounts_per_video} accounts: {room}",
            "collect more videos, or ask for fewer comments",
        )


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def text_problems(day: CampaignFile, accounts: Sequence[str]) -> Iterator[Problem]:
    """Yields a problem if there are fewer texts than one video needs: each text is posted on a video only once."""
    if day.directed is None or day.collect is None:
        return
    doers = len(doers_of(day.directed, accounts, {}))
    videos = len(day.collect.authors) * day.collect.videos
    for name, each, texts in (
        ("comment", day.directed.per_account.comments, day.directed.comment_texts),
        ("reply", day.directed.per_account.replies, day.directed.reply_texts),
    ):
        on_one = math.ceil(each * doers / videos)
        if on_one > len(texts):
            yield Problem(
                f"directed.{name}_texts",
                f"{each * doers} are asked for on {_many(videos, 'video')}, so up to {on_one} on one,"
                f" and {_many(len(texts), 'text')} {'is' if len(texts) == 1 else 'are'} given;"
                " no text is posted twice on one video",
                f"give {on_one} texts, collect more videos, or ask for less",
            )
