"""The journal of actions in the ledger: the point of no return, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.content_key import content_key
from models.enums import ActionOutcome
from models.responsible_use.authors import basis_of, read_caps
from models.responsible_use.caps import LIKES, WORDS, Refusal, Use, basis_refusal, cap_refusal, operator_day
from models.responsible_use.usage import HAPPENED, accounts_on_videos, actions_by_account
from models.tables import Account, ActionRow, Author, Campaign, Task
from models.tasks.fence import Fence, check_fence


@dataclass(frozen=True, slots=True)
class Act:
    """An action as the ledger keeps it: who, on which phone, what, on what content."""

    kind: str
    author_id: str
    title: str
    target_commenter: str
    target_comment: str
    text: str
    account_id: str
    phone_serial: str

    @property
    def video_key(self) -> str:
        return content_key(self.author_id, self.title)

    @property
    def comment_key(self) -> str | None:
        if not self.target_commenter and not self.target_comment:
            return None
        return content_key(self.author_id, self.title, self.target_commenter, self.target_comment)


def refusal(session: Session, act: Act, zone: str, now: datetime) -> Refusal | None:
    """Would responsible use refuse this action now? Reads only."""
    today = operator_day(now, zone)
    no_basis = basis_refusal(act.author_id, basis_of(session, act.author_id), today)
    if no_basis is not None:
        return no_basis
    return cap_refusal(read_caps(session), act.kind, act.account_id, read_use(session, act, today))


def read_use(session: Session, act: Act, today: date) -> Use:
    """What was done so far, from the ledger. Actions in doubt count as done."""
    same_text = act.text and session.scalar(
        select(ActionRow.id)
        .where(
            ActionRow.author_id == act.author_id,
            ActionRow.video_key == act.video_key,
            ActionRow.account_id == act.account_id,
            ActionRow.text == act.text,
            HAPPENED,
        )
        .limit(1)
    )
    on_comment: dict[str, int] = {}
    if act.comment_key is not None:
        counted = session.execute(
            select(ActionRow.kind, func.count())
            .where(ActionRow.comment_key == act.comment_key, HAPPENED)
            .group_by(ActionRow.kind)
        )
        on_comment = dict(counted.all())
    return Use(
        account_actions_today=actions_by_account(session, today, act.account_id).get(act.account_id, 0),
        accounts_on_video=accounts_on_videos(session, [act.author_id], [act.video_key]).get(act.video_key, set()),
        replies_on_comment=sum(on_comment.get(kind, 0) for kind in WORDS),
        likes_on_comment=sum(on_comment.get(kind, 0) for kind in LIKES),
        text_on_video=bool(same_text),
    )


def declare(session: Session, fence: Fence, act: Act, zone: str) -> int | Refusal:
    """Write the point of no return. The action's number, or why responsible use refuses it.

    Raises LeaseLost. Locks the author's row and the account's first, so that two that act on the
    same content, or as the same account, at once cannot both take the last place under a cap.
    """
    session.execute(select(Author.id).where(Author.id == act.author_id).with_for_update())
    session.execute(select(Account.id).where(Account.id == act.account_id).with_for_update())
    task = check_fence(session, fence)
    now = database_now(session)
    refused = refusal(session, act, zone, now)
    if refused is not None:
        return refused
    row = ActionRow(
        task_id=fence.task_id,
        attempt=fence.attempt,
        incarnation=fence.incarnation,
        phone_serial=act.phone_serial,
        account_id=act.account_id,
        kind=act.kind,
        author_id=act.author_id,
        title=act.title,
        target_commenter=act.target_commenter,
        target_comment=act.target_comment,
        text=act.text,
        video_key=act.video_key,
        comment_key=act.comment_key,
        basis=session.get_one(Author, act.author_id).basis,
        asked_by=_asked_by(session, task),
        day=operator_day(now, zone),
        declared_at=now,
        outcome=ActionOutcome.DECLARED,
        verified=False,
    )
    session.add(row)
    session.flush()
    return row.id


def conclude(
    session: Session, fence: Fence, number: int, *, happened: bool, verified: bool, reason: str | None
) -> None:
    """What came of a declared action. Raises LeaseLost; a concluded action is not changed again."""
    task = check_fence(session, fence)
    session.execute(
        update(ActionRow)
        .where(ActionRow.id == number, ActionRow.task_id == fence.task_id, ActionRow.outcome == ActionOutcome.DECLARED)
        .values(
            outcome=ActionOutcome.DONE if happened else ActionOutcome.NOT_DONE,
            verified=verified,
            reason=reason,
            ended_at=database_now(session),
        )
    )
    if task.verifying and not in_doubt(session, task.id):
        unpin(task)


@dataclass(frozen=True, slots=True)
class Doubt:
    """An action whose outcome is open.

    `known` and `since` count identical ones of the account that are known as done, declared before it
    and after it; `alone`: no identical one is in doubt as well, so that what is seen can only be this one.
    """

    number: int
    act: Act
    known: int
    alone: bool
    since: int = 0


def doubts(session: Session, task_id: str) -> list[Doubt]:
    """The actions of a task that are in doubt, oldest first."""
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
        )
        known, since = counts.get((ActionOutcome.DONE, False), 0), counts.get((ActionOutcome.DONE, True), 0)
        found.append(Doubt(row.id, act, known, not in_doubt_too, since))
    return found


def pin_to_verify(task: Task, account_id: str) -> None:
    """Only the account that acted can tell: what it wrote may be visible to it alone."""
    if not task.verifying:
        task.own_pins = {"account": task.pinned_account, "phone": task.pinned_phone}
    task.verifying, task.pinned_account, task.pinned_phone = True, account_id, None


def unpin(task: Task) -> None:
    """Nothing is in doubt any more: the task has its own pins again."""
    pins = task.own_pins or {}
    task.verifying, task.own_pins = False, None
    task.pinned_account, task.pinned_phone = pins.get("account"), pins.get("phone")


def actions_of(session: Session, task_id: str) -> Sequence[ActionRow]:
    """Every action of a task, in the order in which they were declared."""
    return session.scalars(select(ActionRow).where(ActionRow.task_id == task_id).order_by(ActionRow.id)).all()


def in_doubt(session: Session, task_id: str) -> bool:
    """Was an action declared of which nobody knows whether it happened?"""
    return (
        session.scalar(
            select(ActionRow.id)
            .where(ActionRow.task_id == task_id, ActionRow.outcome == ActionOutcome.DECLARED)
            .limit(1)
        )
        is not None
    )


def _asked_by(session: Session, task: Task) -> str:
    return session.get_one(Campaign, task.campaign_id).asked_by
