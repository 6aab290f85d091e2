"""Recognises a table of earlier results by its headings, whatever their order. Pure.

The headings are those of the flows' own result columns, and the names that operators gave them by hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from flows.specs.catalogue import SPECS
from scripts.commands.earlier_results.files import Cell, SourceTable

MOST_ABOVE = 10  # rows that may stand above the headings


class Kind(StrEnum):
    """What a table holds."""

    TITLES = "titles"
    COMMENTS = "comments"


NEEDED: Mapping[Kind, frozenset[str]] = {
    Kind.COMMENTS: frozenset({"commenter", "text"}),
    Kind.TITLES: frozenset({"title"}),
}
# What operators write by hand, beside the headings of the flows' own columns.
_BY_HAND: Mapping[str, Sequence[str]] = {
    "author_id": ("作者ID", "账号ID", "author id"),
    "author": ("作者", "作者名", "账号名称", "博主"),
    "title": ("视频标题", "作品标题"),
    "shown_count": ("评论数", "shown count"),
    "real_count": ("真实评论数", "real count"),
    "collected": ("已采集", "采集状态"),
    "commenter": ("评论者", "评论用户", "昵称", "用户"),
    "text": ("评论", "内容", "评论文本", "comment"),
    "likes": ("点赞", "赞"),
    "replies": ("回复",),
    "time": ("时间", "发布时间", "评论日期"),
}
_BRACKETED = re.compile(r"\(.*?\)")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A table's kind, the line of its headings, each field's column, and the headings that mean nothing here."""

    kind: Kind
    line: int
    columns: Mapping[str, int]
    ignored: Sequence[str]


def recognise(table: SourceTable) -> Recognised | None:
    """Returns the first row of headings that is known, among the first ten rows; None without one."""
    for line, cells in table.rows[:MOST_ABOVE]:
        found: dict[str, int] = {}
        ignored: list[str] = []
        for column, cell in enumerate(cells):
            name = _FIELDS.get(plain_heading(cell))
            if name is not None and name not in found:
                found[name] = column
            elif cell is not None:
                ignored.append(str(cell))
        for kind, needed in NEEDED.items():
            if needed <= found.keys():
                return Recognised(kind, line, found, ignored)
    return None


def plain_heading(cell: Cell) -> str:
    """Returns a heading without blanks, width, case and what stands in brackets behind it."""
    text = unicodedata.normalize("NFKC", str(cell or "")).casefold()
    return "".join(_BRACKETED.sub("", text).split()).strip(":*")


def _fields() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("collect_titles", "collect_comments"):
        for column in SPECS[name].columns:
            found |= {plain_heading(column.heading): column.key, plain_heading(column.key): column.key}
    for key, names in _BY_HAND.items():
        for name in names:
            found.setdefault(plain_heading(name), key)
    return found


_FIELDS = _fields()
