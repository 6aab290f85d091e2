"""Turns the rows of a recognised table into titles and comments, or into problems with their places. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.counts import read_count
from flows.times import read_shown
from models.tasks.earlier_results import EarlierComment, EarlierTitle
from models.values.names import id_fault, name_fault, title_fault
from models.values.refused import Problem
from scripts.commands.earlier_results.files import Cell, SourceTable
from scripts.commands.earlier_results.headings import Kind, Recognised, plain_heading

YES = frozenset({"是", "已采集", "已", "有", "√", "✓", "✔", "yes", "y", "true", "1"})
NO = frozenset({"否", "未采集", "未", "无", "没有", "×", "✗", "no", "n", "false", "0"})
_ANOTHER_YEAR = timedelta(days=400)  # a time that reads alike from there is a full date


@dataclass(frozen=True, slots=True)
class Given:
    """Values for rows without such a column, and what the installation knows: author ids by name, and the zone."""

    zone: ZoneInfo
    ids_by_name: Mapping[str, str]
    names_by_id: Mapping[str, str]
    author_id: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class ReadTable:
    """What a table gives: titles, each with its comments, and the problems of other rows."""

    titles: Sequence[EarlierTitle]
    problems: Sequence[Problem]
    rows: int


class BadRow(Exception):
    """A row cannot be read: its column, the reason and the remedy."""

    def __init__(self, column: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.column, self.reason, self.remedy = column, reason, remedy


def read_rows(table: SourceTable, known: Recognised, given: Given, saved_at: datetime) -> ReadTable:
    """Reads all rows below the headings. `saved_at` is the file's time: no result is later.

    Titles that stand in several rows are one: the first row's counts hold. A row like the headings is skipped: a table
    that goes on over pages repeats them.
    """
    headings = [plain_heading(cell) for line, cells in table.rows if line == known.line for cell in cells]
    titles: dict[tuple[str, str], EarlierTitle] = {}
    problems: list[Problem] = []
    rows = 0
    for line, cells in table.rows:
        if line <= known.line or [plain_heading(cell) for cell in cells] == headings:
            continue
        rows += 1
        row = {name: cells[column] if column < len(cells) else None for name, column in known.columns.items()}
        try:
            title = _title(row, given, known.kind)
            comment = _comment(row, given.zone, saved_at) if known.kind is Kind.COMMENTS else None
        except BadRow as bad:
            problems.append(Problem(f"{table.name}, line {line}, {bad.column}", bad.reason, bad.remedy))
            continue
        kept = titles.setdefault((title.author_id, title.title), title)
        if comment is not None:
            kept.comments.append(comment)
    return ReadTable(list(titles.values()), problems, rows)


def _title(row: Mapping[str, Cell], given: Given, kind: Kind) -> EarlierTitle:
    text = _shown(row, "title", "标题") or given.title
    if not text:
        remedy = "fill it in" if "title" in row else "add a column 标题, or name the video: --title"
        raise BadRow("标题", "it is empty", remedy)
    fault = title_fault(text)
    if fault is not None:
        raise BadRow("标题", fault, "write it as the app shows it")
    author_id = _author_id(row, given)
    return EarlierTitle(
        author_id=author_id,
        author=given.names_by_id[author_id],
        title=text,
        shown_count=_count(row, "shown_count", "显示评论数"),
        real_count=_count(row, "real_count", "实际评论数"),
        collected=kind is Kind.COMMENTS or _collected(row.get("collected")),
    )


def _author_id(row: Mapping[str, Cell], given: Given) -> str:
    author_id, name = _text(row.get("author_id")), _text(row.get("author"))
    found = author_id or given.ids_by_name.get(name) or (given.author_id if not name else "")
    if found in given.names_by_id:
        return found
    if not found and not name:
        raise BadRow("视频号ID", "no author is named", "add a column 视频号ID, or name the author: --author ID")
    column, value, fault = ("视频号ID", found, id_fault(found)) if found else ("视频号", name, name_fault(name))
    raise BadRow(column, fault or f"author {value!r} is unknown", "phonefleet authors add ID NAME")


def _collected(cell: Cell) -> bool:
    if cell is None or isinstance(cell, bool):
        return cell is not False
    word = _text(cell).casefold()
    if word in YES or word in NO:
        return word in YES
    raise BadRow("是否已采集", f"{_short(word)} is neither 是 nor 否", "write 是 or 否, or leave it empty for 是")


def _comment(row: Mapping[str, Cell], zone: ZoneInfo, saved_at: datetime) -> EarlierComment:
    commenter = _shown(row, "commenter", "评论人")
    if not commenter:
        raise BadRow("评论人", "it is empty", "fill it in")
    shown = _text(row.get("time"))
    at, precision = _moment(shown, zone, saved_at)
    return EarlierComment(
        commenter=commenter,
        text=_shown(row, "text", "评论内容"),
        likes=_count(row, "likes", "点赞数"),
        replies=_count(row, "replies", "回复数"),
        time=shown,
        at=at,
        precision=precision,
    )


def _moment(shown: str, zone: ZoneInfo, saved_at: datetime) -> tuple[str | None, str | None]:
    """Returns a comment's moment in ISO 8601 and its precision; None for 昨天 and the like.

    Such words count from the moment of collecting, which no file tells.
    """
    try:
        written = datetime.fromisoformat(shown)
    except ValueError:
        read, later = read_shown(shown, saved_at, zone), read_shown(shown, saved_at + _ANOTHER_YEAR, zone)
        if read.at is None or read.precision is None or read.at != later.at:
            return None, None
        return read.at.isoformat(), str(read.precision)
    moment = written if written.tzinfo is not None else written.replace(tzinfo=zone)
    if moment > saved_at:
        return None, None
    return moment.isoformat(), "day" if len(shown) <= len("2026-01-01") else "minute"


def _count(row: Mapping[str, Cell], name: str, column: str) -> int | None:
    cell = row.get(name)
    if cell is None:
        return None
    if isinstance(cell, int) and not isinstance(cell, bool) and cell >= 0:
        return cell
    found = read_count(_text(cell)) if isinstance(cell, str) else None
    if found is None:
        raise BadRow(column, f"{_short(str(cell))} is no number", "write a whole number, or leave it empty")
    return found.value


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()  # as a sheet shows it
    return "" if cell is None else str(cell).strip()


def _shown(row: Mapping[str, Cell], name: str, column: str) -> str:
    """Returns a text as the sheet shows it. Raises BadRow for a fraction, which it may show as 50% or 0.50."""
    cell = row.get(name)
    if isinstance(cell, float):
        raise BadRow(column, f"{cell} is a number that the sheet may show in another way", "write it as text")
    return _text(cell)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
