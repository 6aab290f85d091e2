"""Nurture 养号: every live account once, each on the phone where it is logged in when its turn comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from celery import group
from celery.canvas import Signature
from rich.console import Console
from sqlalchemy import select

from models.engine import read
from models.tables import Account
from scripts.following import follow
from scripts.ground import join_fleet, operator
from scripts.words import in_words
from workers.submit import submit
from workers.tasks import nurture


def canvas(accounts: Iterable[str], **params: Any) -> Signature:
    """One session an account, side by side; a queue named `account.ID` pins each."""
    return group(nurture.si(**params).set(queue=f"account.{account}") for account in accounts)


def main(
    likes: Annotated[int, typer.Option(help="Video likes 视频点赞数, an account.")] = 3,
    loop: Annotated[int, typer.Option(help="Most videos to look at 视频循环数.")] = 30,
    wait: Annotated[float, typer.Option(help="Seconds to follow it.")] = 600,
) -> None:
    """Nurture every live account once."""
    ledger = join_fleet()
    accounts = read(ledger, lambda session: session.scalars(select(Account.id).where(Account.live)).all())
    handle = submit(canvas(accounts, video_likes=likes, video_loop=loop), name="nurture all", asked_by=operator())
    follow(handle, Console(), wait)


if __name__ == "__main__":
    in_words(lambda: typer.run(main))
