"""The fixed words of the ledger's columns, as enumerations.

A task's states, with the moves between them, are in models/tasks/states.py. A column stores the word, and returns it
as a plain string, which equals its member.
"""

from enum import StrEnum


class AttemptOutcome(StrEnum):
    """The outcome of an attempt; a running attempt has none."""

    SUCCEEDED = "succeeded"
    DELEGATED = "delegated"  # it returned a canvas, which was planted in its place
    FAILED = "failed"
    STOPPED = "stopped"
    PAUSED = "paused"  # the task or its campaign was paused: no failure
    HANDED_BACK = "handed_back"  # its phone was paused: no failure
    LOST = "lost"  # its worker died, or the database did not confirm the claim


class ActionOutcome(StrEnum):
    """The outcome of a declared action, as far as known."""

    DECLARED = "declared"  # it is not known yet whether it happened
    DONE = "done"
    NOT_DONE = "not_done"


class PhoneState(StrEnum):
    """The state of a phone's connection. The column also stores adb's word for a state without a member here."""

    ONLINE = "online"
    SILENT = "silent"  # its host has not reported
    OFFLINE = "offline"
    UNAUTHORIZED = "unauthorized"
    NO_PERMISSIONS = "no permissions"
    RECOVERY = "recovery"
    BOOTLOADER = "bootloader"
    SIDELOAD = "sideload"
    RESCUE = "rescue"
    EQUAL_SERIALS = "equal serials"  # several phones have this serial


class UnfitCode(StrEnum):
    """The reason why a phone takes no work. Not stored: models/fleet/fitness.py computes it from a phone's row."""

    NOT_ONLINE = "not_online"
    PAUSED = "paused"
    UNFIT = "unfit"
    ACCOUNT_TWICE = "account_twice"
    NO_ACCOUNT = "no_account"
    QUARANTINED = "quarantined"


class DeliveryState(StrEnum):
    """The state of a callback."""

    OWED = "owed"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISABLED = "disabled"  # its endpoint answered 410 Gone


class CampaignState(StrEnum):
    """The state of a campaign: open or paused until every task has ended."""

    OPEN = "open"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


class HoldScope(StrEnum):
    """The scope of a hold: the whole flow, or the flow on one author, video or comment."""

    FLOW = "flow"
    AUTHOR = "author"
    VIDEO = "video"
    COMMENT = "comment"


class BasisKind(StrEnum):
    """The basis for acting on an author's content."""

    OWNED = "owned"
    PERMITTED = "permitted"
    NONE = "none"


class RunsOn(StrEnum):
    """The kind of worker that a task needs: one with a phone, or a desk worker."""

    PHONE = "phone"
    DESK = "desk"
