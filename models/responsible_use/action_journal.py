"""The journal of actions: each is declared in the ledger before its tap, and concluded after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from models.database.content_key import content_key
from models.responsible_use.approvals import NEEDED, Approved, valid_approval
from models.responsible_use.authors import basis_of, read_caps
from models.responsible_use.caps import LIKES, WORDS, Refusal, Use, basis_refusal, cap_refusal, operator_day
from models.responsible_use.operator_zone import fleet_zone
from models.responsible_use.own_accounts import own_comment_refusal
from models.responsible_use.profile_patches import patch_refusal
from models.responsible_use.quotas import OfCampaign, campaign_quota_refusal, quotas_of_task
from models.responsible_use.usage import HAPPENED, actions_by_account, actions_on_author, use_of_video
from models.tables import Account, ActionRow, Approval, Author, Task
from models.tasks.fence import Fence, check_fence
from models.tasks.transitions import wake_capped
from models.values.enums import ActionOutcome

WOKEN = 20  # tasks that look whether they fit into the room of one action


@dataclass(frozen=True, slots=True)
class Act:
    """An action as the ledger stores it: its account, phone, kind and content."""

    kind: str
    author_id: str
    title: str
    target_commenter: str
    target_comment: str
    text: str
    account_id: str
    phone_serial: str
    sandbox: bool = False  # of a sandbox task
    task_id: str = ""
    profile_patch: int | None = None  # the patch by which this phone's screens are read; None: the profile itself

    @property
    def video_key(self) -> str:
        return content_key(self.author_id, self.title)

    @property
    def comment_key(self) -> str | None:
        if not self.target_commenter and not self.target_comment:
            return None
        return content_key(self.author_id, self.title, self.target_commenter, self.target_comment)


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
    return _refusal(session, act, zone, now, quotas_of_task(session, act.task_id))


def _refusal(session: Session, act: Act, zone: str, now: datetime, campaign: OfCampaign | None) -> Refusal | None:
    unaccepted = patch_refusal(session, act.profile_patch)
    if unaccepted is not None:
        return unaccepted
    today = operator_day(now, fleet_zone(session) or zone)
    no_basis = basis_refusal(act.author_id, basis_of(session, act.author_id), today)
    if no_basis is not None:
        return no_basis
    own = own_comment_refusal(session, act.target_commenter, sandbox=act.sandbox)
    if own is not None:
        return own
    full = cap_refusal(read_caps(session), act.kind, act.account_id, read_use(session, act, today))
    if full is not None:
        return full
    spent = campaign_quota_refusal(session, campaign, act.kind, act.account_id, act.author_id)
    if spent is not None:
        return spent
    approved = approval(session, act, now)
    return approved if isinstance(approved, Refusal) else None


def read_use(session: Session, act: Act, today: date) -> Use:
    """Reads from the ledger the actions done so far that limit this one. Actions in doubt count as done."""
    same_text = (
        act.text
        and act.kind in WORDS
        and session.scalar(
            select(ActionRow.id)
            .where(
                ActionRow.author_id == act.author_id,
                ActionRow.video_key == act.video_key,
                ActionRow.account_id == act.account_id,
                ActionRow.text == act.text,
                ActionRow.kind.in_(WORDS),  # the text of a report is its reason
                ActionRow.sandbox == act.sandbox,
                HAPPENED,
            )
            .limit(1)
        )
    )
    on_comment: dict[str, int] = {}
    if act.comment_key is not None:
        counted = session.execute(
            select(ActionRow.kind, func.count())
            .where(ActionRow.comment_key == act.comment_key, ActionRow.sandbox == act.sandbox, HAPPENED)
            .group_by(ActionRow.kind)
        )
        on_comment = dict(counted.all())
    today_by = actions_by_account(session, today, act.account_id, sandbox=act.sandbox)
    accounts, comments = use_of_video(session, act.author_id, act.video_key, sandbox=act.sandbox)
    return Use(
        account_actions_today=today_by.get(act.account_id, 0),
        accounts_on_video=accounts,
        comments_on_video=comments,
        replies_on_comment=sum(on_comment.get(kind, 0) for kind in WORDS),
        likes_on_comment=sum(on_comment.get(kind, 0) for kind in LIKES),
        same_on_comment=on_comment.get(act.kind, 0),
        same_of_author_today=actions_on_author(session, act.kind, act.author_id, today, sandbox=act.sandbox),
        text_on_video=bool(same_text),
    )


def declare(session: Session, fence: Fence, act: Act, zone: str) -> int | Refusal:
    """Declares an action: the point of no return. Returns its number, or why responsible use refuses it.

    Raises LeaseLost. Locks the rows of the author and the account first, so that two simultaneous actions on the same
    content, by the same account or of one campaign with quotas, cannot both take the last place.
    """
    author = session.get(Author, act.author_id, with_for_update=True)  # the session has it now: it is not read again
    session.execute(select(Account.id).where(Account.id == act.account_id).with_for_update())
    campaign = quotas_of_task(session, fence.task_id, lock=True)
    task, now = check_fence(session, fence)
    act = replace(act, sandbox=task.sandbox, task_id=task.id)
    approved = approval(session, act, now, locked=True)  # locked: nobody withdraws it between its check and its use
    refused = _refusal(session, act, zone, now, campaign) or (approved if isinstance(approved, Refusal) else None)
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
        day=operator_day(now, fleet_zone(session) or zone),
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
    task, now = check_fence(session, fence)
    this = ActionRow.id == number, ActionRow.task_id == fence.task_id
    settle_actions(session, this, now, happened=happened, verified=verified, reason=reason)
    if task.verifying and not in_doubt(session, task.id):
        unpin(task)


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
