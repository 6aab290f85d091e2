"""Reach: whose tasks a hold holds. Tasks of simulated phones and of real ones are never held together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from models.tables import ApiKey, Hold, Task

OPERATOR = ""  # who submits by command or script is no customer


@dataclass(frozen=True, slots=True)
class Reach:
    """All tasks on phones of one sort, or only one customer's; `customer` is empty for the operator's own tasks."""

    sandbox: bool
    own: bool = False
    customer: str = OPERATOR

    def of_holds(self) -> tuple[ColumnElement[bool], ...]:
        """Selects the holds of this reach."""
        return Hold.sandbox == self.sandbox, Hold.own == self.own, Hold.customer == self.customer

    def of_holds_over_it(self) -> ColumnElement[bool]:
        """Selects the holds that reach these tasks, and maybe more."""
        return and_(Hold.sandbox == self.sandbox, or_(~Hold.own, and_(*self.of_holds())))

    def of_tasks(self) -> tuple[ColumnElement[bool], ...]:
        """Selects the tasks within this reach."""
        sort = Task.sandbox == self.sandbox
        if not self.own:
            return (sort,)
        if self.customer == OPERATOR:
            return sort, Task.key_id.is_(None)
        return sort, Task.key_id.in_(select(ApiKey.id).where(ApiKey.customer == self.customer))


def own_reach(session: Session, task: Task) -> Reach:
    """Returns the reach of a hold on the tasks of the customer who asked for this one."""
    return Reach(task.sandbox, own=True, customer=customer_of(session, task))


def customer_of(session: Session, task: Task) -> str:
    """Returns the customer whose task it is; empty for the operator's own."""
    key = None if task.key_id is None else session.get(ApiKey, task.key_id)
    return OPERATOR if key is None else key.customer
