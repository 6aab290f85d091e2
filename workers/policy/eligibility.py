"""Decides which phone may take a task, when a ticket is claimed. Pure.

Hard rules (a pin, a phone that failed it, caps) are never bent. The even share is bent when no phone
with a share left may take the task: then any phone that the hard rules allow takes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from zlib import crc32

from workers.policy.caps_in_words import CapsUsed, caps_reason


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phone that is online, with the account logged in on it."""

    serial: str
    account_id: str | None
    resting: bool = False  # the account, until a person looked at it
    unfit: bool = False  # the phone: paused, in quarantine, hot, …
    busy: bool = False  # it runs a task


@dataclass(frozen=True, slots=True)
class Requirement:
    """A task's requirements of the phone and the account that take it."""

    acts: bool
    pinned_account: str | None = None
    pinned_phone: str | None = None
    failed_phones: Set[str] = frozenset()  # they failed it: asked again only when no other phone may
    failed_accounts: Set[str] = frozenset()  # they may not do it
    sandbox: bool = False  # it is for simulated phones, and for no others


@dataclass(frozen=True, slots=True)
class CapRoom:
    """The accounts with actions left under the caps, for tasks that act: None means any account.

    `commented`: for a task that comments, the accounts that posted all their comments on its video.
    """

    only_accounts: Set[str] | None = None
    full_accounts: Set[str] = frozenset()
    used: CapsUsed = field(default_factory=CapsUsed)
    commented: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """The account that the even share plans a task for, and those with a task on the same video to swap."""

    account: str
    swappable: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FairShare:
    """A campaign's acting tasks: their number, and the number that each account took."""

    tasks: int
    taken: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The decision: take the task here, pass it to a phone, or let it wait for the given reason."""

    take: bool = False
    swap: bool = False  # taken in exchange for the task on the same video that was meant for this account
    pass_to: str | None = None
    waits_for: str = ""
    capped: bool = False  # it waits for nothing but room under the caps


def may(seated: Candidate, wanted: Requirement, room: CapRoom) -> bool:
    """True when the hard rules allow this candidate."""
    if wanted.pinned_phone is not None and seated.serial != wanted.pinned_phone:
        return False
    if wanted.pinned_account is not None and seated.account_id != wanted.pinned_account:
        return False
    if seated.account_id is None or seated.account_id in wanted.failed_accounts:
        return False
    if seated.resting or seated.unfit:
        return False
    if not wanted.acts:
        return True
    if room.only_accounts is not None and seated.account_id not in room.only_accounts:
        return False
    return seated.account_id not in room.full_accounts and seated.account_id not in room.commented


def shares_left(account_ids: Iterable[str], share: FairShare, sharers: Set[str]) -> dict[str, int]:
    """Returns the number of tasks that each of these accounts may still take within its even share.

    K tasks over N accounts: everyone gets K // N, and K % N of them one more. What was taken by
    accounts that no longer work is not there to be shared.
    """
    if not sharers:
        return dict.fromkeys(account_ids, 0)
    gone = sum(count for one, count in share.taken.items() if one not in sharers)
    each, more = divmod(max(0, share.tasks - gone), len(sharers))
    above = {one for one in sharers if share.taken.get(one, 0) > each}
    return {one: each + (len(above) - (one in above) < more) - share.taken.get(one, 0) for one in account_ids}


def decide(
    me: Candidate,
    wanted: Requirement,
    everyone: Sequence[Candidate],
    room: CapRoom,
    share: FairShare | None,
    task_id: str = "",
) -> Assignment:
    """Decides whether to take a task that no plan sends elsewhere, pass it on, or let it wait.

    It goes to the candidate furthest below an even share. The task's id breaks ties, so
    that many tasks at one moment do not all go to the same phone.
    """
    able = [one for one in everyone if may(one, wanted, room)]
    able = [one for one in able if one.serial not in wanted.failed_phones] or able
    if not able:
        return Assignment(waits_for=why_nobody(wanted, everyone, room), capped=bool(but_for_caps(wanted, everyone)))
    left = {one.serial: 0 for one in able} if share is None else _shares_left(able, everyone, share)
    able = [one for one in able if left[one.serial] > 0] or able
    if any(one.serial == me.serial for one in able):
        return Assignment(take=True)

    def order(one: Candidate) -> tuple[bool, int, int]:
        return one.busy, -left[one.serial], crc32(f"{task_id} {one.serial}".encode())

    return Assignment(pass_to=min(able, key=order).serial)


def takes(me: Candidate, wanted: Requirement, there: Sequence[Candidate], room: CapRoom) -> bool:
    """Returns whether `decide` lets this phone take a task that is not shared out, whoever else is able.

    `there` need have but the phones with its account.
    """
    return me.serial not in wanted.failed_phones and any(
        one.serial == me.serial and may(one, wanted, room) for one in there
    )


def follow_plan(
    me: Candidate, wanted: Requirement, everyone: Sequence[Candidate], room: CapRoom, meant: PlannedAccount
) -> Assignment | None:
    """Returns where the even share's plan sends a task; None while the account that it is meant for is not able.

    The common case of an acting task. Of `everyone` it needs the phones of those two accounts.
    """

    def able(account_id: str | None) -> Candidate | None:
        found = [one for one in everyone if one.account_id == account_id and may(one, wanted, room)]
        return next((one for one in reversed(found) if one.serial not in wanted.failed_phones), None)

    there = able(meant.account)
    if there is None:
        return None
    if meant.account == me.account_id:
        return Assignment(take=True)
    if me.account_id in meant.swappable and able(me.account_id) is not None:
        return Assignment(take=True, swap=True)
    return Assignment(pass_to=there.serial)


def _shares_left(able: Sequence[Candidate], everyone: Sequence[Candidate], share: FairShare) -> dict[str, int]:
    """Returns the number of tasks that each of these may still take, by serial. All that work have a share."""
    sharers = {one.account_id for one in everyone if one.account_id is not None and not (one.resting or one.unfit)}
    left = shares_left({one.account_id or "" for one in able}, share, sharers)
    return {one.serial: left[one.account_id or ""] for one in able}


def but_for_caps(wanted: Requirement, everyone: Sequence[Candidate]) -> list[str]:
    """Returns the accounts that might take a task if there were no caps."""
    return [one.account_id for one in everyone if one.account_id is not None and may(one, wanted, CapRoom())]


def why_nobody(wanted: Requirement, everyone: Sequence[Candidate], room: CapRoom) -> str:
    """Returns the reason why none of the online phones of its sort may take a task."""
    stopped = but_for_caps(wanted, everyone)
    if stopped:
        return caps_reason(stopped, room.full_accounts, room.only_accounts, room.used, room.commented)
    if wanted.pinned_account is not None:
        return f"account {wanted.pinned_account} is on no phone that is online and able"
    if wanted.pinned_phone is not None:
        return f"phone {wanted.pinned_phone} is not online and able"
    if not everyone:
        return "no simulated phone is online, and it is for those alone" if wanted.sandbox else "no phone is online"
    return f"no phone that is online and fit may take it: {_in_numbers(wanted, everyone)}"


def _in_numbers(wanted: Requirement, everyone: Sequence[Candidate]) -> str:
    """Counts the reasons: each candidate's first reason counts."""
    counted = Counter(_why_not(wanted, one) for one in everyone)
    return f"of {len(everyone)} online " + ", ".join(f"{count} {why}" for why, count in counted.most_common())


def _why_not(wanted: Requirement, one: Candidate) -> str:
    if one.unfit:
        return "cannot work"
    if one.account_id is None:
        return "without an account"
    if one.resting:
        return "with an account that rests"
    return "with an account that may not do it" if one.account_id in wanted.failed_accounts else "cannot take it"
