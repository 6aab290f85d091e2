"""Plants requests of customers: once for each reference, in the transaction that records the request id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller, Replayed
from gateway.keys.api_keys import Key
from gateway.problem import ApiProblem
from gateway.submissions.open_task_quota import OpenTaskQuota
from gateway.submissions.recent_facts import RecentFacts
from gateway.submissions.submission import Submission
from models.database.base import new_id
from models.database.clock import database_now_with
from models.history.request_ids import remember_all, seen_rows
from models.responsible_use.authors import bases_and_now
from models.tables import Campaign, SeenId
from models.tasks.open_tasks import OpenTasks
from models.transactions.insert_rows import new_row
from models.values.refused import Problem, Refused, refuse
from workers.lifecycle.stored_bytes import over_campaign
from workers.planting.pins import count_pinned
from workers.planting.plant import LATEST_END, CheckedCampaign, check_planting, plant_checked
from workers.planting.quota import TooManyWaiting, admit_bytes
from workers.planting.validate import LedgerFacts, authors_of

LONGEST = timedelta(days=366)  # the longest that a canvas may wait

Show = Callable[[Session, Sequence[Campaign]], Sequence[Any]]
Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PlantRequest:
    """One request to plant. `show` makes the answers for a batch of requests of its kind."""

    caller: Caller
    submission: Submission
    show: Show

    @property
    def key(self) -> Named:
        """The key id and the reference: together they name one campaign."""
        return self.caller.key.id, self.submission.reference


@dataclass(frozen=True, slots=True)
class PlantResult:
    """The answer, and whether it was planted now; or the problem that it was declined with."""

    shown: Any = None
    new: bool = False
    declined: ApiProblem | None = None


Before = tuple[datetime, dict[Named, Campaign], Callable[[Session, Key], LedgerFacts]]


class LookFirst(Exception):
    """A request is declined, unless its reference was planted before: nobody has looked yet."""


def plant(
    session: Session, asked: Sequence[PlantRequest], waiting: OpenTaskQuota, *, recent: RecentFacts | None = None
) -> list[PlantResult]:
    """Plants requests of one kind; returns one result each. The coordinator rings their tickets.

    The ids of declined requests are recorded as well, so that each request is accepted once.
    Raises Replayed when one was accepted before; then nothing is planted.
    With `recent` facts, takes it that no reference was planted before: raises IntegrityError when one was, and
    LookFirst when that, or a fact that is no longer true, could matter.
    """
    look = recent is None
    now, known, read_facts = _known(session, asked) if recent is None else _supposed_new(session, asked, recent)
    ids = [(one.caller.key.id, one.caller.request_id) for one in asked]
    if look and not remember_all(session, ids, now):
        raise Replayed
    facts_of: dict[tuple[bool, int], LedgerFacts] = {}
    to_plant: list[CheckedCampaign] = []
    declined: dict[int, ApiProblem] = {}
    new: set[int] = set()
    for place, one in enumerate(asked):
        try:
            if one.key in known:
                _check_same(known[one.key], one.submission.digest)
                continue
            key, rows = one.caller.key, one.submission.planted.rows
            facts = facts_of.setdefault((key.sandbox, key.highest_priority), read_facts(session, key))
            checked = _checked_campaign(one, now, facts)
            waiting.make_room(session, key.id, OpenTasks(len(rows), count_pinned(rows)), key.most_waiting)
            _make_room_for_bytes(session, checked, now)
        except ApiProblem as error:
            declined[place] = error
        else:
            known[one.key] = checked.campaign
            to_plant.append(checked)
            new.add(place)
    if declined and not look:
        raise LookFirst
    # without a look the ids go in the same trip: one that was recorded before is an IntegrityError too
    plant_checked(session, to_plant, now, beside=() if look else [(SeenId, seen_rows(ids, now))], ends=not look)
    told = [known[one.key] for place, one in enumerate(asked) if place not in declined]
    shown = iter(asked[0].show(session, told) if told else ())
    return [
        PlantResult(declined=declined[place]) if place in declined else PlantResult(next(shown), place in new)
        for place in range(len(asked))
    ]


def _make_room_for_bytes(session: Session, checked: CheckedCampaign, now: datetime) -> None:
    """Counts the bytes of its parameters. Raises ApiProblem (too_many_waiting) when its key stored too many today."""
    try:
        admit_bytes(session, checked.campaign, checked.planted.bytes, now)
    except TooManyWaiting as refused:
        raise ApiProblem("too_many_waiting", problems=refused.problems, headers={"retry-after": "3600"}) from None


def planted_before(session: Session, caller: Caller, reference: str, digest: str, show: Show) -> Any | None:
    """Returns the answer for what this reference planted; None for nothing. Raises Replayed, ApiProblem."""
    caller.once(session)
    known = campaign_of(session, caller, reference)
    if known is None:
        return None
    _check_same(known, digest)
    return show(session, [known])[0]


def campaign_of(session: Session, caller: Caller, reference: str) -> Campaign | None:
    """Returns the campaign that this key planted under the reference, if any."""
    mine = (Campaign.key_id == caller.key.id, Campaign.reference == reference)
    return session.scalars(select(Campaign).where(*mine)).one_or_none()


def _supposed_new(session: Session, asked: Sequence[PlantRequest], recent: RecentFacts) -> Before:
    """Returns what `_known` does, when no campaign is planted yet; reads the bases of the authors instead.

    It reads nothing when the recent facts are enough.
    """
    rows = [row for one in asked for row in one.submission.planted.rows]
    named = authors_of(rows)
    facts_told = recent.enough_for(rows, named)
    if facts_told is None:
        facts_told = bases_and_now(session, named)
        recent.tell(*facts_told)
    now, bases = facts_told

    def facts(session: Session, key: Key) -> LedgerFacts:
        made = facts_for(session, key)
        made.know_bases(named, bases)
        return made

    return now, {}, facts


def _known(session: Session, asked: Sequence[PlantRequest]) -> Before:
    """Returns the database's time, the campaigns that are planted already, by key and reference, and `facts_for`."""
    which = or_(
        *(and_(Campaign.key_id == key_id, Campaign.reference == name) for key_id, name in {a.key for a in asked})
    )
    now, found = database_now_with(session, Campaign, which)
    return now, {(one.key_id or "", one.reference or ""): one for one in found}, facts_for


