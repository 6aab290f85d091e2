"""The journal of actions: each is declared in the ledger before its tap, and concluded after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import cast

from sqlalchemy import ColumnElement, CursorResult, Table, Update, bindparam, false, func, select, update
from sqlalchemy.orm import Session

from models.database.clock import row_moment
from models.responsible_use.act import Act
from models.responsible_use.approvals import NEEDED, Approved, valid_approval
from models.responsible_use.authors import basis_of
from models.responsible_use.caps import Refusal, basis_refusal, cap_refusal, operator_day
from models.responsible_use.limits import read_limits
from models.responsible_use.locked_act import lock_for_act
from models.responsible_use.own_accounts import own_comment_refusal
from models.responsible_use.profile_patches import patch_refusal
from models.responsible_use.quotas import OfCampaign, campaign_quota_refusal, quotas_of_task
from models.tables import ActionRow, Approval, Task
from models.tasks.fence import Fence, check_fence
from models.tasks.states import State
from models.tasks.transitions import wake_capped
from models.values.enums import ActionOutcome

WOKEN = 20  # tasks that look whether they fit into the room of one action


def approval(session: Session, act: Act, now: datetime, *, locked: bool = False) -> Approval | Refusal | None:
    """Returns the approval that lets this action happen, or why none does; None for a kind that needs none."""
    if act.kind not in NEEDED:
        return None
    wanted = Approved(act.task_id, act.sandbox, act.kind, act.comment_key, act.account_id, act.text)
    return valid_approval(session, wanted, now, locked=locked)


def refusal(session: Session, act: Act, zone: str, now: datetime) -> Refusal | None:
    """Returns why responsible use would refuse this action now; None if it would not. Reads only.

    `zone`: the process's time zone, for a ledger that has none of the fleet yet.
    """
    return _refusal(session, act, zone, now, quotas_of_task(session, act.task_id))[0]


def _refusal(
    session: Session, act: Act, zone: str, now: datetime, campaign: OfCampaign | None
) -> tuple[Refusal | None, date]:
    """Returns the refusal, if any, and the operator's day."""
    unaccepted = patch_refusal(session, act.profile_patch)
    today = operator_day(now, zone)
    limits = read_limits(session, act, today)
    fleets = today if limits.zone is None else operator_day(now, limits.zone)
    if fleets != today:  # this process does not know yet that the fleet's zone was changed
        today, limits = fleets, read_limits(session, act, fleets)
    refused = (
        unaccepted
        or basis_refusal(act.author_id, basis_of(session, act.author_id), today)
        or own_comment_refusal(act.target_commenter, limits.own_account)
        or cap_refusal(limits.caps, act.kind, act.account_id, limits.use)
        or campaign_quota_refusal(session, campaign, act.kind, act.account_id, act.author_id)
    )
    if refused is not None:
        return refused, today
    approved = approval(session, act, now)
    return approved if isinstance(approved, Refusal) else None, today


def declare(session: Session, fence: Fence, act: Act, zone: str, *, has_quotas: bool = True) -> int | Refusal:
    """Declares an action: the point of no return. Returns its number, or why responsible use refuses it.

    Raises LeaseLost. Locks the rows of the author and the account first, so that two simultaneous actions on the same
    content, by the same account or of one campaign with quotas, cannot both take the last place. `has_quotas`: whether
    the task's campaign may have some.
    """
    locked = lock_for_act(session, fence, act.author_id, act.account_id, has_quotas=has_quotas)
    author, campaign, task, now = locked.author, locked.campaign, locked.task, locked.now
    act = replace(act, sandbox=task.sandbox, task_id=task.id)
    approved = approval(session, act, now, locked=True)  # locked: nobody withdraws it between its check and its use
    found, today = _refusal(session, act, zone, now, campaign)
    refused = found or (approved if isinstance(approved, Refusal) else None)
    if refused is not None:
        return refused
    assert author is not None, "there is no basis to act on an author that is not registered"
    assert campaign is not None, "a task that is held is one of a campaign"
    row = ActionRow(
        task_id=fence.task_id,
        attempt=fence.attempt,
        incarnation=fence.incarnation,
        phone_serial=act.phone_serial,
        account_id=act.account_id,
        sandbox=act.sandbox,
        kind=act.kind,
        author_id=act.author_id,
        title=act.title,
        target_commenter=act.target_commenter,
        target_comment=act.target_comment,
        text=act.text,
        video_key=act.video_key,
        comment_key=act.comment_key,
        basis=author.basis,
        asked_by=campaign.asked_by,
        day=today,
        declared_at=now,
        outcome=ActionOutcome.DECLARED,
        verified=False,
    )
    session.add(row)
    session.flush()
    if isinstance(approved, Approval):
        approved.used_by, approved.used_at = row.id, now
    return row.id


def conclude(
    session: Session, fence: Fence, number: int, *, happened: bool, verified: bool, reason: str | None
) -> None:
    """Records the outcome of a declared action, once. Raises LeaseLost."""
    if happened and _done_at_once(session, fence, number, verified=verified, reason=reason):
        return
    task, now = check_fence(session, fence)
    this = ActionRow.id == number, ActionRow.task_id == fence.task_id
    settle_actions(session, this, now, happened=happened, verified=verified, reason=reason)
    if task.verifying and not in_doubt(session, task.id):
        unpin(task)


