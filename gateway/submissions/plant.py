"""Plant what customers ask for: once for each reference, in one transaction with the memory of the request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller, Replayed
from gateway.problem import ApiProblem
from gateway.submissions.open_task_quota import OpenTaskQuota
from gateway.submissions.submission import Submission
from models.database.clock import database_now
from models.history.request_ids import remember_all
from models.refused import Problem, Refused, refuse
from models.tables import Campaign
from workers.planting.plant import LATEST_END, CheckedCampaign, check_planting, plant_checked
from workers.planting.validate import LedgerFacts

LONGEST = timedelta(days=366)  # as far as a canvas may wait

Show = Callable[[Session, Sequence[Campaign]], Sequence[Any]]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PlantRequest:
    """One request to plant. `show` makes its answer, for many of its kind at once."""

    caller: Caller
    wish: Submission
    show: Show

    @property
    def key(self) -> Key:
        """What stands for one campaign."""
        return self.caller.key.id, self.wish.reference


@dataclass(frozen=True, slots=True)
class PlantResult:
    """What came of it: the answer, and whether it is new; or why it was declined."""

    shown: Any = None
    new: bool = False
    declined: ApiProblem | None = None


def plant(session: Session, asked: Sequence[PlantRequest], waiting: OpenTaskQuota) -> list[PlantResult]:
    """Plant requests of one kind; what came of each. The coordinator rings what is ready.

    What is declined is remembered as well, so that a request is let in once whatever becomes of it.
    Raises Replayed when one of them came before; then nothing is planted.
    """
    now = database_now(session)
    if not remember_all(session, [(one.caller.key.id, one.caller.request_id) for one in asked], now):
        raise Replayed
    known = _known(session, asked)
    grounds = {sandbox: LedgerFacts(session, sandbox=sandbox) for sandbox in (True, False)}
    seedlings: list[CheckedCampaign] = []
    declined: dict[int, ApiProblem] = {}
    new: set[int] = set()
    for place, one in enumerate(asked):
        try:
            if one.key in known:
                _check_same(known[one.key], one.wish.digest)
                continue
            ground = grounds[one.caller.key.sandbox]
            seedling = _seedling(session, one, now, ground)
            waiting.make_room(session, one.caller.key.id, len(one.wish.planted.rows), one.caller.key.most_waiting)
        except ApiProblem as error:
            declined[place] = error
        else:
            known[one.key] = seedling.campaign
            seedlings.append(seedling)
            new.add(place)
    plant_checked(session, seedlings, now)
    told = [known[one.key] for place, one in enumerate(asked) if place not in declined]
    shown = iter(asked[0].show(session, told) if told else ())
    return [
        PlantResult(declined=declined[place]) if place in declined else PlantResult(next(shown), place in new)
        for place in range(len(asked))
    ]


def planted_before(session: Session, caller: Caller, reference: str, digest: str, show: Show) -> Any | None:
    """What is shown of what a reference stands for; None when that is nothing. Raises Replayed, Declined."""
    caller.once(session)
    known = campaign_of(session, caller, reference)
    if known is None:
        return None
    _check_same(known, digest)
    return show(session, [known])[0]


def campaign_of(session: Session, caller: Caller, reference: str) -> Campaign | None:
    """What a reference of this key stands for already."""
    mine = (Campaign.key_id == caller.key.id, Campaign.reference == reference)
    return session.scalars(select(Campaign).where(*mine)).one_or_none()


def _known(session: Session, asked: Sequence[PlantRequest]) -> dict[Key, Campaign]:
    """The campaigns that references stand for already."""
    which = or_(
        *(and_(Campaign.key_id == key_id, Campaign.reference == name) for key_id, name in {a.key for a in asked})
    )
    return {(one.key_id or "", one.reference or ""): one for one in session.scalars(select(Campaign).where(which))}


def _check_same(known: Campaign, digest: str) -> None:
    """Raises Declined (reference_taken) when the reference stands for another request."""
    if known.request_digest != digest:
        reason = f"{known.reference!r} stands for another request, campaign {known.id}"
        raise ApiProblem("reference_taken", problems=[Problem("reference", reason, "take a new one")])


def _seedling(session: Session, one: PlantRequest, now: datetime, ground: LedgerFacts) -> CheckedCampaign:
    """The campaign, checked. Raises Declined."""
    wish, caller = one.wish, one.caller
    sandbox = caller.key.sandbox
    problems, latest_end = wish_problems(session, wish, now, sandbox=sandbox, ground=ground)
    if problems:
        raise ApiProblem.of(Refused(problems))
    lone = wish.kind == "task"
    campaign = Campaign(
        id=str(uuid4()),
        name=wish.name,
        asked_by=caller.key.customer,
        asked_for=dict(wish.asked_for),
        join=wish.join,
        seed=wish.seed,
        key_id=caller.key.id,
        reference=wish.reference,
        request_digest=wish.digest,
        callback_url=None if lone else wish.callback_url,  # a lone task tells its own end, and nothing else ends
        sandbox=sandbox,
    )
    return CheckedCampaign(campaign, wish.planted, latest_end, wish.callback_url)


def wish_problems(
    session: Session, wish: Submission, now: datetime, *, sandbox: bool, ground: LedgerFacts | None = None
) -> tuple[list[Problem], datetime]:
    """All that planting would refuse it for, its latest end included, and that end."""
    problems: list[Problem] = []
    latest_end = now + LATEST_END
    try:
        latest_end = now + time_left(wish.latest_end, now)
    except Refused as refused:
        problems += refused.problems
    try:
        check_planting(session, wish.planted.rows, latest_end, now, sandbox=sandbox, ground=ground)
    except Refused as refused:
        problems += wish.in_its_words(refused).problems
    return problems, latest_end


def time_left(latest_end: datetime | None, now: datetime) -> timedelta:
    """How long the tasks may take. Raises Refused for a moment that is past or further away than tasks may live."""
    if latest_end is None:
        return LATEST_END
    left = latest_end - now
    if not timedelta() < left <= LONGEST:
        days = LONGEST.days
        raise refuse("latest_end", f"{latest_end.isoformat()} is not within the next {days} days", "give such a moment")
    return left
