"""The desk tasks to put between flows, and `desk_task` to define your own."""

from __future__ import annotations

from workers.campaigns.stages import collected_earlier, draw_directed, each_title, gather, tally
from workers.desk import Desk
from workers.execution.register import desk_task

__all__ = ["Desk", "collected_earlier", "desk_task", "draw_directed", "each_title", "gather", "tally"]
