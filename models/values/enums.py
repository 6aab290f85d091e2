"""The words that columns hold and modules pass on, as enumerations.

A task's states, with the moves between them, are in models/tasks/states.py. A column keeps the word itself, and reads
it back as a plain string, which equals its member.
"""

from enum import StrEnum


class AttemptOutcome(StrEnum):
    """How an attempt ended; an attempt that runs has none."""

    SUCCEEDED = "succeeded"
    DELEGATED = "delegated"  # it returned a canvas, which was planted in its place
    FAILED = "failed"
    STOPPED = "stopped"
    PAUSED = "paused"  # the task or its campaign was paused: no failure
    HANDED_BACK = "handed_back"  # its phone was paused: no failure
    LOST = "lost"  # its worker died, or the database did not confirm the claim


class ActionOutcome(StrEnum):
    """What is known of a declared action."""

    DECLARED = "declared"  # nobody knows yet whether it happened
    DONE = "done"
    NOT_DONE = "not_done"


class PhoneState(StrEnum):
    """How a phone is reached. The column also holds adb's own word for a state that has no member here."""

    ONLINE = "online"
    SILENT = "silent"  # its host was not heard of
    OFFLINE = "offline"
    UNAUTHORIZED = "unauthorized"
    NO_PERMISSIONS = "no permissions"
    RECOVERY = "recovery"
    BOOTLOADER = "bootloader"
    SIDELOAD = "sideload"
    RESCUE = "rescue"
    EQUAL_SERIALS = "equal serials"  # several phones have this serial


class UnfitCode(StrEnum):
    """Why a phone takes no work. No column holds it: models/fleet/fitness.py tells it of a phone's row."""

    NOT_ONLINE = "not_online"
    PAUSED = "paused"
    UNFIT = "unfit"
    ACCOUNT_TWICE = "account_twice"
    NO_ACCOUNT = "no_account"
    QUARANTINED = "quarantined"


class DeliveryState(StrEnum):
    """How far a callback is."""

    OWED = "owed"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISABLED = "disabled"  # its endpoint answered that it is gone


class CampaignState(StrEnum):
    """How a campaign stands: open or paused until every task ended."""

    OPEN = "open"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


class HoldScope(StrEnum):
    """On what a hold is laid: the whole flow, or the flow on one author, video or comment."""

    FLOW = "flow"
    AUTHOR = "author"
    VIDEO = "video"
    COMMENT = "comment"


class BasisKind(StrEnum):
    """Why the fleet may act on an author's content."""

    OWNED = "owned"
    PERMITTED = "permitted"
    NONE = "none"


class RunsOn(StrEnum):
    """What a task needs: a phone, or nothing but a desk worker."""

    PHONE = "phone"
    DESK = "desk"
