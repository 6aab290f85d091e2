"""Finds why no task of a campaign runs: one reason, with its beginning and its remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import tables
from models.database.clock import database_now
from models.tables import Account, Alert, Attempt, Campaign, Phone, Task
from models.tasks.pauses import PAUSED, UNTIL, in_words
from models.tasks.progress import Why
from models.tasks.states import State
from models.values.enums import PhoneState
from workers.lifecycle.phone_needs import Need, need_of, paused_since

KEEPS_WORKING = frozenset({"page drift", "app untried", "on trial"})  # problems with which a phone still works
PATIENCE = timedelta(seconds=10)  # a ready task may wait this long before a reason is looked for
MOST_NAMED = 3


def why_nothing_moves(session: Session, campaign: Campaign) -> Why | None:
    """Returns why no task of a campaign runs; None if one runs or soon will, or if the campaign has ended."""
    now = database_now(session)
    counted = session.execute(
        select(Task.state, func.count()).where(Task.campaign_id == campaign.id).group_by(Task.state)
    )
    states = dict(counted.all())
    if campaign.outcome is not None or states.get(State.RUNNING):
        return None
    why = (
        _paused(session, campaign)
        or _no_leader(session, now)
        or _broker_away(session)
        or (None if states.get(State.READY) else _none_ready(session, campaign, states))
        or _no_phone(session, campaign, now)
        or _each_waits(session, campaign, now)
    )
    if why is None or why.since is not None:
        return why
    return Why(why.reason, why.remedy, _last_moved(session, campaign))


def _paused(session: Session, campaign: Campaign) -> Why | None:
    if not campaign.paused:
        return None
    change = _newest_change(session, f"campaign:{campaign.id}")
    who = "" if change is None else f" by {change.who}"
    after = {} if change is None or not isinstance(change.after, dict) else change.after
    told = in_words("the campaign", f"is paused{who}", after.get(PAUSED) or "", after.get(UNTIL) or "")
    since = None if change is None else change.at
    return Why(told, f"to go on: phonefleet resume {campaign.id[:8]}", since)


def _newest_change(session: Session, subject: str) -> tables.AuditEntry | None:
    changes = session.scalars(
        select(tables.AuditEntry)
        .where(tables.AuditEntry.subject == subject)
        .order_by(tables.AuditEntry.id.desc())
        .limit(20)
    )
    return next((one for one in changes if isinstance(one.after, dict) and PAUSED in one.after), None)


def _no_leader(session: Session, now: datetime) -> Why | None:
    until = session.scalar(select(func.max(tables.Leader.until)))
    if until is not None and until > now:
        return None
    remedy = "start it: phonefleet up, or phonefleet coordinator"
    return Why("no coordinator runs, so no work is handed out", remedy, until)


def _broker_away(session: Session) -> Why | None:
    lasts = select(Alert).where(Alert.kind == "broker_away", Alert.over_at.is_(None)).order_by(Alert.id.desc())
    alert = session.scalars(lasts.limit(1)).first()
    return None if alert is None else Why(alert.text, alert.remedy, alert.at)


def _none_ready(session: Session, campaign: Campaign, states: Mapping[str, int]) -> Why | None:
    held, review = states.get(State.HELD, 0), states.get(State.NEEDS_REVIEW, 0)
    if not held and not review:
        return None
    parts, remedies = [], []
    if review:
        parts.append(f"{review} {_tasks(review)} wait for a person's look at the app")
        remedies.append("phonefleet review")
    if held:
        paused = _count(session, campaign, Task.state == State.HELD, Task.paused)
        asked = _count(session, campaign, Task.state == State.HELD, Task.awaits_approval)
        holds = session.scalars(
            select(tables.Hold).where(tables.Hold.id.in_(select(Task.hold_id).where(Task.campaign_id == campaign.id)))
        ).all()
        parts.append(f"{held} {_tasks(held)} are held" + (f", {paused} of them paused" if paused else ""))
        parts += [one.reason for one in holds[:MOST_NAMED]]
        parts += [f"{asked} of them wait for a named person's approval"] if asked else []
        remedies += ["phonefleet approvals"] if asked else []
        remedies += ["phonefleet holds"] if holds else []
        remedies += ["phonefleet resume ID"] if paused else []
    return Why("; ".join(parts), "see: " + ", ".join(remedies))


def _no_phone(session: Session, campaign: Campaign, now: datetime) -> Why | None:
    """Returns a reason if ready tasks need a phone, and no phone of the campaign's sort may work."""
    if not _count(session, campaign, Task.state == State.READY, Task.runs_on == "phone"):
        return None
    accounts = {account.id: account for account in session.scalars(select(Account))}
    every = session.scalars(select(Phone).order_by(Phone.serial)).all()
    mine = [phone for phone in every if phone.sandbox == campaign.sandbox]
    sort = "simulated phone" if campaign.sandbox else "phone"
    if not mine:
        return Why(_none_known(campaign, every), _bring_one(campaign))
    paused_at = paused_since(session)
    needs = [(phone, need_of(phone, accounts.get(phone.account_id or ""), now, paused_at)) for phone in mine]
    blocked = [(phone, need) for phone, need in needs if need is not None and need.state not in KEEPS_WORKING]
    if len(blocked) < len(mine):
        return None
    if all(phone.state == PhoneState.SILENT for phone in mine):
        hosts = ", ".join(sorted({phone.host for phone in mine})[:MOST_NAMED])
        told = f"no {sort} is served: host {hosts} is away"
        return Why(told, "start it: phonefleet up, or phonefleet host", _latest(blocked))
    states = Counter(need.state for _, need in blocked)
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    first_phone, first = blocked[0]
    example = first.why if first_phone.serial in first.why else f"{first_phone.serial}: {first.why}"
    reason = f"none of {len(mine)} {sort}s may work: {told} ({example})"
    return Why(reason, "see: phonefleet phones", _latest(blocked))


