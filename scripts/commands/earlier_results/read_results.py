"""Reads one file with earlier results: its tables, the titles and comments in them, and the problems of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.tables import Author
from models.tasks.earlier_results import EarlierTitle, known_titles
from models.transactions.read_write import read
from models.values.refused import Problem, refuse
from scripts.commands.earlier_results.files import SourceTable, read_tables
from scripts.commands.earlier_results.headings import NEEDED, Kind, recognise
from scripts.commands.earlier_results.rows import Given, ReadTable, read_rows
from scripts.terminal.show import Block
from workers.settings import settings


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file: its digest, the titles in it, what it says of each table, and the problems of its rows."""

    path: Path
    digest: str
    titles: Sequence[EarlierTitle]
    told: Sequence[Block]
    problems: Sequence[Problem]


def given_by_command(session: Session, author_id: str, title: str) -> Given:
    """Returns what the command's options and the known authors give to every row. Raises Refused."""
    names = {one.id: one.name for one in session.execute(select(Author.id, Author.name))}
    if author_id and author_id not in names:
        raise refuse("--author", f"author {author_id!r} is unknown", "phonefleet authors add ID NAME")
    alike: dict[str, list[str]] = {}
    for found_id, name in names.items():
        alike.setdefault(name, []).append(found_id)
    by_name = {name: ids[0] for name, ids in alike.items() if len(ids) == 1}
    return Given(settings().timezone, by_name, names, author_id, title)


def read_file(engine: Engine, path: Path, given: Given) -> ReadFile:
    """Reads a file. Raises Refused when no table in it has rows under known headings."""
    tables = read_tables(path)
    saved_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    titles: dict[tuple[str, str], EarlierTitle] = {}
    told: list[Block] = []
    problems: list[Problem] = []
    for table in tables:
        known = recognise(table)
        if known is None:
            told.append(Block(f"{table.name}: no known headings; not read"))
            continue
        got = read_rows(table, known, given, saved_at)
        told.append(_told(engine, table, known.kind, got, known.ignored))
        problems += got.problems
        _join(titles, got.titles)
    if not titles and not problems:
        needed = " or ".join(" and ".join(sorted(fields)) for fields in NEEDED.values())
        remedy = f"give one table headings, such as 标题, or 评论人 and 评论内容 (in English: {needed})"
        raise refuse(str(path), "no table in it has rows under known headings", remedy)
    return ReadFile(path, digest, list(titles.values()), told, problems)


def _join(titles: dict[tuple[str, str], EarlierTitle], more: Sequence[EarlierTitle]) -> None:
    """Adds the titles of another table of the file; comments go to the title that is there."""
    for one in more:
        kept = titles.setdefault((one.author_id, one.title), one)
        if kept is not one:
            kept.comments.extend(one.comments)


def _told(engine: Engine, table: SourceTable, kind: Kind, got: ReadTable, ignored: Sequence[str]) -> Block:
    known = read(engine, lambda session: known_titles(session, got.titles))
    new = sum(one.seen.key not in known for one in got.titles)
    marked = sum(one.collected and not known.get(one.seen.key, False) for one in got.titles)
    comments = sum(len(one.comments) for one in got.titles)
    counts = f"{len(got.titles)} titles, {new} of them new; {marked} will count as collected from now on"
    lines = [counts if kind is Kind.TITLES else f"{comments} comments on {counts}"]
    if got.problems:
        lines.append(f"{len(got.problems)} rows cannot be read")
    if ignored:
        lines.append(f"columns that are not read: {', '.join(ignored)}")
    return Block(f"{table.name}: {kind}, {got.rows} rows", lines)
