"""How the app writes counts and times. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

# The app shows China Standard Time whatever the host's zone is; it has had no daylight saving since 1991.
CHINA = timezone(timedelta(hours=8))
WAN = 10_000
CUT = 24  # characters of a title shown in a list


def count_text(count: int) -> str:
    """999, 1.2万 (cut, not rounded), 10万+ from 100,000 on."""
    if count < WAN:
        return str(count)
    if count >= 10 * WAN:
        return "10万+"
    tenths = count * 10 // WAN
    return f"{tenths // 10}万" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}万"


def time_text(then: float, now: float) -> str:
    """刚刚, 5分钟前, 3小时前, 昨天 12:30, 3天前, 06-18, 2024-12-01. Both in seconds since 1970."""
    age = max(0.0, now - then)
    if age < 60:
        return "刚刚"
    if age < 3600:
        return f"{int(age // 60)}分钟前"
    moment, today = datetime.fromtimestamp(then, CHINA), datetime.fromtimestamp(now, CHINA)
    days = (today.date() - moment.date()).days
    if days == 0 or age < 12 * 3600:
        return f"{int(age // 3600)}小时前"
    if days == 1:
        return f"昨天 {moment:%H:%M}"
    if days < 7:
        return f"{days}天前"
    return f"{moment:%m-%d}" if moment.year == today.year else f"{moment:%Y-%m-%d}"


def cut_title(title: str) -> str:
    """The title as lists show it: at most 24 characters, then ellipsis."""
    return title if len(title) <= CUT else title[:CUT] + "…"
