"""The named moments of a task's path, from submit to the ticket's end, at which the tests strike."""

from __future__ import annotations

from enum import StrEnum


class Moment(StrEnum):
    """Each is a place between two steps of the path, in the order in which a task comes by."""

    PLANTING = "planting"  # all rows are written, and about to be committed
    PLANTED = "planted"  # the rows are committed, and no ticket is rung
    RINGING = "ringing"  # marked as rung, and not published
    RECEIVED = "received"  # a worker has the ticket, and did not claim
    CLAIMED = "claimed"  # the claim is committed, and the flow did not begin
    ACTING = "acting"  # the flow is about to declare its point of no return
    DECLARED = "declared"  # the point of no return is on disk, and the phone was not touched
    TAPPED = "tapped"  # the app took the tap, and its outcome is not written
    CONCLUDED = "concluded"  # the action's outcome is committed, and the task's is not
    OWING = "owing"  # the task's end is written, and the callback about it is not owed
    RECORDING = "recording"  # result and what follows are written, and about to be committed
    RECORDED = "recorded"  # they are committed, and what follows is not rung
    ACKNOWLEDGING = "acknowledging"  # all is done but for the ticket, which is still in Redis
    RESCUING = "rescuing"  # a lost attempt's task is back, and that about to be committed
    RESCUED = "rescued"  # that is committed, and the task is not rung


# Where a worker can be struck: at a phone, with a flow that acts, and at the desk, with a task that grows.
PHONE = (
    Moment.RECEIVED,
    Moment.CLAIMED,
    Moment.ACTING,
    Moment.DECLARED,
    Moment.TAPPED,
    Moment.CONCLUDED,
    Moment.OWING,
    Moment.RECORDING,
    Moment.RECORDED,
    Moment.ACKNOWLEDGING,
)
DESK = (Moment.RECEIVED, Moment.CLAIMED, Moment.RECORDING, Moment.RECORDED, Moment.ACKNOWLEDGING)
