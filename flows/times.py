"""Times as the app writes them (刚刚, 3小时前, 昨天 12:30, 06-18 …) turned into a datetime, as well as can be."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")

_AGO = re.compile(r"(\d{1,6})\s*(秒|分钟|分|小时|天|周|个月|年)前")
_DAY = re.compile(r"(今天|昨天|前天)\s*(?:(\d{1,2}):(\d{2}))?")
_DATE = re.compile(r"(?:(\d{4})[-/年])?(\d{1,2})[-/月](\d{1,2})日?(?:\s+(\d{1,2}):(\d{2}))?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_SECONDS = {"秒": 1, "分钟": 60, "分": 60, "小时": 3600, "天": 86400, "周": 604800, "个月": 2592000, "年": 31536000}
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}


def read_time(text: str, now: datetime, zone: ZoneInfo = ZONE) -> datetime | None:
    """The moment a shown time means, or None when it cannot be read; the caller keeps the text.

    Coarse texts give coarse moments: 3天前 is exactly 72 hours before `now`, a date is its midnight,
    a date without a year is the latest such day that is not after `now`.
    """
    text, local = text.strip(), now.astimezone(zone)
    if text in ("刚刚", "刚才"):
        return local
    try:
        return _ago(text, local) or _day(text, local) or _date(text, local) or _clock(text, local)
    except (ValueError, OverflowError):  # 02-30, 25:70, 999999年前
        return None


def _ago(text: str, now: datetime) -> datetime | None:
    match = _AGO.fullmatch(text)
    return now - timedelta(seconds=int(match[1]) * _SECONDS[match[2]]) if match else None


def _day(text: str, now: datetime) -> datetime | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    day = (now - timedelta(days=_DAYS_BACK[match[1]])).date()
    return datetime.combine(day, time(int(match[2] or 0), int(match[3] or 0)), now.tzinfo)


def _date(text: str, now: datetime) -> datetime | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    month, day, hour, minute = int(match[2]), int(match[3]), int(match[4] or 0), int(match[5] or 0)
    if match[1]:
        return datetime(int(match[1]), month, day, hour, minute, tzinfo=now.tzinfo)
    for year in range(now.year, now.year - 9, -1):  # 02-29 may be eight years back
        try:
            moment = datetime(year, month, day, hour, minute, tzinfo=now.tzinfo)
        except ValueError:
            continue
        if moment <= now:
            return moment
    return None


def _clock(text: str, now: datetime) -> datetime | None:
    match = _CLOCK.fullmatch(text)
    return now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0) if match else None
