"""Nurtures 养号 every live account once, on the phone where it is logged in when its task begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from celery import group
from celery.canvas import Signature
from rich.console import Console
from sqlalchemy import select

from models.tables import Account, Author
from models.transactions.read_write import read
from models.values.refused import refuse
from phonefleet import flows, follow_to_the_end, in_words, join_fleet, operator, submit

VIDEOS_A_LIKE = 60  # a feed shows many authors, and only the videos of those with a basis are liked


def canvas(accounts: Iterable[str], **params: Any) -> Signature:
    """Returns one parallel session for each account; a queue named `account.ID` pins it."""
    return group(flows.nurture.si(**params).set(queue=f"account.{account}") for account in accounts)


def main(
    likes: Annotated[int, typer.Option(min=1, help="Video likes 视频点赞数, an account.")] = 3,
    loop: Annotated[
        int, typer.Option(min=0, max=1000, help=f"Most videos to look at 视频循环数; 0: {VIDEOS_A_LIKE} for each like.")
    ] = 0,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to follow it.")] = 600,
) -> None:
    """Nurture every live account once. Ends with 0 when all did."""
    ledger = join_fleet()
    accounts = read(ledger, lambda session: session.scalars(select(Account.id).where(Account.live)).all())
    if not accounts:
        raise refuse("accounts", "none is known yet", "serve a phone with one: phonefleet up; see phonefleet accounts")
    if read(ledger, lambda session: session.scalar(select(Author.id).where(Author.basis != "none").limit(1))) is None:
        reason = "no author has a basis, so every video would be skipped"
        raise refuse("authors", reason, "phonefleet authors basis ID owned")
    looked_at = loop or min(1000, likes * VIDEOS_A_LIKE)
    each = canvas(accounts, video_likes=likes, video_loop=looked_at)
    handle = submit(each, name="nurture all", asked_by=operator(), engine=ledger)
    raise typer.Exit(follow_to_the_end(handle, Console(), wait))


if __name__ == "__main__":
    with in_words():
        typer.run(main)
