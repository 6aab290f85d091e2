"""What is around a task in its campaign, read with the task's own locked row.

Apart from the fence, which commands import that have no use for edges: each table that is mapped costs them time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from models.tables import Edge, Task
from models.tasks.fence import LOCKED, Fence, held
from models.tasks.states import NOT_RUNNING

_other = aliased(Task)
# Locks no row but the task's own. The neighbours are asked for by constants: by columns of the locked row, MariaDB
# would read the whole campaign until it finds one.
_LOCKED_WITH_NEIGHBOURS = LOCKED.add_columns(
    select(Edge.task_id).where(Edge.after_id == bindparam("task_id")).limit(1).scalar_subquery(),
    select(_other.id)
    .where(_other.campaign_id == bindparam("campaign_id"), _other.state.in_(sorted(NOT_RUNNING)))
    .limit(1)
    .scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Whether other tasks of its campaign come after a task, and whether some are open and do not run.

    Which tasks come after one is settled when it is planted. The others were open at the moment of the question.
    """

    after_it: bool
    open_ones: bool


def check_fence_with_neighbours(session: Session, fence: Fence, campaign_id: str) -> tuple[Task, datetime, Neighbours]:
    """Returns what `check_fence` returns, and what is around the task, with the same statement. Raises LeaseLost."""
    asked = {"task_id": fence.task_id, "campaign_id": campaign_id}
    found = session.execute(_LOCKED_WITH_NEIGHBOURS, asked).one_or_none()
    task, moment, after_it, open_one = found or (None,) * 4
    return *held(fence, task, moment), Neighbours(after_it is not None, open_one is not None)