def _done_at_once(session: Session, fence: Fence, number: int, *, verified: bool, reason: str | None) -> bool:
    """Records with one UPDATE that an action happened, under the lock of its task. Returns False if it wrote nothing.

    Then the lease is lost, the action has its outcome, its task is verifying, or this is SQLite, whose UPDATE knows one
    table.
    """
    if session.get_bind().dialect.name == "sqlite":
        return False
    done = session.connection().execute(
        _done(),
        {
            "of_task": fence.task_id, "by_attempt": fence.attempt, "by_incarnation": fence.incarnation,
            "at_number": number, "was_verified": verified, "for_reason": reason,
        },
    )  # fmt: skip
    assert isinstance(done, CursorResult)
    return done.rowcount > 0


@cache
def _done() -> Update:
    """Returns that UPDATE. It sets a column of the task to what it is, so that the task's row is locked as a write."""
    task, action = cast("Table", Task.__table__), cast("Table", ActionRow.__table__)
    its_fence = (
        task.c.id == bindparam("of_task"),
        task.c.state == State.RUNNING,
        task.c.attempt == bindparam("by_attempt"),
        task.c.incarnation == bindparam("by_incarnation"),
        task.c.lease_until > row_moment(),
        task.c.verifying == false(),
    )
    this = action.c.id == bindparam("at_number"), action.c.task_id == task.c.id
    values = {
        task.c.step: task.c.step,
        action.c.outcome: ActionOutcome.DONE,
        action.c.verified: bindparam("was_verified"),
        action.c.reason: bindparam("for_reason"),
        action.c.ended_at: row_moment(),
    }
    return update(task).where(*its_fence, *this, action.c.outcome == ActionOutcome.DECLARED).values(values)


def settle_actions(
    session: Session,
    which: Sequence[ColumnElement[bool]],
    now: datetime,
    *,
    happened: bool,
    verified: bool,
    reason: str | None,
) -> None:
    """Records the outcome of these actions, as far as it is open. One that did not happen leaves room under a cap."""
    declared = (*which, ActionRow.outcome == ActionOutcome.DECLARED)
    videos = () if happened else session.scalars(select(ActionRow.video_key).where(*declared)).all()
    outcome = ActionOutcome.DONE if happened else ActionOutcome.NOT_DONE
    session.execute(
        update(ActionRow).where(*declared).values(outcome=outcome, verified=verified, reason=reason, ended_at=now)
    )
    for video_key in videos:
        wake_capped(session, now, video_key=video_key, most=WOKEN)


@dataclass(frozen=True, slots=True)
class Doubt:
    """An action whose outcome is unknown.

    `known` and `since` count the account's identical actions that are known as done, declared before it and after it.
    `alone`: no identical action is in doubt as well, so a further comment or like on the page can only be this one.
    """

    number: int
    act: Act
    known: int
    alone: bool
    since: int = 0


def doubts(session: Session, task_id: str) -> list[Doubt]:
    """Returns the actions of a task that are in doubt, oldest first."""
    open_ones = session.scalars(
        select(ActionRow)
        .where(ActionRow.task_id == task_id, ActionRow.outcome == ActionOutcome.DECLARED)
        .order_by(ActionRow.id)
    ).all()
    found = []
    for row in open_ones:
        same = session.execute(
            select(ActionRow.outcome, ActionRow.id > row.id, func.count())
            .where(
                ActionRow.account_id == row.account_id,
                ActionRow.sandbox == row.sandbox,
                ActionRow.video_key == row.video_key,
                ActionRow.kind == row.kind,
                ActionRow.comment_key.is_(None)
                if row.comment_key is None
                else ActionRow.comment_key == row.comment_key,
                ActionRow.text == row.text,
                ActionRow.id != row.id,
            )
            .group_by(ActionRow.outcome, ActionRow.id > row.id)
        ).all()
        counts = {(outcome, bool(later)): count for outcome, later, count in same}
        in_doubt_too = any(outcome == ActionOutcome.DECLARED for outcome, _ in counts)
        act = Act(
            row.kind,
            row.author_id,
            row.title,
            row.target_commenter,
            row.target_comment,
            row.text,
            row.account_id,
            row.phone_serial,
            row.sandbox,
        )
        known, since = counts.get((ActionOutcome.DONE, False), 0), counts.get((ActionOutcome.DONE, True), 0)
        found.append(Doubt(row.id, act, known, not in_doubt_too, since))
    return found


def pin_to_verify(task: Task, account_id: str) -> None:
    """Pins a task to the account that acted: its comment may be visible to that account only."""
    if not task.verifying and task.own_pins is None:  # it has some while a trial of its flow pins it to a phone
        task.own_pins = {"account": task.pinned_account, "phone": task.pinned_phone}
    task.verifying, task.pinned_account, task.pinned_phone = True, account_id, None


def unpin(task: Task) -> None:
    """Gives a task its own pins back, because none of its actions is in doubt any more."""
    pins = task.own_pins or {}
    task.verifying, task.own_pins = False, None
    task.pinned_account, task.pinned_phone = pins.get("account"), pins.get("phone")


def actions_of(session: Session, task_id: str) -> Sequence[ActionRow]:
    """Returns every action of a task, in the order of their declarations."""
    return session.scalars(select(ActionRow).where(ActionRow.task_id == task_id).order_by(ActionRow.id)).all()


def in_doubt(session: Session, task_id: str) -> bool:
    """Returns whether the outcome of any action of the task is unknown."""
    return (
        session.scalar(
            select(ActionRow.id)
            .where(ActionRow.task_id == task_id, ActionRow.outcome == ActionOutcome.DECLARED)
            .limit(1)
        )
        is not None
    )
