"""Checks the comments that a campaign file names, to be disliked or reported, before they are planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from models.responsible_use.authors import read_caps
from models.responsible_use.caps import basis_refusal
from models.responsible_use.usage import actions_on_author
from models.values.refused import Problem
from workers.campaigns.given_campaign import GivenCampaign
from workers.campaigns.named_comments import Named
from workers.planting.validate import LedgerFacts


def named_problems(
    session: Session, facts: LedgerFacts, given: GivenCampaign, named: Sequence[tuple[str, Sequence[Named]]]
) -> Iterator[Problem]:
    """Yields each problem of the comments in these parts of a file: part → its comments."""
    for part, comments in named:
        yield from _unknown(facts, given, part, comments)
        yield from _no_room(session, facts, part, comments)


def _unknown(facts: LedgerFacts, given: GivenCampaign, part: str, comments: Sequence[Named]) -> Iterator[Problem]:
    facts.read_bases(one.author_id for one in comments)
    for place, one in enumerate(comments):
        if one.account not in facts.accounts:
            unknown = Problem(f"{part}.account", f"account {one.account!r} is unknown", "see: phonefleet accounts list")
            yield given.at((part, place, "account"), unknown)
        refusal = basis_refusal(one.author_id, facts.basis(one.author_id), facts.today)
        if refusal is not None:
            remedy = "an admin sets it: phonefleet authors basis ID owned|permitted"
            yield given.at((part, place, "author_id"), Problem(f"{part}.author_id", refusal.reason, remedy))


def _no_room(session: Session, facts: LedgerFacts, part: str, comments: Sequence[Named]) -> Iterator[Problem]:
    caps = read_caps(session)
    most_each = caps.dislikes_per_comment if part == "dislikes" else 1
    for target, times in Counter((one.author_id, one.title, *one.target) for one in comments).items():
        if times > most_each:
            reason = f"{' '.join(target)!r} is named {times} times, and {most_each} of ours may do it"
            yield Problem(part, reason, "name it less often")
    most = caps.dislikes_per_author_day if part == "dislikes" else caps.reports_per_author_day
    for author, asked in Counter(one.author_id for one in comments).items():
        done = actions_on_author(session, comments[0].flow, author, facts.today, sandbox=facts.sandbox)
        if done + asked > most:
            yield Problem(
                f"caps.{part}_per_author_day",
                f"{asked} are asked for on videos of {author!r}, {done} were done today, and the cap is {most}",
                "name fewer, wait for the next day, or have an admin change the cap: phonefleet authors caps",
            )
