"""Checks, before planting, that a campaign fits the caps and has enough texts; reports the numbers. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from models.responsible_use.caps import Caps
from models.values.refused import Problem
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.directed_shares import DirectedShares, directed_shares, doers_of


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
        yield from _directed_problems(day, directed_shares(day, accounts), caps)


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
        shares = directed_shares(day, accounts, on_phone).by_account()
        directed.update({one: day.directed.per_account.total * times for one, times in shares.items()})
    named = Counter(one.account for _, comments in day.named for one in comments)
    needed = nurture + directed + named
    most = caps.actions_per_account_day
    full = [account for account in needed if done_today.get(account, 0) + needed[account] > most]
    if full:
        worst = max(full, key=lambda account: done_today.get(account, 0) + needed[account])
        yield Problem(
            "caps.actions_per_account_day",
            f"{len(full)} of {len(needed)} accounts cannot fit it: {needed[worst]} actions an account are asked for"
            f" ({nurture[worst]} nurture, {directed[worst]} directed{_also(named[worst])}),"
            f" {done_today.get(worst, 0)} were done today by {worst}, and the cap is {most}",
            "ask for less, wait for the next day, or have an admin change the cap: phonefleet authors caps",
        )


def _also(named: int) -> str:
    return f", {named} on named comments" if named else ""


def _directed_problems(day: CampaignFile, shares: DirectedShares, caps: Caps) -> Iterator[Problem]:
    assert day.directed is not None
    assert day.collect is not None
    videos = len(day.collect.all_authors) * day.collect.videos
    doers = sum(shares.by_account().values())
    comments = videos * day.collect.comments
    asked = day.directed.per_account
    places = videos * caps.accounts_per_video
    accounts = len(shares.by_account())
    if asked.total and accounts > places:
        yield Problem(
            "caps.accounts_per_video",
            f"{accounts} accounts shall act on {videos} videos,"
            f" with room for {caps.accounts_per_video} accounts each: {places}",
            "collect more videos, or take fewer accounts",
        )
    yield from _comment_problems(asked.comments, doers, videos, caps)
    yield from _pinned_problems(day.collect.videos, asked.comments, shares, caps)
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


def _pinned_problems(videos: int, each: int, shares: DirectedShares, caps: Caps) -> Iterator[Problem]:
    """Yields a problem for the pinned pairs of an author whose videos cannot hold their comments."""
    for author, pairs in Counter(pair.author for pair in shares.pinned).items():
        own, room = videos * caps.comments_per_account_video, videos * caps.comments_per_video
        if each > own:
            yield Problem(
                "caps.comments_per_account_video",
                f"a pinned account shall write {_many(each, 'comment')} on {_many(videos, 'video')} of {author},"
                f" which have room for {own} of one account",
                "collect more videos, ask for fewer comments, or leave pinned out",
            )
        elif each * pairs > room:
            yield Problem(
                "caps.comments_per_video",
                f"{pairs} pinned accounts shall write {each * pairs} comments on {_many(videos, 'video')} of {author},"
                f" which have room for {room}",
                "collect more videos, ask for fewer comments, or pin fewer accounts",
            )


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def text_problems(day: CampaignFile, accounts: Sequence[str]) -> Iterator[Problem]:
    """Yields a problem if there are fewer texts than one video needs: each text is posted on a video only once."""
    if day.directed is None or day.collect is None:
        return
    shares = directed_shares(day, accounts)
    doers, videos = sum(shares.by_account().values()), len(day.collect.all_authors) * day.collect.videos
    most_pinned = max(Counter(pair.author for pair in shares.pinned).values(), default=0)
    for name, each, texts in (
        ("comment", day.directed.per_account.comments, day.directed.comment_texts),
        ("reply", day.directed.per_account.replies, day.directed.reply_texts),
    ):
        on_one = max(math.ceil(each * doers / videos), math.ceil(each * most_pinned / day.collect.videos))
        if on_one > len(texts):
            yield Problem(
                f"directed.{name}_texts",
                f"{each * doers} are asked for on {_many(videos, 'video')}, so up to {on_one} on one,"
                f" and {_many(len(texts), 'text')} {'is' if len(texts) == 1 else 'are'} given;"
                " no text is posted twice on one video",
                f"give {on_one} texts, collect more videos, or ask for less",
            )
