"""The messages that are no task's ticket: who is logged in, show the number, do a recorded touch, deliver a lane."""

from __future__ import annotations

IDENTIFY = "identify"  # a message without a row: it reads, and acts on nothing
FIND = "find"  # without a row as well: the phone shows its number
RECORD = "record"  # without a row of tasks too: a paused phone does the touch that a recording asks for
DELIVER = "deliver"  # served by gateway.delivery.lane_task; its ticket names a lane
MOST_IN_A_LANE = 24  # callbacks of one key under way to one origin
