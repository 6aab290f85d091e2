"""What is around a task in its campaign, read with the task's own locked row.

Apart from the fence, which commands import that have no use for edges: each table that is mapped costs them time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, null, select
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


@cache
def _with(more: ColumnElement[Any]) -> Select[Any]:
    """Returns the statement with one more column; made once for each, because making it costs what sending does."""
    return _LOCKED_WITH_NEIGHBOURS.add_columns(more)


NOTHING_MORE: ColumnElement[Any] = null()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Whether other tasks of its campaign come after a task, and whether some are open and do not run.

    Which tasks come after one is settled when it is planted. The others were open at the moment of the question.
    `more`: what else the caller asked for.
    """

    after_it: bool
    open_ones: bool
    more: Any = None

    @property
    def unconcerned(self) -> bool:
        """True when an end of the task has no consequence for another task or its campaign."""
        return not self.after_it and self.open_ones


def check_fence_with_neighbours(
    session: Session,
    fence: Fence,
    campaign_id: str,
    more: ColumnElement[Any] = NOTHING_MORE,
    values: Mapping[str, Any] = {},
) -> tuple[Task, datetime, Neighbours]:
    """Returns what `check_fence` returns, and what is around the task, with the same statement. Raises LeaseLost.

    `more`: a column that is made once, and the `values` that it asks for.
    """
    asked = {"task_id": fence.task_id, "campaign_id": campaign_id, **values}
    found = session.execute(_with(more), asked).one_or_none()
    task, moment, after_it, open_one, besides = found or (None,) * 5
    return *held(fence, task, moment), Neighbours(after_it is not None, open_one is not None, besides)
