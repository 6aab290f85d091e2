"""Reads times as apps write them (刚刚, 3小时前 · 广东, 昨天 12:30, 下午3:20 …) as moments with their precision."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

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
_CLOCK = (
    r"(?P<half>上午|下午|早上|早晨|清晨|凌晨|中午|午后|傍晚|晚上|am|pm)?\s*(?P<hour>[0-9]{1,2})[:点时](?P<minute>[0-9]{2})分?"
    r"(?::(?P<second>[0-9]{2}))?(?:\s*(?P<after>am|pm))?"
)
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2, "大前": 3}
# from and to which hour: 上午12:30 is half past midnight, 中午1:10 ten past one
_HALF_DAYS = {
    "凌晨": (0, 6), "清晨": (4, 8), "早晨": (4, 10), "早上": (4, 11), "上午": (0, 11), "am": (0, 11),
    "中午": (11, 14), "午后": (12, 17), "下午": (12, 23), "傍晚": (16, 20), "晚上": (17, 23), "pm": (12, 23),
}  # fmt: skip
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_DAY = re.compile(rf"(?P<days>今|昨|大前|前)[天日](?:\s*{_CLOCK})?", re.IGNORECASE)
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

_SAID = r"(?:IP\s*属地\s*:?\s*|IP\s*:\s*|来自\s*|发布于\s*|发表于\s*)"
_BETWEEN = re.compile(r"\s*[·•・∙|｜,，;；]+\s*|\s+|(?<=[^\s·•・∙|｜,，;；])(?=IP|来自|发布于)", re.IGNORECASE)
_PLACE = re.compile(rf"{_SAID}?(?P<place>[^\W\d_]{{2,16}}(?:[\s·][^\W\d_]{{2,16}}){{0,2}})", re.IGNORECASE)
# words of time that no pattern above reads: beside 12:30 they change the moment
_OTHER_TIMES = re.compile(
    r".*(?:[今明昨前后]天|星期|周[一二三四五六日]|小时|分钟|[上下中]午|晚|早|凌晨|年|月|[之以]?前$|[之以]?后$).*"
)
_NO_PLACES = frozenset({"作者", "回复", "置顶", "已编辑", "热评", "编辑于", "未知", "作者赞过", "首评"})


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
    for moment, place in _splits(plain):
        read = _moment(moment, local)
        if read is not None:
            return Shown(*read, place)
    return Shown(None, None, _place(plain, alone=True))


def _plain(text: str) -> str:
    return text.translate(_PLAIN).strip()


def _splits(text: str) -> list[tuple[str, str]]:
    """Returns the possible splits of a text into time and place: the whole as a time, then with a place beside it."""
    said = re.sub(r"^(?:发布于|发表于)\s*", "", text)
    splits = [(said, "")]
    for gap in _BETWEEN.finditer(said):
        before, behind = said[: gap.start()], said[gap.end() :]
        splits += [(moment, _place(rest)) for moment, rest in ((before, behind), (behind, before)) if _beside(rest)]
    return splits


def _beside(text: str) -> bool:
    """Returns whether this text may stand beside a time: a place, or a word without a time."""
    return bool(_PLACE.fullmatch(text)) and not _OTHER_TIMES.fullmatch(text)


def _place(text: str, *, alone: bool = False) -> str:
    """Returns the place that a text names; empty when it names none. `alone`: only an explicit place counts."""
    match = _PLACE.fullmatch(text)
    if match is None or match["place"] in _NO_PLACES or (alone and match["place"] == text):
        return ""
    return match["place"]


def _moment(text: str, now: datetime) -> Read | None:
    try:
        for read in (_just_now, _ago, _day, _weekday, _date, _month, _today):
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
    days = _DAYS_BACK[match["days"]]
    return _latest(match, now, (now.date() - timedelta(days=days + late) for late in (0, 1)))


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
    first, most = _HALF_DAYS[half]
    for candidate in (hour, hour + 12, hour - 12):
        if first <= candidate <= most:
            return candidate
    raise ValueError(f"{half} {hour} is no hour")
