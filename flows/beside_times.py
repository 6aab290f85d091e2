"""Parts the text of a time line into the time and what stands beside it: a place, buttons, marks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_PARTS = 12

# What apps show as the place of a comment: the provinces of China, and the countries that are met most.
PLACES = frozenset(
    """
    北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川
    贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 中国香港 中国澳门 中国台湾 中国 美国
    加拿大 墨西哥 巴西 阿根廷 智利 秘鲁 英国 法国 德国 意大利 西班牙 葡萄牙 荷兰 比利时 瑞士 奥地利 瑞典 挪威
    丹麦 芬兰 爱尔兰 波兰 捷克 匈牙利 希腊 俄罗斯 乌克兰 土耳其 以色列 阿联酋 沙特阿拉伯 卡塔尔 伊朗 伊拉克 埃及
    南非 尼日利亚 肯尼亚 埃塞俄比亚 摩洛哥 日本 韩国 朝鲜 蒙古 越南 泰国 老挝 柬埔寨 缅甸 马来西亚 新加坡
    印度尼西亚 印尼 菲律宾 印度 巴基斯坦 孟加拉国 尼泊尔 斯里兰卡 哈萨克斯坦 乌兹别克斯坦 澳大利亚 新西兰
    """.split()  # noqa: SIM905 - as lines of words, it can be read
)
_SAID = r"(?:IP\s*属地\s*:?\s*|IP\s*:\s*|来自\s*|发布于\s*|发表于\s*)"
_SAYS = re.compile(_SAID, re.IGNORECASE)
_APART = re.compile(
    r"\s*[·•・∙|｜,，;；()（）\[\]【】]+\s*|\s+|(?<=[^\s·•・∙|｜,，;；])(?=IP|来自|发布于)", re.IGNORECASE
)
_WORDS = "|".join(sorted(PLACES, key=len, reverse=True))
# 3天前广东, 刚刚广东, 昨天12:30北京: a place that follows a time without a blank
_ATTACHED = re.compile(rf"(?<=[前刚天])(?={_WORDS})|(?<=:[0-9][0-9])(?={_WORDS})")
_NAME = re.compile(r"[^\W\d_]{2,16}(?: [^\W\d_]{2,16}){0,2}")
_NUMBER = r"[0-9][0-9.,]*\s?[万亿kw]?\+?"
_NAMED_COUNT = r"(?:点?赞|回复|喜欢|评论|likes?|repl(?:y|ies))"
_MARK = re.compile(
    r"作者(?:赞过|回复过?|点赞)?|楼主|博主|up主|回复|置顶|已?编辑过?于?|更新于|发布于|发表于|评论于|热评|神评|首评|未知|铁?粉丝?|展开|收起"
    rf"|(?:查看)?翻译|举报|删除|{_NUMBER}\s?条?{_NAMED_COUNT}|{_NAMED_COUNT}\s?{_NUMBER}",
    re.IGNORECASE,
)
# repeats what a date says; beside 12:30 it changes the day
_WEEKDAY = re.compile(r"(?:星期|周|礼拜)[一二三四五六日天]")
# words of time: beside 12:30 they change the moment, and no place has them
_TIME_WORDS = re.compile(
    r".*(?:[今明昨前后]天|星期|周[一二三四五六日]|小时|分钟|[上下中正]午|[晚早夜晨午昨宵]|除夕|元旦|春节|节$|年|月|[之以]?前$|[之以]?后$).*"
)


@dataclass(frozen=True, slots=True)
class Parted:
    """A possible time, with the place beside it; empty when none is shown.

    `surely`: nothing beside it may be a word of time that no pattern knows, so 12:30 alone is of the latest day.
    """

    moment: str
    place: str
    surely: bool


def parted(text: str) -> Iterator[Parted]:
    """Yields the ways to part a text, those with the longest time first; nothing for more than twelve parts."""
    parts = [part for part in _APART.split(_ATTACHED.sub(" ", text)) if part]
    if len(parts) > MOST_PARTS:
        return
    for length in range(len(parts), 0, -1):
        for start in range(len(parts) - length + 1):
            beside = _beside(parts[:start], parts[start + length :])
            if beside is not None:
                yield Parted(" ".join(parts[start : start + length]), *beside)


def place_alone(text: str) -> str:
    """Returns the place that a text without a time names, as IP属地：广东 does; empty when it names none."""
    parts = [part for part in _APART.split(text) if part]
    said = _SAYS.match(text)
    found = _beside([], parts) if said is not None and len(parts) <= MOST_PARTS else None
    return found[0] if found is not None else ""


def _beside(before: Sequence[str], behind: Sequence[str]) -> tuple[str, bool] | None:
    """Returns the place in what stands before and behind a time, and whether it is one for sure.

    None when something may be neither a place nor a mark.
    """
    weekday = any(_WEEKDAY.fullmatch(part) for part in (*before, *behind))
    places = [place for side in (before, behind) if (place := _without_marks(side))]
    if len(places) > 1:
        return None
    if not places:
        return "", not weekday
    said = _SAYS.match(places[0])
    name = places[0][said.end() :].strip() if said is not None else places[0]
    if _MARK.fullmatch(name):  # IP属地未知
        return "", not weekday
    if not _NAME.fullmatch(name) or _TIME_WORDS.fullmatch(name):
        return None
    return name, not weekday and (said is not None or name.split()[0] in PLACES)


def _without_marks(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if not _MARK.fullmatch(part) and not _WEEKDAY.fullmatch(part))
