"""`phonefleet import`: reads titles and comments that were collected before phonefleet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.tables import Author
from models.tasks.earlier_results import EarlierTitle, Stored, known_titles, record_import, store_title
from models.transactions.read_write import read
from models.values.refused import Problem, Refused, refuse
from scripts.commands.earlier_results.files import SourceTable, read_tables
from scripts.commands.earlier_results.headings import NEEDED, Kind, recognise
from scripts.commands.earlier_results.rows import Given, ReadTable, read_rows
from scripts.connect import open_ledger, operator
from scripts.terminal.show import Block, print_blocks, say
from workers.settings import settings

MOST_SHOWN = 20  # rows that cannot be read


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file: its digest, the titles in it, what it says of each table, and the problems of its rows."""

    path: Path
    digest: str
    titles: Sequence[EarlierTitle]
    told: Sequence[Block]
    problems: Sequence[Problem]


def import_results(
    files: Annotated[list[Path], typer.Argument(help="Excel, CSV or docx files with tables of titles or comments.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write to the ledger; without it, only tell.")] = False,
    author: Annotated[str, typer.Option(help="视频号ID of rows without such a column.")] = "",
    title: Annotated[str, typer.Option(help="The video of comments without a column 标题.")] = "",
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Import the other rows.")] = False,
    who: Annotated[str, typer.Option(help="Who imports; kept in the ledger.")] = "",
) -> None:
    """Read titles and comments from Excel, CSV or docx tables, so that they count as collected."""
    console, engine = Console(), open_ledger()
    given = read(engine, lambda session: _given(session, author, title))
    found = [_read_file(engine, path, given) for path in files]
    for one in found:
        print_blocks(console, str(one.path), one.told)
    problems = [problem for one in found for problem in one.problems]
    if not apply:
        _tell_problems(console, problems)
        say(console, "nothing was written; import it: the same command with --apply")
        return
    if problems and not skip_bad_rows:
        raise Refused(problems)
    for one in found:
        _store(console, engine, one, operator(who))


def _given(session: Session, author_id: str, title: str) -> Given:
    names = {one.id: one.name for one in session.execute(select(Author.id, Author.name))}
    if author_id and author_id not in names:
        raise refuse("--author", f"author {author_id!r} is unknown", "phonefleet authors add ID NAME")
    alike: dict[str, list[str]] = {}
    for found_id, name in names.items():
        alike.setdefault(name, []).append(found_id)
    by_name = {name: ids[0] for name, ids in alike.items() if len(ids) == 1}
    return Given(settings().timezone, by_name, names, author_id, title)


def _read_file(engine: Engine, path: Path, given: Given) -> ReadFile:
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


def _tell_problems(console: Console, problems: Sequence[Problem]) -> None:
    if not problems:
        return
    shown = [Block(f"{one.field}: {one.reason}", (), one.remedy) for one in problems[:MOST_SHOWN]]
    print_blocks(console, f"{len(problems)} rows cannot be read:", shown)
    if len(problems) > MOST_SHOWN:
        say(console, f"and {len(problems) - MOST_SHOWN} more", 2)


def _store(console: Console, engine: Engine, one: ReadFile, who: str) -> None:
    stored = Stored()
    for title in track(one.titles, one.path.name, console=console, transient=True):
        stored += store_title(engine, one.digest, title)
    record_import(engine, who, one.path.name, one.digest, stored)
    say(
        console,
        f"{one.path}: {stored.titles} titles and {stored.comments} comments are new;"
        f" {stored.marked} titles count as collected from now on",
    )
