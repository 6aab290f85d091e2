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


class FlowVersionState(StrEnum):
    """Where a version of a packaged flow stands. Of each flow one is in use, and one at most is on trial."""

    IN_USE = "in_use"  # new tasks are planted with it
    CANARY = "canary"  # on trial on two phones at most
    RETIRED = "retired"  # it was in use, or is older: its tasks end under it
    WITHDRAWN = "withdrawn"  # it failed its trial, or a person took it back
    REMOVED = "removed"  # the fleet does not have it any more


class TrialOutcome(StrEnum):
    """What one run says about a version on trial."""

    PROVED = "proved"
    FAULT = "fault"  # the flow's or the app's
    OTHER = "other"  # the phone's, the network's, the account's, the content's or the task's: it says nothing


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
    UNCONNECTED = "not connected"  # its host's adb server has no room for it


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


class ChannelKind(StrEnum):
    """Where a channel tells people of alerts."""

    WECOM = "wecom"  # 企业微信
    DINGTALK = "dingtalk"  # 钉钉
    FEISHU = "feishu"  # 飞书
    MAIL = "mail"


class BulkState(StrEnum):
    """The state of an act on many rows."""

    ASKED = "asked"  # its rows are frozen, and nobody said yet what shall be done
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # a person stopped it: the rows that were left are as they were


class BulkRowState(StrEnum):
    """The state of one row of an act on many."""

    WAITING = "waiting"
    TAKEN = "taken"  # a process does it
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # its process ended meanwhile: a person looks
    LEFT = "left"  # the act was stopped before it


class ExportState(StrEnum):
    """The state of an export."""

    WAITING = "waiting"
    RUNNING = "running"
    INTERRUPTED = "interrupted"  # its command ended; `phonefleet export --resume` goes on
    DONE = "done"
    FAILED = "failed"
    DELETED = "deleted"  # it was kept as long as it is to be kept


class CampaignControl(StrEnum):
    """The request to a campaign that the coordinator carries out, batch by batch."""

    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    TASKS = "tasks"  # what its rows in task_requests say


class TaskRequestKind(StrEnum):
    """The request about a task and all that was planted in its place."""

    PAUSE = "pause"
    RESUME = "resume"
    PRIORITY = "priority"
    STOP = "stop"


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


class Role(StrEnum):
    """What a user of the console may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"  # looks
    OPERATOR = "operator"  # starts, stops, pauses, settles
    ADMIN = "admin"  # bases, caps, keys, users


class LookOutcome(StrEnum):
    """The outcome of a watch's look."""

    PLANTED = "planted"  # its task has not ended
    LOOKED = "looked"  # its task succeeded; what it found is not judged yet
    JUDGED = "judged"
    FAILED = "failed"
    SKIPPED = "skipped"  # the look before had not ended


class ScheduledOutcome(StrEnum):
    """What became of a due time of a scheduled campaign."""

    PLANTED = "planted"
    SKIPPED = "skipped"  # the campaign before had not ended
    REFUSED = "refused"  # the file could not be planted then
