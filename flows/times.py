"""Reads times as apps write them (刚刚, 3小时前 · 广东, 昨天 12:30, 下午3:20 …) as moments with their precision."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from flows.beside_times import parted, place_alone
from flows.checks import UNSEEN

ZONE = ZoneInfo("Asia/Shanghai")
LONGEST = 100  # characters; a longer text is no time
OLDEST = 2000  # year; no app's content is older
SKEW = timedelta(minutes=5)  # by which the clock of a shown time may be ahead of this machine's


class Precision(StrEnum):
    """The precision of a shown time: an hour for 3小时前, a minute for 昨天 12:30."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Shown:
    """A shown time, read. `at` is None when no moment can be read; `place` is empty when none is shown."""

    at: datetime | None
    precision: Precision | None
    place: str


Read = tuple[datetime, Precision]

# traditional characters and full-width signs → plain ones, character by character
_PLAIN = str.maketrans("剛鐘時個週點後來屬發禮：．／－　０１２３４５６７８９", "刚钟时个周点后来属发礼:./- 0123456789")
_NUMERALS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_SPANS = (
    (r"秒钟?|seconds?|secs?", 1, Precision.SECOND),
    (r"分钟?|minutes?|mins?", 60, Precision.MINUTE),
    (r"个?小时|个?钟头|hours?", 3600, Precision.HOUR),
    (r"天|日|days?", 86400, Precision.DAY),
    (r"周|个?星期|个?礼拜|weeks?", 604800, Precision.WEEK),
    (r"个?月|months?", 2592000, Precision.MONTH),
    (r"年|years?", 31536000, Precision.YEAR),
)
_NOW = re.compile(r"刚刚|刚才|刚|现在|片刻前|几秒钟?前|just now", re.IGNORECASE)
_AGO = re.compile(
    rf"([0-9]{{1,6}}|[{''.join(_NUMERALS)}]|半)\s*"
    rf"(?:{'|'.join(f'({names})' for names, _, _ in _SPANS)})(?:之?前|\s+ago)",
    re.IGNORECASE,
)
# the hours of 24 that each may mean: 上午12:30 is half past midnight, 中午1:10 ten past one
_NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4})
_HALF_DAYS: Mapping[str, Collection[int]] = {
    "凌晨": range(7), "清晨": range(4, 9), "早晨": range(4, 11), "早上": range(4, 12), "上午": range(12),
    "am": range(12), "中午": range(11, 15), "午后": range(12, 18), "下午": range(12, 24), "傍晚": range(16, 21),
    "晚上": range(17, 24), "pm": range(12, 24),
    "深夜": _NIGHT, "半夜": _NIGHT, "午夜": _NIGHT, "夜里": _NIGHT, "夜间": _NIGHT,
}  # fmt: skip
_CLOCK = (
    rf"(?P<half>{'|'.join(_HALF_DAYS)})?\s*(?P<hour>[0-9]{{1,2}})[:点时](?P<minute>[0-9]{{2}})分?"
    r"(?::(?P<second>[0-9]{2}))?(?:\s*(?P<after>am|pm))?"
)
_ENGLISH_DAYS = "mon(?:day)? tue(?:s(?:day)?)? wed(?:nesday)? thu(?:rs(?:day)?)? fri(?:day)? sat(?:urday)? sun(?:day)?"
# other spellings → those that the patterns read
_SPELLINGS = (
    (re.compile(r"\byesterday\b(?:\s+at\b)?", re.IGNORECASE), "昨天 "),
    (re.compile(r"\btoday\b(?:\s+at\b)?", re.IGNORECASE), "今天 "),
    *(
        (re.compile(rf"\b{name}\b\.?(?:\s+at\b)?", re.IGNORECASE), f"周{day} ")
        for day, name in zip("一二三四五六日", _ENGLISH_DAYS.split(), strict=True)
    ),
    (re.compile(r"(今|昨|(?<![天日年月周时分])前)([晚早])(?!上)"), r"\1天\2上"),
    (re.compile(r"([今昨])夜"), r"\1天深夜"),
    (re.compile(r"([今昨])晨"), r"\1天早晨"),
)
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2, "大前": 3}
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_DAY = re.compile(rf"(?P<days>今|昨|大前|前)[天日](?:\s*{_CLOCK})?", re.IGNORECASE)
_DAYS_AGO = re.compile(rf"(?P<days>[0-9]{{1,4}}|[{''.join(_NUMERALS)}])\s*[天日]之?前\s*{_CLOCK}", re.IGNORECASE)
_WEEKDAY = re.compile(
    rf"(?P<which>上|本|这)?(?:个?星期|周|礼拜)(?P<weekday>[一二三四五六日天])(?:\s*{_CLOCK})?", re.IGNORECASE
)
_DATE = re.compile(
    r"(?:(?:(?P<year>[0-9]{4})[-/.年]|(?P<old>今|去|前)年)\s*)?"
    rf"(?P<month>[0-9]{{1,2}})[-/.月]\s*(?P<day>[0-9]{{1,2}})[日号]?(?:\s*{_CLOCK})?",
    re.IGNORECASE,
)
_MONTH = re.compile(r"(?P<year>[0-9]{4})(?:年(?:(?P<month>[0-9]{1,2})月)?|[-/](?P<late>[0-9]{1,2}))")
_TODAY = re.compile(_CLOCK, re.IGNORECASE)


