"""The messages that are no task's ticket: identify the logged-in account, and deliver a lane of callbacks."""

from __future__ import annotations

IDENTIFY = "identify"  # a message without a row: it reads, and acts on nothing
DELIVER = "deliver"  # served by gateway.delivery.lane_task; its ticket names a lane
MOST_IN_A_LANE = 24  # callbacks of one key under way to one origin
