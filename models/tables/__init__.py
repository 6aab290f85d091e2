"""Every table of the ledger, so that metadata is complete wherever one is used."""

from models.tables.actions import ActionRow
from models.tables.attempts import Attempt, RefusedWrite
from models.tables.authors import AuditEntry, Author, CapValue
from models.tables.blame import Alert, Hold
from models.tables.campaigns import Campaign
from models.tables.changes import StateChange
from models.tables.collected import CollectedComment, CollectedTitle, CommentSighting
from models.tables.deliveries import Delivery, DeliveryAttempt, Endpoint, Lane
from models.tables.fleet import Account, FleetValue, Leader, Phone
from models.tables.keys import ApiKey, KeySecret, SeenId
from models.tables.tasks import Edge, Task

__all__ = [
    "Account",
    "ActionRow",
    "Alert",
    "ApiKey",
    "Attempt",
    "AuditEntry",
    "Author",
    "Campaign",
    "CapValue",
    "CollectedComment",
    "CollectedTitle",
    "CommentSighting",
    "Delivery",
    "DeliveryAttempt",
    "Edge",
    "Endpoint",
    "FleetValue",
    "Hold",
    "KeySecret",
    "Lane",
    "Leader",
    "Phone",
    "RefusedWrite",
    "SeenId",
    "StateChange",
    "Task",
]
