"""Decides where a claimed task goes, from its row and facts that are read only as far as they are asked for. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from workers.policy.eligibility import (
    Assignment,
    Candidate,
    CapRoom,
    FairShare,
    PlannedAccount,
    Requirement,
    decide,
    follow_plan,
    takes,
)
from workers.policy.retry import PriorAttempt, excluded


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a task's row says to the decision."""

    id: str
    acts: bool
    attempt: int
    pinned_account: str | None
    pinned_phone: str | None
    sandbox: bool

    @property
    def pinned(self) -> bool:
        """True when one account or one phone alone may take it."""
        return self.pinned_account is not None or self.pinned_phone is not None


class Facts(Protocol):
    """Facts on the task and the fleet."""

    def prior_attempts(self) -> Sequence[PriorAttempt]:
        """Returns the failed and lost attempts at the task, oldest first."""

    def spent(self) -> frozenset[str]:
        """Returns the accounts that did all that the campaign's own quotas allow to one."""

    def candidates(self, on: Set[str] | None = None) -> Sequence[Candidate]:
        """Returns the phones that are online, by serial; only those with the accounts `on`, if it is given."""

    def room(self) -> CapRoom:
        """Returns what the caps still allow; asked for tasks of the pool that act."""

    def meant(self) -> PlannedAccount | None:
        """Returns the account that the even share plans the task for."""

    def share(self) -> FairShare:
        """Returns how the campaign's tasks of this flow are shared so far."""


def assign_by_rules(task: Claimed, me: Candidate, facts: Facts) -> Assignment:
    """Decides whether the phone `me` takes the task, passes it on or lets it wait.

    What is pinned has one phone, which tries again, or the task ends. Any free phone retries a task of the pool: the
    even share applies to first attempts only. Of a fleet of thousands, most decisions need a look at one or two phones.
    """
    acts_in_pool = task.acts and not task.pinned
    shared_out = acts_in_pool and task.attempt == 0
    wanted = _requirement(task, facts)
    if task.pinned_account is not None:
        return decide(me, wanted, facts.candidates({task.pinned_account}), CapRoom(), None, task.id)
    room = facts.room() if acts_in_pool else CapRoom()
    meant = facts.meant() if shared_out else None
    near = {one for one in (me.account_id, None if meant is None else meant.account) if one is not None}
    there = facts.candidates(near) if meant is not None or not shared_out else ()
    if meant is not None and (as_planned := follow_plan(me, wanted, there, room, meant)) is not None:
        return as_planned  # nobody need count the shares
    if not shared_out and takes(me, wanted, there, room):
        return Assignment(take=True)
    return decide(me, wanted, facts.candidates(), room, facts.share() if shared_out else None, task.id)


def _requirement(task: Claimed, facts: Facts) -> Requirement:
    if task.pinned:
        return Requirement(task.acts, task.pinned_account, task.pinned_phone, sandbox=task.sandbox)
    out = excluded(facts.prior_attempts())
    accounts = out.accounts | facts.spent()
    return Requirement(task.acts, failed_phones=out.phones, failed_accounts=accounts, sandbox=task.sandbox)