def read_shown(text: str, now: datetime, zone: ZoneInfo = ZONE) -> Shown:
    """Reads a shown time relative to `now`, the moment at which its screen was read.

    Coarse texts give coarse moments: 3天前 is exactly 72 hours before `now`, with the precision of a day; a date is
    its midnight; a date without a year is the latest such day, a time without a day the latest such moment. No moment
    is after `now`: a screen may have been drawn before midnight, so 今天 23:59 read at 00:05 is of yesterday, and a
    time that is a few minutes ahead is `now`. A place beside the time is returned apart. The caller keeps the text.
    """
    if len(text) > LONGEST:
        return Shown(None, None, "")
    plain, local = _plain(text), now.astimezone(zone)
    for one in parted(plain):
        read = _moment(one.moment, local, day_needed=not one.surely)
        if read is not None:
            return Shown(*read, one.place)
    return Shown(None, None, place_alone(plain))


def _plain(text: str) -> str:
    plain = text.translate(_PLAIN).translate(UNSEEN)
    for spelling, read in _SPELLINGS:
        plain = spelling.sub(read, plain)
    return plain.strip()


def _moment(text: str, now: datetime, *, day_needed: bool) -> Read | None:
    ways = (_just_now, _ago, _days_ago_at, _day, _weekday, _date, _month, _today)
    try:
        for read in ways[:-1] if day_needed else ways:
            found = read(text, now)
            if found is not None and found[0].year >= OLDEST:
                return found if found[0] <= now else _not_after(found, now)
    except (ValueError, OverflowError):  # 02-30, 25:70, 999999年前
        pass
    return None


def _not_after(read: Read, now: datetime) -> Read | None:
    """Returns now for a moment that is ahead by a clock's error; None for one that is further ahead."""
    moment, precision = read
    return (now, precision) if moment - now <= SKEW else None


def _just_now(text: str, now: datetime) -> Read | None:
    return (now, Precision.MINUTE) if _NOW.fullmatch(text) else None


def _ago(text: str, now: datetime) -> Read | None:
    match = _AGO.fullmatch(text)
    if match is None:
        return None
    place = next(place for place in range(len(_SPANS)) if match[place + 2])
    _, seconds, precision = _SPANS[place]
    if match[1] == "半":
        finer = _SPANS[max(0, place - 1)][2] if precision is not Precision.YEAR else Precision.MONTH
        return now - timedelta(seconds=seconds // 2), finer
    number = _NUMERALS.get(match[1]) or int(match[1])
    return now - timedelta(seconds=number * seconds), precision


def _day(text: str, now: datetime) -> Read | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    if match["half"] and _HALF_DAYS[match["half"].lower()] is _NIGHT and _past_midnight(match):
        return None  # 昨天深夜1:20 may be of either night
    days = _DAYS_BACK[match["days"]]
    return _latest(match, now, (now.date() - timedelta(days=days + late) for late in (0, 1)))


def _days_ago_at(text: str, now: datetime) -> Read | None:
    match = _DAYS_AGO.fullmatch(text)
    if match is None:
        return None
    days = _NUMERALS.get(match["days"]) or int(match["days"])
    return _latest(match, now, [now.date() - timedelta(days=days)])


def _past_midnight(match: re.Match[str]) -> bool:
    clock = _clock(match)
    return clock is not None and clock.hour <= max(hour for hour in _NIGHT if hour < 12)


def _weekday(text: str, now: datetime) -> Read | None:
    """Returns the latest such day before today; 上周三 is in the week before."""
    match = _WEEKDAY.fullmatch(text)
    if match is None:
        return None
    weekday, today = _WEEKDAYS[match["weekday"]], now.date()
    if match["which"]:
        monday = today - timedelta(days=today.weekday() + (7 if match["which"] == "上" else 0))
        return _latest(match, now, [monday + timedelta(days=weekday)])
    return _latest(match, now, [today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)])


def _date(text: str, now: datetime) -> Read | None:
    match = _DATE.fullmatch(text)
    if match is None or (match["year"] is None and "." in text):  # 12.31 may be a number
        return None
    month, day = int(match["month"]), int(match["day"])
    if match["year"] or match["old"]:
        year = int(match["year"]) if match["year"] else now.year - {"今": 0, "去": 1, "前": 2}[match["old"]]
        return _latest(match, now, [date(year, month, day)])
    # 02-29 may be eight years back
    years = (_date_or_none(year, month, day) for year in range(now.year, now.year - 9, -1))
    return _latest(match, now, (one for one in years if one is not None))


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month(text: str, now: datetime) -> Read | None:
    match = _MONTH.fullmatch(text)
    if match is None:
        return None
    month = match["month"] or match["late"]
    moment = datetime(int(match["year"]), int(month or 1), 1, tzinfo=now.tzinfo)
    return moment, Precision.MONTH if month else Precision.YEAR


def _today(text: str, now: datetime) -> Read | None:
    match = _TODAY.fullmatch(text)
    return _latest(match, now, (now.date() - timedelta(days=late) for late in (0, 1))) if match else None


def _latest(match: re.Match[str], now: datetime, days: Iterable[date]) -> Read | None:
    """Returns the match's time of day on the first of these days on which it is not after now."""
    clock = _clock(match)
    read = None
    for day in days:
        read = datetime.combine(day, clock or time(), now.tzinfo), Precision.MINUTE if clock else Precision.DAY
        if read[0] - now <= SKEW:
            return read
    return read


def _clock(match: re.Match[str]) -> time | None:
    """Returns the time of day; None when the match has none. Raises ValueError for one that does not exist."""
    if match["hour"] is None:
        return None
    hour, half = int(match["hour"]), match["half"] or match["after"]
    return time(_hour(hour, half.lower()) if half else hour, int(match["minute"]), int(match["second"] or 0))


def _hour(hour: int, half: str) -> int:
    """Returns the hour of 24. Raises ValueError for an ambiguous one, such as 晚上1点."""
    for candidate in (hour, hour + 12, hour - 12):
        if candidate in _HALF_DAYS[half]:
            return candidate
    raise ValueError(f"{half} {hour} is no hour")
