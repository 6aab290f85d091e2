"""Completes campaigns: reads what one is missing, and plants exactly that as a campaign that completes it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from flows.specs.catalogue import SPECS
from flows.specs.flow_spec import as_read
from models.database.base import new_id
from models.database.clock import database_now
from models.fleet.accounts import known_accounts
from models.history.audit_log import record_change
from models.tables import ActionRow, Campaign, Task
from models.transactions.read_write import write
from models.values.enums import ActionOutcome, CampaignState
from models.values.refused import Refused, refuse
from workers.campaigns.missing import Missing, TaskRow, what_is_missing
from workers.campaigns.variables import fill
from workers.canvas.rows import from_json, refs
from workers.planting.plant import LATEST_END, compile_for_planting, plant_campaign
from workers.planting.stage_params import STAGE_PARAMS
from workers.policy.blame import written_params

MOST_ROUNDS = 5  # that a campaign plants by itself
PAUSE = timedelta(minutes=1)  # before the first round that it plants by itself; doubled for each further one
MOST_NAME = 191
BATCH_SIZE = 20


@dataclass(frozen=True, slots=True)
class Family:
    """A campaign and those that complete it, the first one first."""

    campaigns: Sequence[Campaign]

    @property
    def first(self) -> Campaign:
        return self.campaigns[0]

    @property
    def open(self) -> list[Campaign]:
        """Returns the campaigns that have not ended."""
        return [one for one in self.campaigns if one.outcome is None]


def family_of(session: Session, campaign_id: str, *, lock: bool = False) -> Family:
    """Returns the family that a campaign belongs to; `lock`: locks its first campaign, so that one at a time plants."""
    named = session.get_one(Campaign, campaign_id)
    first = session.get_one(Campaign, named.completes or named.id, with_for_update=lock or None)
    further = select(Campaign).where(Campaign.completes == first.id).order_by(Campaign.created_at, Campaign.id)
    return Family([first, *session.scalars(further)])


def missing_of(session: Session, family: Family) -> Missing:
    """Returns what a family is missing, as the ledger stands now."""
    rounds = {one.id: number for number, one in enumerate(family.campaigns)}
    rows = list(_rows(session, rounds))
    return what_is_missing(rows, _done(session, rows), expected_accounts(session, family.first))


def plant_missing(engine: Engine, campaign_id: str, *, who: str) -> tuple[str, Missing]:
    """Plants what an ended campaign is missing. Returns the id of the campaign that completes it.

    The coordinator rings its tickets. Raises Refused while tasks of the family are under way, and when nothing is
    missing that can be planted.
    """

    def work(session: Session) -> tuple[str, Missing]:
        family = family_of(session, campaign_id, lock=True)
        if family.open:
            running = family.open[-1]
            reason = f"campaign {running.id[:8]} has not ended, and may still do what is missing"
            raise refuse("campaign", reason, f"wait for it, or stop it: phonefleet stop {running.id[:8]}")
        return _plant(session, family, missing_of(session, family), who)

    return write(engine, work)


def complete_due(engine: Engine) -> int:
    """Plants what campaigns with `until_complete` are missing, when it is time. Returns their number.

    A campaign that nothing is missing of, or whose rounds are used up, is not looked at again.
    """

    def due(session: Session) -> list[str]:
        now = database_now(session)
        ended = (Campaign.complete_until > now, Campaign.outcome.is_not(None))
        oldest = select(Campaign.id).where(*ended).order_by(Campaign.complete_until).limit(BATCH_SIZE)
        return list(session.scalars(oldest))

    return sum(write(engine, lambda session, one=one: _next_round(session, one)) for one in write(engine, due))  # type: ignore[misc]


def _next_round(session: Session, campaign_id: str) -> int:
    family = family_of(session, campaign_id, lock=True)
    first, now = family.first, database_now(session)
    if first.complete_until is None or family.open:
        return 0
    rounds = len(family.campaigns) - 1
    if rounds >= MOST_ROUNDS or first.outcome == CampaignState.STOPPED:
        first.complete_until = None
        return 0
    due = next_look(family)
    if due is None or now < due:
        return 0
    missing = missing_of(session, family)
    if missing.canvas() is None:
        first.complete_until = None
        return 0
    try:
        _plant(session, family, missing, first.asked_by)
    except Refused as refused:  # of a key that was revoked, or has too many tasks waiting
        record_change(session, "coordinator", f"campaign:{first.id}", {}, {"not completed": str(refused)[:1000]})
        first.complete_until = None
        return 0
    return 1


def _plant(session: Session, family: Family, missing: Missing, who: str) -> tuple[str, Missing]:
    canvas, first = missing.canvas(), family.first
    if canvas is None:
        more = f"; {missing.by_hand} tasks took results of others: submit them again" if missing.by_hand else ""
        raise refuse("campaign", f"nothing is missing that can be planted again{more}", "nothing is to be done")
    number = len(family.campaigns)
    ending = f" · {number + 1}"
    campaign = Campaign(
        id=new_id(),
        name=first.name[: MOST_NAME - len(ending)] + ending,
        asked_by=first.asked_by,
        asked_for=None,
        join=first.join,
        seed=random.SystemRandom().getrandbits(31),
        key_id=first.key_id,
        callback_url=first.callback_url,
        sandbox=first.sandbox,
        completes=first.id,
        quotas=first.quotas,
    )
    plant_campaign(session, campaign, compile_for_planting(canvas, first.join), LATEST_END)
    record_change(session, who, f"campaign:{first.id}", {}, {"completed by": campaign.id})
    return campaign.id, missing


def _rows(session: Session, rounds: Mapping[str, int]) -> Iterator[TaskRow]:
    columns = (
        Task.id, Task.campaign_id, Task.flow, Task.state, Task.failure_code, Task.args, Task.kwargs, Task.in_place_of,
        Task.pinned_account, Task.pinned_phone, Task.own_pins, Task.priority, Task.hard_limit,
    )  # fmt: skip
    wanted = select(*columns).where(Task.campaign_id.in_(rounds), Task.is_errback.is_(False)).order_by(Task.position)
    for row in session.execute(wanted):
        account, phone = (row.pinned_account, row.pinned_phone)
        if row.own_pins is not None:  # pinned for the moment to the account that acted, or to a phone of a trial
            own = row.own_pins
            account, phone = own.get("account"), own.get("phone")
        yield TaskRow(
            id=row.id,
            round=rounds[row.campaign_id],
            flow=row.flow,
            state=row.state,
            code=row.failure_code,
            params=_params(row.flow, written_params(row.args, row.kwargs)),
            takes_from=tuple(ref for one in row.args for ref in refs(from_json(one))),
            in_place_of=row.in_place_of,
            account=account,
            phone=phone,
            priority=row.priority,
            hard_limit=row.hard_limit,
        )


def _params(flow: str, kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a task's parameters, fit to be planted again: an earlier release may have taken "2" for a number."""
    if flow in SPECS:
        return as_read(SPECS[flow].params_model, kept)
    return as_read(STAGE_PARAMS[flow][0], kept) if flow in STAGE_PARAMS else kept


