"""Assigns a claimed task to a phone: reads the candidates from the ledger; `policy.eligibility` decides."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from models.fleet.fitness import why_not
from models.fleet.online_phones import online_phones
from models.fleet.own_pauses import customer_of, holds_back
from models.responsible_use.action_journal import actions_of
from models.responsible_use.quotas import done_by, full_accounts, quotas_of
from models.tables import Account, Campaign, Phone, Task
from models.tasks.states import State
from workers.attempts.cap_facts import CapFacts
from workers.attempts.history import prior_attempts
from workers.attempts.locked_task import LockedTask
from workers.policy.assignment import Claimed, assign_by_rules
from workers.policy.caps_in_words import CapsUsed, next_day
from workers.policy.eligibility import Assignment, Candidate, CapRoom, FairShare, PlannedAccount
from workers.policy.retry import PriorAttempt

_SHARED = select(Task.campaign_id).where(
    Task.id == bindparam("task_id"), Task.acts, Task.pinned_account.is_(None), Task.pinned_phone.is_(None)
)
# The database locks the campaign's row alone: not the task's, which it reads to find it.
_LOCKED_SHARES = select(Campaign.id).where(Campaign.id == _SHARED.scalar_subquery()).with_for_update()


def shares(task: Task) -> bool:
    """True for a task under the even share: `lock_shares` comes before its own lock."""
    return task.acts and not _claimed(task).pinned


def lock_shares(session: Session, task_id: str) -> None:
    """Locks the campaign of a task under the even share, before the task: concurrent claims would miscount the shares.

    Every claim locks in this order, so that two claims in one campaign cannot deadlock.
    """
    session.execute(_LOCKED_SHARES, {"task_id": task_id})


def assign(locked: LockedTask, facts: CapFacts, phone: Phone | Candidate) -> Assignment:
    """Decides whether this phone takes the task, passes it on or lets it wait.

    `phone`: a candidate if it is known that it may do any task of its sort. Fast path: a first attempt at an unpinned,
    read-only task needs few queries.
    """
    session, task = facts.session, locked.task
    able: Candidate | None = None
    if isinstance(phone, Candidate):
        me = able = phone
    elif is_first_reading(task) and _may_take(session, task, phone, locked.now):
        return Assignment(take=True)
    else:
        me = Candidate(phone.serial, phone.account_id)
    verdict = assign_by_rules(_claimed(task), me, _LedgerFacts(session, locked, facts, me, able))
    if verdict.swap:
        _swap(session, task, me.account_id)
    return verdict


def is_first_reading(task: Task) -> bool:
    """True for the first attempt at a task that only reads, wherever it may run: any phone that works takes it."""
    return not task.acts and not _claimed(task).pinned and task.attempt == 0


def _may_take(session: Session, task: Task, phone: Phone, now: datetime) -> bool:
    if task.sandbox != phone.sandbox or why_not(phone, now) is not None:
        return False
    return not _rests(session, phone) and not holds_back(session, phone, task.key_id)


def _rests(session: Session, phone: Phone) -> bool:
    account = session.get(Account, phone.account_id)
    return account is not None and account.resting_since is not None


def _claimed(task: Task) -> Claimed:
    return Claimed(task.id, task.acts, task.attempt, task.pinned_account, task.pinned_phone, task.sandbox)


@dataclass(frozen=True, slots=True)
class _LedgerFacts:
    """The facts of one claim, read from the ledger.

    `able`: the phone that asks, `me`, if it is known that it may do any task of its sort.
    """

    session: Session
    locked: LockedTask
    caps: CapFacts
    me: Candidate
    able: Candidate | None

    @property
    def task(self) -> Task:
        return self.locked.task

    def prior_attempts(self) -> Sequence[PriorAttempt]:
        return prior_attempts(self.session, self.task.id) if self.task.attempt else ()

    def spent(self) -> frozenset[str]:
        return _spent(self.session, self.task) if self.locked.has_quotas else frozenset()

    def candidates(self, on: Set[str] | None = None) -> Sequence[Candidate]:
        if self.able is not None and on == {self.able.account_id}:
            return [self.able]  # who asks for one account asks whether its phone is able
        task = self.task
        return candidate_phones(self.session, self.locked.now, sandbox=task.sandbox, key_id=task.key_id, on=on)

    def room(self) -> CapRoom:
        room = room_for(self.caps)
        # the comment may be this task's own
        own = room.commented and self.task.attempt and actions_of(self.session, self.task.id)
        return replace(room, commented=frozenset()) if own else room

    def meant(self) -> PlannedAccount | None:
        return _meant(self.session, self.task, self.me)

    def share(self) -> FairShare:
        return _share(self.session, self.task)


def _spent(session: Session, task: Task) -> frozenset[str]:
    """Returns the accounts that did all that the campaign's own quotas allow to one."""
    found = quotas_of(session, task.campaign_id) if task.acts else None
    return frozenset() if found is None else full_accounts(found.quotas, done_by(session, found.first))


