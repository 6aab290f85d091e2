"""The dry run: predicts the effect of a submission. It reads the ledger as planting and claiming do; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from flows.specs.catalogue import SPECS
from gateway.access.caller import Caller
from gateway.submissions.plant import campaign_of, facts_for, submission_problems
from gateway.submissions.submission import Submission
from models.database.clock import database_now
from models.tables import Campaign, Phone, Task
from models.tasks.open_tasks import OpenTasks, open_tasks
from models.tasks.states import State
from models.values.enums import RunsOn
from models.values.refused import Problem, Refused
from workers.attempts.assignment import candidate_phones, room_for
from workers.attempts.cap_facts import CapFacts
from workers.campaigns.build import check_day, day_canvas
from workers.campaigns.given_campaign import GivenCampaign
from workers.canvas.rows import PlantedRow
from workers.planting.pins import Pin, count_pinned, pin_of
from workers.planting.plant import LATEST_END, check_planting, compile_for_planting
from workers.planting.quota import over_quota
from workers.planting.validate import LedgerFacts, given_params
from workers.policy.eligibility import Candidate, CapRoom, Requirement, may, why_nobody
from workers.settings import settings

MOST_PLACEMENTS = 50
MOST_PHONES = 100


@dataclass(frozen=True, slots=True)
class Placed:
    """The tasks of one flow with one target: which phones may take them now, and how many tasks are served first."""

    flow: str
    tasks: int
    target: str
    able: Sequence[Candidate]
    waits_for: str | None
    ahead: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """The result of a dry run."""

    refused: Refused  # with every problem that planting would refuse; none as a rule
    tasks: int
    placed: Sequence[Placed]
    more_placed: int  # further flows and targets that are not listed one by one


def forecast(session: Session, caller: Caller, submission: Submission) -> DryRun:
    """Predicts what planting would do, with every problem that planting would refuse."""
    now = database_now(session)
    known = campaign_of(session, caller, submission.reference)
    rows = submission.planted.rows
    refused, _ = submission_problems(submission, now, facts_for(session, caller.key))
    too_many = _too_many(session, caller, rows) if known is None else []
    refused = Refused([*_reference_problems(known, submission), *refused.problems, *too_many], refused.more)
    placed, more = placed_rows(session, rows, sandbox=caller.key.sandbox)
    return DryRun(refused, len(rows), placed, more)


def operators_forecast(session: Session, given: GivenCampaign) -> DryRun:
    """Predicts what planting the operator's campaign file would do, with every problem that it would refuse."""
    facts = LedgerFacts(session, sandbox=False)
    try:
        planted = compile_for_planting(day_canvas(check_day(session, given, facts)), "all")
        now = database_now(session)
        check_planting(planted.rows, now + LATEST_END, now, facts=facts)
    except Refused as refused:
        return DryRun(refused, 0, [], 0)
    placed, more = placed_rows(session, planted.rows, sandbox=False)
    return DryRun(Refused([]), len(planted.rows), placed, more)


def placed_rows(session: Session, rows: Sequence[PlantedRow], *, sandbox: bool) -> tuple[list[Placed], int]:
    """Returns which phones may take the tasks of each flow and target now, and how many are not listed one by one."""
    now = database_now(session)
    groups: dict[tuple[str, str], list[PlantedRow]] = {}
    for row in rows:
        if row.task in SPECS:
            groups.setdefault((row.task, _target(pin_of(row))), []).append(row)
    seated = candidate_phones(session, now, sandbox=sandbox)
    told = list(groups.values())[:MOST_PLACEMENTS]
    placed = [_placed(session, group, seated, now, sandbox=sandbox) for group in told]
    return placed, len(groups) - len(placed)


def _too_many(session: Session, caller: Caller, rows: Sequence[PlantedRow]) -> list[Problem]:
    more = OpenTasks(len(rows), count_pinned(rows))
    over = over_quota(open_tasks(session, caller.key.id), more, caller.key.most_waiting)
    return [] if over is None else [Problem("tasks", over, "wait until some have ended, or ask for less")]


def _reference_problems(known: Campaign | None, submission: Submission) -> list[Problem]:
    if known is None or known.request_digest == submission.digest:
        return []
    return [Problem("reference", f"it stands for another request, campaign {known.id}", "take a new one")]


def _placed(
    session: Session, rows: Sequence[PlantedRow], seated: Sequence[Candidate], now: datetime, *, sandbox: bool
) -> Placed:
    """For tasks that act, the caps are checked for the first task's video only."""
    first, flow = rows[0], SPECS[rows[0].task]
    pin = pin_of(first)
    acts = bool(flow.acts)
    wanted = Requirement(acts, pin.account, pin.phone, sandbox=sandbox)
    facts = CapFacts(session, given_params(first), now, settings().timezone.key, sandbox=sandbox)
    room = room_for(facts) if acts else CapRoom()
    able = [one for one in seated if may(one, wanted, room)]
    priority = int(first.options.get("priority", flow.priority))
    return Placed(
        flow=first.task,
        tasks=len(rows),
        target=_target(pin),
        able=able[:MOST_PHONES],
        waits_for=None if able else why_nobody(wanted, seated, room),
        ahead=_ahead(session, pin, priority, {one.serial: one.account_id for one in able}),
    )


def _target(pin: Pin) -> str:
    if pin.phone is not None:
        return f"phone.{pin.phone}"
    return f"account.{pin.account}" if pin.account is not None else "pool"


def _ahead(session: Session, pin: Pin, priority: int, able: Mapping[str, str | None]) -> int:
    """Counts the ready phone tasks that are served first: in the pool more urgent or older ones, on a phone its own."""
    ready = (Task.state == State.READY, Task.runs_on == RunsOn.PHONE)
    there: ColumnElement[bool]
    if pin == Pin():
        there = Task.pinned_phone.is_(None) & Task.pinned_account.is_(None) & (Task.priority <= priority)
    else:
        serials = [pin.phone] if pin.phone is not None else list(able)
        accounts = [pin.account] if pin.account is not None else _account_on(session, serials)
        there = or_(Task.pinned_phone.in_(serials), Task.pinned_account.in_(accounts))
    return session.scalar(select(func.count()).select_from(Task).where(*ready, there)) or 0


def _account_on(session: Session, serials: Sequence[str | None]) -> list[str]:
    found = session.scalars(select(Phone.account_id).where(Phone.serial.in_(serials)))
    return [one for one in found if one is not None]
