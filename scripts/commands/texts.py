"""`phonefleet comments` and `phonefleet titles`: list and search what was collected."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from models.tasks.texts.filters import TextFilter
from models.tasks.texts.read import MOST_IN_A_PAGE, CollectedText, texts_page
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger
from scripts.terminal.moments import stamp
from scripts.terminal.show import Sheet, print_sheet, say, say_json
from workers.settings.moments import read_span

MOST_SHOWN = 200  # characters of a text in a table; --json has all of it
OF_COMMENTS = ("collected", "author", "title", "commenter", "text", "posted", "likes", "replies")
OF_TITLES = ("collected", "author", "title", "shown", "counted", "comments collected")

Text = Annotated[str, typer.Argument(help="What they contain: case, width and signs that nobody sees do not matter.")]
Author = Annotated[str, typer.Option(help="Only of this 视频号ID.")]
Since = Annotated[str, typer.Option(help="First collected at this time or later: 2027-01-31T08:00.")]
Until = Annotated[str, typer.Option(help="First collected before this time.")]
Sandbox = Annotated[bool, typer.Option("--sandbox", help="What simulated phones showed instead.")]
Last = Annotated[int, typer.Option(min=1, max=MOST_IN_A_PAGE, help="How many, from the newest on.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
After = Annotated[int, typer.Option(help="Go on behind this place, which the list before named.")]


def comments(  # noqa: PLR0913, PLR0917 - each is an option of the command
    text: Text = "",
    author: Author = "",
    title: Annotated[str, typer.Option(help="Only of the video with exactly this title; name its author too.")] = "",
    since: Since = "",
    until: Until = "",
    sandbox: Sandbox = False,
    last: Last = 50,
    after: After = 0,
    as_json: AsJson = False,
) -> None:
    """List collected comments, those collected last first; with a text, those that contain it."""
    which = TextFilter("comment", text or None, author or None, title or None, sandbox=sandbox)
    _list(_within(which, since, until), OF_COMMENTS, last, after, as_json=as_json)


def titles(
    text: Text = "",
    author: Author = "",
    since: Since = "",
    until: Until = "",
    sandbox: Sandbox = False,
    last: Last = 50,
    after: After = 0,
    as_json: AsJson = False,
) -> None:
    """List collected titles, those collected last first; with a text, those that contain it."""
    which = TextFilter("title", text or None, author or None, sandbox=sandbox)
    _list(_within(which, since, until), OF_TITLES, last, after, as_json=as_json)


def _within(which: TextFilter, since: str, until: str) -> TextFilter:
    begin, end = read_span(("--since", since), ("--until", until))
    return replace(which, since=begin, until=end)


def _list(which: TextFilter, headings: tuple[str, ...], last: int, after: int, *, as_json: bool) -> None:
    if after < 0:
        raise refuse("--after", f"{after} is no place of a list", "give the number that the list before named")
    console, engine = Console(), existing_ledger()
    found, following = read(engine, lambda session: texts_page(session, which, after or None, last))
    if as_json:
        for one in found:
            say_json(console, as_values(one))
        return
    rows = [_cells(one) for one in found]
    print_sheet(console, Sheet(f"collected {which.kind}s", headings, rows, "other filters may match", 1, timed=True))
    if following is not None:
        say(console, f"there may be older ones: --after {following}", whole=True)


def as_values(one: CollectedText) -> dict[str, Any]:
    """Returns a title or a comment as JSON values."""
    title, comment = one.title, one.comment
    of_title = {"author_id": title.author_id, "author": title.author, "title": title.title}
    at = {"collected_at": one.collected_at.isoformat()}
    if comment is None:
        done = title.comments_collected_at
        counts = {"shown_count": title.shown_count, "real_count": title.real_count}
        return {**of_title, **counts, **at, "comments_collected_at": None if done is None else done.isoformat()}
    posted = {"posted_at": None if comment.posted_at is None else comment.posted_at.isoformat()}
    names = ("commenter", "text", "likes", "replies", "place", "time", "posted_precision")
    return {**of_title, **{name: getattr(comment, name) for name in names}, **posted, **at}


def _cells(one: CollectedText) -> list[str]:
    title, comment = one.title, one.comment
    head = [stamp(one.collected_at), title.author or title.author_id, _short(title.title)]
    if comment is None:
        return [*head, _number(title.shown_count), _number(title.real_count), stamp(title.comments_collected_at)]
    return [
        *head, comment.commenter, _short(comment.text), _posted(comment.posted_at, comment.time),
        _number(comment.likes), _number(comment.replies),
    ]  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def _posted(at: datetime | None, shown: str) -> str:
    return stamp(at) or shown


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