def _meant(session: Session, task: Task, me: Candidate) -> PlannedAccount | None:
    if task.meant_for is None:
        return None
    if task.meant_for == me.account_id:  # it need not swap
        return PlannedAccount(task.meant_for)
    others = session.scalars(select(Task.meant_for).where(*_swappable(task)).distinct())
    return PlannedAccount(task.meant_for, frozenset(one for one in others if one is not None))


def _swappable(task: Task) -> tuple[ColumnElement[bool], ...]:
    """Selects the tasks on the same video that nobody runs yet."""
    return (
        Task.campaign_id == task.campaign_id,
        Task.video_key == task.video_key,
        # a comment only for a comment: an account has few of them on one video
        Task.comment_key.is_(None) if task.comment_key is None else Task.comment_key.is_not(None),
        Task.state.in_([State.READY, State.WAITING]),
        Task.id != task.id,
    )


def _swap(session: Session, task: Task, account_id: str | None) -> None:
    """Swaps the planned accounts of the taken task and of this account's own task on the video."""
    other = session.scalars(
        select(Task).where(*_swappable(task), Task.meant_for == account_id).order_by(Task.position).limit(1)
    ).first()
    if other is not None:
        other.meant_for, task.meant_for = task.meant_for, account_id


def candidate_phones(
    session: Session, now: datetime, *, sandbox: bool, key_id: str | None = None, on: Set[str] | None = None
) -> list[Candidate]:
    """Returns the online phones with their accounts: the simulated phones for sandbox tasks, else the real ones.

    `on`: only those with these accounts. A phone that the customer of the key keeps its tasks off counts as unfit.

    A phone of the other sort is never a candidate: if it gets the ticket, it passes it on or lets it wait.
    """
    online = [one for one in online_phones(session, now, on) if one.sandbox == sandbox]
    paused = any(one.paused_for for one in online)
    customer = customer_of(session, key_id) if paused and key_id is not None else None
    return [
        Candidate(
            one.serial,
            one.account_id,
            one.resting is not None,
            one.unfit is not None or customer in one.paused_for,
            one.busy,
        )
        for one in online
    ]


def room_for(facts: CapFacts) -> CapRoom:
    """Returns the actions that the caps still allow for an acting task."""
    session, caps, today = facts.session, facts.caps, dict(facts.today)
    full = frozenset(account for account, count in today.items() if count >= caps.actions_per_account_day)
    if not caps.actions_per_account_day:  # who did nothing has no row, and may do nothing all the same
        full = frozenset(_logged_in(session))
        today = dict.fromkeys(full, 0) | today
    on_video = facts.accounts
    commented = frozenset(one for one, count in facts.comments.items() if count >= caps.comments_per_account_video)
    if facts.comments_there and not caps.comments_per_account_video:
        commented = frozenset(_logged_in(session))
    used = CapsUsed(
        today,
        caps.actions_per_account_day,
        caps.accounts_per_video,
        next_day(facts.now, facts.zone),
        facts.comments,
        caps.comments_per_account_video,
    )
    return CapRoom(on_video if len(on_video) >= caps.accounts_per_video else None, full, used, commented)


def _logged_in(session: Session) -> list[str]:
    return [one for one in session.scalars(select(Phone.account_id)) if one is not None]


def _share(session: Session, task: Task) -> FairShare:
    counted = session.execute(
        select(Task.state, Task.account_id, func.count())
        .where(
            Task.campaign_id == task.campaign_id,
            Task.flow == task.flow,
            Task.state.not_in([State.FAILED, State.STOPPED]),
        )
        .group_by(Task.state, Task.account_id)
    )
    tasks = 0
    taken: dict[str, int] = {}
    for state, account, count in counted:
        tasks += count
        if account is not None and state in (State.RUNNING, State.SUCCEEDED, State.NEEDS_REVIEW):
            taken[account] = taken.get(account, 0) + count
    return FairShare(tasks, taken)
