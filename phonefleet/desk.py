"""The desk tasks that go between flows, and `desk_task` to make one of your own."""

from __future__ import annotations

from workers.campaigns.stages import draw_directed, each_title, gather, tally
from workers.desk import Desk
from workers.execution.register import desk_task

__all__ = ["Desk", "desk_task", "draw_directed", "each_title", "gather", "tally"]
