"""Collects one author's titles 标题 and comments 数据采集, then likes randomly drawn comments (directed 定向任务)."""

from __future__ import annotations

from typing import Annotated

import typer
from celery import chord
from celery.canvas import Signature
from rich.console import Console

from phonefleet import desk, flows, follow_to_the_end, in_words, join_fleet, operator, submit
from scripts.terminal.show import say


def canvas(author_id: str, videos: int, comments: int, likes: int) -> Signature:
    """Returns the canvas. `each_title` fans out over the titles found; the chord's body runs with those collected."""
    titles = flows.collect_titles.si(author_id=author_id, count=videos)
    collected = titles | desk.each_title.s(most=comments)
    return chord([collected], desk.draw_directed.s(like_comment=likes).set(join="settled"))


def main(
    author_id: Annotated[str, typer.Argument(help="视频号ID, with a basis: phonefleet authors basis ID owned")],
    videos: Annotated[int, typer.Option(help="How many videos.")] = 2,
    comments: Annotated[int, typer.Option(help="How many comments of each.")] = 20,
    likes: Annotated[int, typer.Option(help="How many comments to like, over all accounts.")] = 4,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to follow it.")] = 600,
) -> None:
    """Collect from one author, then like some of the comments. Ends with 0 when all was done."""
    join_fleet()
    handle = submit(canvas(author_id, videos, comments, likes), name=f"one author: {author_id}", asked_by=operator())
    console = Console()
    status = follow_to_the_end(handle, console, wait)
    if status == 0:
        say(console, f"asked, drawn and done: {handle.get(timeout=10)}")
    raise typer.Exit(status)


if __name__ == "__main__":
    with in_words():
        typer.run(main)