def _done(session: Session, rows: Sequence[TaskRow]) -> dict[str, dict[str, int]]:
    """Returns the actions of nurture sessions that happened: task → kind → number."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    sessions = [row.id for row in rows if row.flow == "nurture"]
    for start in range(0, len(sessions), 500):
        some = sessions[start : start + 500]
        counted = (
            select(ActionRow.task_id, ActionRow.kind, func.count())
            .where(ActionRow.task_id.in_(some), ActionRow.outcome == ActionOutcome.DONE)
            .group_by(ActionRow.task_id, ActionRow.kind)
        )
        for task_id, kind, count in session.execute(counted):
            found[task_id][kind] = count
    return found


def expected_accounts(session: Session, first: Campaign) -> list[str]:
    """Returns the accounts that should nurture: those that the campaign file names, or all live ones now."""
    asked: Mapping[str, Any] = first.asked_for or {}
    file = asked.get("file")
    day, _ = fill(file if isinstance(file, Mapping) else asked)
    nurture = day.get("nurture")
    if not isinstance(nurture, Mapping) or nurture.get("queue"):
        return []
    named = day.get("accounts", "all")
    if named == "all":
        return [one for one, live in known_accounts(session, sandbox=bool(first.sandbox)).items() if live]
    return [str(one) for one in named]


def next_look(family: Family) -> datetime | None:
    """Returns when the coordinator plants the next round by itself, at the earliest; None for never."""
    first = family.first
    ended = [one.ended_at for one in family.campaigns if one.ended_at is not None]
    if first.complete_until is None or family.open or not ended:
        return None
    last: datetime = max(ended)
    return last + _pause(len(family.campaigns) - 1)


def _pause(rounds: int) -> timedelta:
    """Returns how long the coordinator waits after so many rounds."""
    return timedelta(seconds=PAUSE.total_seconds() * 2.0**rounds)
