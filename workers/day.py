"""The operator's day: from a campaign file to the canvas that is planted."""

from __future__ import annotations

import random
from typing import Any

from celery import chord, group
from celery.canvas import Signature
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.accounts import known_accounts
from models.authors import basis_of, read_caps
from models.caps import basis_refusal, operator_day
from models.engine import database_now, read
from models.refused import Problem, Refused
from models.tables import ActionRow
from workers.app import app
from workers.campaign_file import CampaignFile
from workers.fit import cap_problems
from workers.handle import Handle
from workers.ledger import ledger
from workers.settings import settings
from workers.submit import submit


def submit_day(day: CampaignFile, *, asked_by: str, engine: Engine | None = None) -> Handle:
    """Plant a campaign file. Raises Refused with every problem, and then nothing is planted."""
    ground = engine or ledger()
    accounts = read(ground, lambda session: accounts_taking_part(session, day))
    seed = day.seed if day.seed is not None else random.SystemRandom().getrandbits(31)
    return submit(
        day_canvas(day, accounts),
        name=day.campaign,
        asked_by=asked_by,
        seed=seed,
        asked_for=day.model_dump(mode="json"),
        engine=ground,
    )


def day_canvas(day: CampaignFile, accounts: list[str]) -> Signature:
    """Nurture once an account; beside it titles → comments → directed. What fails stops only what needs it."""
    parts: list[Signature] = []
    if day.nurture is not None:
        parts += [nurture_on(account, day.nurture.model_dump(mode="json")) for account in accounts]
    if day.collect is not None:
        collected = group(_author_collection(day, author) for author in day.collect.authors)
        parts.append(chord(collected, _after_collection(day, len(accounts)).set(join="settled")))
    return group(parts)


def nurture_on(account: str, params: dict[str, Any]) -> Signature:
    """One nurture session, on the phone where that account is logged in when its turn comes."""
    return app.signature("nurture", kwargs=params, queue=f"account.{account}", immutable=True)


def _author_collection(day: CampaignFile, author: str) -> Signature:
    assert day.collect is not None
    wanted = day.collect
    titles = app.signature(
        "collect_titles",
        kwargs={
            "author_id": author,
            "count": wanted.videos,
            "least_comments": wanted.least_comments,
            "video_loop": wanted.video_loop,
        },
        immutable=True,
    )
    return titles | app.signature("each_title", kwargs={"most": wanted.comments, "video_loop": wanted.video_loop})


def _after_collection(day: CampaignFile, accounts: int) -> Signature:
    if day.directed is None:
        return app.signature("gather")
    asked = day.directed.per_account
    return app.signature(
        "draw_directed",
        kwargs={
            "comment": asked.comments * accounts,
            "reply": asked.replies * accounts,
            "like_comment": asked.comment_likes * accounts,
            "comment_texts": list(day.directed.comment_texts),
            "reply_texts": list(day.directed.reply_texts),
            "video_loop": day.directed.video_loop,
            "comment_loop": day.directed.comment_loop,
        },
    )


def accounts_taking_part(session: Session, day: CampaignFile, *, sandbox: bool = False) -> list[str]:
    """The accounts that take part, of simulated phones or of real ones. Raises Refused with all that is wrong."""
    known = known_accounts(session, sandbox=sandbox)
    problems: list[Problem] = []
    accounts = [one for one, live in known.items() if live] if day.accounts == "all" else list(day.accounts)
    if not accounts:
        problems.append(Problem("accounts", "no account is known yet", "start the hosts, or: phonefleet accounts add"))
    problems += [
        Problem("accounts", f"account {account!r} is unknown", "see: phonefleet accounts list")
        for account in accounts
        if account not in known
    ]
    today = operator_day(database_now(session), settings().timezone.key)
    problems += _author_problems(session, day, today)
    counted = session.execute(
        select(ActionRow.account_id, func.count())
        .where(ActionRow.day == today, ActionRow.outcome != "not_done")
        .group_by(ActionRow.account_id)
    )
    problems += cap_problems(day, accounts, read_caps(session), dict(counted.all()))
    if problems:
        raise Refused(problems)
    return accounts


def _author_problems(session: Session, day: CampaignFile, today: Any) -> list[Problem]:
    problems: list[Problem] = []
    for author in day.collect.authors if day.collect is not None else ():
        basis = basis_of(session, author)
        if basis is None:
            problems.append(
                Problem("collect.authors", f"author {author!r} is unknown", "phonefleet authors add ID NAME")
            )
        elif day.directed is not None and day.without_basis == "refuse":
            refusal = basis_refusal(author, basis, today)
            if refusal is not None:
                remedy = "an admin sets a basis: phonefleet authors basis; or say without_basis: collect_only"
                problems.append(Problem("collect.authors", refusal.reason, remedy))
    return problems
