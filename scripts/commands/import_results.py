"""`phonefleet import`: reads titles and comments that were collected before phonefleet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine

from models.transactions.read_write import read
from models.values.refused import Problem, Refused
from scripts.connect import open_ledger, operator
from scripts.terminal.language import said
from scripts.terminal.show import Block, print_blocks, say

if TYPE_CHECKING:
    from scripts.commands.earlier_results.read_results import ReadFile

MOST_SHOWN = 20  # rows that cannot be read


def import_results(
    files: Annotated[list[Path], typer.Argument(help="Excel, CSV or docx files with tables of titles or comments.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write to the ledger; without it, only tell.")] = False,
    author: Annotated[str, typer.Option(help="视频号ID of rows without such a column.")] = "",
    title: Annotated[str, typer.Option(help="The video of comments without a column 标题.")] = "",
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Import the other rows.")] = False,
    who: Annotated[str, typer.Option(help="Who imports; kept in the ledger.")] = "",
) -> None:
    """Read titles and comments from Excel, CSV or docx tables, so that they count as collected."""
    # reading needs pydantic, and --help does not
    from scripts.commands.earlier_results.read_results import given_by_command, read_file  # noqa: PLC0415

    console, engine = Console(), open_ledger()
    given = read(engine, lambda session: given_by_command(session, author, title))
    found = [read_file(engine, path, given) for path in files]
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


def _tell_problems(console: Console, problems: Sequence[Problem]) -> None:
    if not problems:
        return
    shown = [Block(f"{one.field}: {said(one.reason)}", (), one.remedy) for one in problems[:MOST_SHOWN]]
    print_blocks(console, f"{len(problems)} rows cannot be read:", shown)
    if len(problems) > MOST_SHOWN:
        say(console, f"and {len(problems) - MOST_SHOWN} more", 2)


def _store(console: Console, engine: Engine, one: ReadFile, who: str) -> None:
    from rich.progress import track  # noqa: PLC0415

    from models.tasks.earlier_results import Stored, record_import, store_title  # noqa: PLC0415

    stored = Stored()
    for title in track(one.titles, one.path.name, console=console, transient=True):
        stored += store_title(engine, one.digest, title)
    record_import(engine, who, one.path.name, one.digest, stored)
    say(
        console,
        f"{one.path}: {stored.titles} titles and {stored.comments} comments are new;"
        f" {stored.marked} titles count as collected from now on",
    )