def _check_same(known: Campaign, digest: str) -> None:
    """Raises ApiProblem (reference_taken) when the reference belongs to another request."""
    if known.request_digest != digest:
        reason = f"{known.reference!r} stands for another request, campaign {known.id}"
        raise ApiProblem("reference_taken", problems=[Problem("reference", reason, "take a new one")])


def facts_for(session: Session, key: Key) -> LedgerFacts:
    """Returns the facts that the tasks of a key are checked against."""
    return LedgerFacts(session, sandbox=key.sandbox, highest_priority=key.highest_priority)


def _checked_campaign(one: PlantRequest, now: datetime, facts: LedgerFacts) -> CheckedCampaign:
    """Checks the campaign against the ledger. Raises ApiProblem."""
    submission, caller = one.submission, one.caller
    refused, latest_end = submission_problems(submission, now, facts)
    if refused.problems:
        raise ApiProblem.of(refused)
    columns: dict[str, Any] = {
        "id": new_id(),
        "name": submission.name,
        "asked_by": caller.key.customer,
        "asked_for": dict(submission.asked_for),
        "join": submission.join,
        "seed": submission.seed,
        "complete_until": submission.complete_until,
        "quotas": None if submission.quotas is None else dict(submission.quotas),
        "key_id": caller.key.id,
        "reference": submission.reference,
        "request_digest": submission.digest,
        # a lone task's own callback is enough: its campaign ends with it
        "callback_url": None if submission.kind == "task" else submission.callback_url,
        "sandbox": caller.key.sandbox,
    }
    campaign = new_row(Campaign, columns)
    return CheckedCampaign(campaign, submission.planted, latest_end, submission.callback_url)


def submission_problems(submission: Submission, now: datetime, facts: LedgerFacts) -> tuple[Refused, datetime]:
    """Returns every problem that planting would refuse, its latest end included, and that end."""
    over = over_campaign(submission.planted.bytes)
    problems = [] if over is None else [over]
    more = 0
    latest_end = now + LATEST_END
    try:
        latest_end = now + time_left(submission.latest_end, now)
    except Refused as refused:
        problems += refused.problems
    try:
        check_planting(submission.planted.rows, latest_end, now, facts=facts)
    except Refused as refused:
        problems += submission.in_its_words(refused).problems
        more = refused.more
    return Refused(problems, more), latest_end


def time_left(latest_end: datetime | None, now: datetime) -> timedelta:
    """Returns the time until the latest end. Raises Refused when it is past, or further away than tasks may live."""
    if latest_end is None:
        return LATEST_END
    left = latest_end - now
    if not timedelta() < left <= LONGEST:
        days = LONGEST.days
        raise refuse("latest_end", f"{latest_end.isoformat()} is not within the next {days} days", "give such a moment")
    return left