def _none_known(campaign: Campaign, every: Sequence[Phone]) -> str:
    if campaign.sandbox:
        return "it is for simulated phones, and none is there"
    return "only simulated phones are there, and it is for real ones" if every else "no phone is there yet"


def _bring_one(campaign: Campaign) -> str:
    if campaign.sandbox:
        return "start their host with PHONEFLEET_SANDBOX=1: phonefleet up"
    return "connect one, and serve it without PHONEFLEET_SANDBOX: phonefleet up"


def _latest(blocked: Sequence[tuple[Phone, Need]]) -> datetime | None:
    """Returns when the last of these phones stopped working."""
    known = [need.since for _, need in blocked if need.since is not None]
    return max(known, default=None)


def _each_waits(session: Session, campaign: Campaign, now: datetime) -> Why | None:
    """Returns a reason if every ready task waits for something, or is not due yet."""
    mine = (Task.campaign_id == campaign.id, Task.state == State.READY)
    soon = Task.waits_for.is_(None) & (Task.not_before > now - PATIENCE)
    if session.scalar(select(Task.id).where(*mine, Task.waits_for.is_(None), Task.not_before <= now).limit(1)):
        return None
    counted = session.execute(
        select(Task.waits_for, func.count()).where(*mine, ~soon).group_by(Task.waits_for).order_by(func.count().desc())
    ).all()
    said = [f"{count} × {why}" for why, count in counted if why]
    if not said:
        return None
    more = f"; and {len(said) - MOST_NAMED} more reasons" if len(said) > MOST_NAMED else ""
    return Why("ready tasks wait: " + "; ".join(said[:MOST_NAMED]) + more, "see: phonefleet phones")


def _last_moved(session: Session, campaign: Campaign) -> datetime:
    mine = Task.campaign_id == campaign.id
    ended = session.scalar(select(func.max(Attempt.ended_at)).join(Task, Task.id == Attempt.task_id).where(mine))
    return max(campaign.created_at, ended or campaign.created_at)


def _count(session: Session, campaign: Campaign, *which: object) -> int:
    wanted = select(func.count()).select_from(Task).where(Task.campaign_id == campaign.id, *which)  # type: ignore[arg-type]
    return session.scalar(wanted) or 0


def _tasks(count: int) -> str:
    return "task" if count == 1 else "tasks"
