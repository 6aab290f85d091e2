"""Every table of the ledger. A table is mapped, which takes 2 ms of CPU, when its class is first imported from here."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from models.database.base import Base

if TYPE_CHECKING:
    from models.tables.actions import ActionRow
    from models.tables.approvals import Approval
    from models.tables.attempts import Attempt, RefusedWrite
    from models.tables.audit import AuditEntry
    from models.tables.authors import Author, CapValue
    from models.tables.blame import Alert, Hold
    from models.tables.bulk import BulkAct, BulkRow
    from models.tables.campaign_schedules import CampaignSchedule, ScheduledCampaign
    from models.tables.campaigns import Campaign
    from models.tables.changes import StateChange
    from models.tables.channels import AlertChannel, AlertNotice
    from models.tables.collected import CollectedComment, CollectedTitle, CommentSighting
    from models.tables.deliveries import Delivery, DeliveryAttempt, Endpoint, Lane
    from models.tables.exports import Export
    from models.tables.fleet import Account, Phone
    from models.tables.fleet_values import FleetValue
    from models.tables.flow_versions import FlowTrialRun, FlowVersion
    from models.tables.keys import ApiKey, KeySecret, SeenId
    from models.tables.leaders import Leader
    from models.tables.pauses import PauseEnd
    from models.tables.people import SavedFilter, User, UserSession
    from models.tables.pictures import PhonePicture, ShelfWatch
    from models.tables.profile_patches import ProfilePatch
    from models.tables.recordings import RecordedScreen, Recording
    from models.tables.records import Record, RecordHour, RecordPair
    from models.tables.shows import PhoneShow
    from models.tables.task_requests import TaskRequest
    from models.tables.tasks import Edge, Task
    from models.tables.texts import SearchedText, TextGram
    from models.tables.watches import Watch, WatchHour, WatchItem, WatchLook

__all__ = [
    "Account",
    "ActionRow",
    "Alert",
    "AlertChannel",
    "AlertNotice",
    "ApiKey",
    "Approval",
    "Attempt",
    "AuditEntry",
    "Author",
    "BulkAct",
    "BulkRow",
    "Campaign",
    "CampaignSchedule",
    "CapValue",
    "CollectedComment",
    "CollectedTitle",
    "CommentSighting",
    "Delivery",
    "DeliveryAttempt",
    "Edge",
    "Endpoint",
    "Export",
    "FleetValue",
    "FlowTrialRun",
    "FlowVersion",
    "Hold",
    "KeySecret",
    "Lane",
    "Leader",
    "PauseEnd",
    "Phone",
    "PhonePicture",
    "PhoneShow",
    "ProfilePatch",
    "Record",
    "RecordHour",
    "RecordPair",
    "RecordedScreen",
    "Recording",
    "RefusedWrite",
    "SavedFilter",
    "ScheduledCampaign",
    "SearchedText",
    "SeenId",
    "ShelfWatch",
    "StateChange",
    "Task",
    "TaskRequest",
    "TextGram",
    "User",
    "UserSession",
    "Watch",
    "WatchHour",
    "WatchItem",
    "WatchLook",
]

# Each module with its tables' classes: the imports above, for `__getattr__`.
_MODULES = {
    "actions": ("ActionRow",),
    "approvals": ("Approval",),
    "attempts": ("Attempt", "RefusedWrite"),
    "audit": ("AuditEntry",),
    "authors": ("Author", "CapValue"),
    "blame": ("Alert", "Hold"),
    "bulk": ("BulkAct", "BulkRow"),
    "campaign_schedules": ("CampaignSchedule", "ScheduledCampaign"),
    "campaigns": ("Campaign",),
    "changes": ("StateChange",),
    "channels": ("AlertChannel", "AlertNotice"),
    "collected": ("CollectedComment", "CollectedTitle", "CommentSighting"),
    "deliveries": ("Delivery", "DeliveryAttempt", "Endpoint", "Lane"),
    "exports": ("Export",),
    "fleet": ("Account", "Phone"),
    "fleet_values": ("FleetValue",),
    "flow_versions": ("FlowTrialRun", "FlowVersion"),
    "keys": ("ApiKey", "KeySecret", "SeenId"),
    "leaders": ("Leader",),
    "pauses": ("PauseEnd",),
    "people": ("SavedFilter", "User", "UserSession"),
    "pictures": ("PhonePicture", "ShelfWatch"),
    "profile_patches": ("ProfilePatch",),
    "recordings": ("RecordedScreen", "Recording"),
    "records": ("Record", "RecordHour", "RecordPair"),
    "shows": ("PhoneShow",),
    "task_requests": ("TaskRequest",),
    "tasks": ("Edge", "Task"),
    "texts": ("SearchedText", "TextGram"),
    "watches": ("Watch", "WatchHour", "WatchItem", "WatchLook"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = found
    return found


def metadata_of_all() -> MetaData:
    """Returns the ledger's metadata with every table; `Base.metadata` has only those that this process has mapped."""
    for name in __all__:
        getattr(sys.modules[__name__], name)
    return Base.metadata
