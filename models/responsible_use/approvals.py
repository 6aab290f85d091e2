"""Approvals: an act on somebody's comment that a named person must let happen first, once, from one account.

An approval is of one task: of its comment, its account and, for a report, its reason. The transaction that declares
the point of no return checks it and uses it up; an act that provably did not happen gives it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.responsible_use.caps import Refusal
from models.tables import ActionRow, Approval
from models.values.enums import ActionOutcome

NEEDED = frozenset({"dislike_comment", "report_comment"})  # kinds of action


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval is of: all of it must be that of the action."""

    task_id: str
    sandbox: bool
    kind: str
    comment_key: str | None
    account_id: str
    text: str


def approvals_of(session: Session, task_id: str, *, locked: bool = False) -> Sequence[Approval]:
    """Returns the approvals of a task, newest first; `locked`: as they are now, until the transaction ends."""
    found = select(Approval).where(Approval.task_id == task_id).order_by(Approval.id.desc())
    if locked:
        found = found.with_for_update().execution_options(populate_existing=True)
    return session.scalars(found).all()


def used_up(session: Session, approvals: Sequence[Approval]) -> Mapping[int, int]:
    """Returns the actions that used these approvals up: the approval's id → the action's. Undone ones are left out."""
    by = {one.used_by: one.id for one in approvals if one.used_by is not None}
    if not by:
        return {}
    happened = (ActionRow.id.in_(by), ActionRow.outcome != ActionOutcome.NOT_DONE)
    return {by[action]: action for action in session.scalars(select(ActionRow.id).where(*happened))}


def valid_approval(session: Session, wanted: Approved, now: datetime, *, locked: bool = False) -> Approval | Refusal:
    """Returns the approval that lets an action happen now, or why none does; `locked` as for `approvals_of`."""
    found = approvals_of(session, wanted.task_id, locked=locked)
    return judge(found, used_up(session, found), wanted, now)


def judge(
    approvals: Sequence[Approval], used: Mapping[int, int], wanted: Approved, now: datetime
) -> Approval | Refusal:
    """Returns the approval that lets an action happen now, or why none of them does. Pure."""
    faults: list[str] = []
    for one in approvals:
        fault = _fault(one, used, wanted, now)
        if fault is None:
            return one
        faults.append(fault)
    why = faults[0] if faults else "no person approved it"  # the newest one tells most
    return Refusal("not_approved", f"{wanted.kind}: {why}")


def _fault(one: Approval, used: Mapping[int, int], wanted: Approved, now: datetime) -> str | None:
    of = Approved(one.task_id, one.sandbox, one.kind, one.comment_key, one.account_id, one.text)
    if of != wanted:
        return "what was approved is another act: another comment, account, reason or task"
    if one.withdrawn_at is not None:
        return "its approval was withdrawn"
    if one.id in used:
        return f"its approval was used up by action {used[one.id]}"
    if one.expires_at <= now:
        return f"its approval ran out at {one.expires_at:%Y-%m-%d %H:%M} UTC"
    return None
