"""Changes: every move of the tasks and campaigns of this key, in order, for whoever missed callbacks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from gateway.api import shown
from gateway.api.parts import On, Who
from gateway.api.views import change_view
from gateway.problem import Declined, answers
from models.changes import MOST_IN_A_PAGE, changes_since, first_kept

router = APIRouter(prefix="/v1/changes", tags=["changes"])


@router.get("", responses=answers("changes_gone"))
def list_changes(
    who: Who,
    on: On,
    since: Annotated[int, Query(ge=0, le=2**63 - 1, description="The position read last; 0 begins at the first.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_IN_A_PAGE, description="How many at most.")] = 100,
) -> shown.Changes:
    """What changed after a position. None is ever added before one that was seen."""

    def work(session: Session) -> shown.Changes:
        first = first_kept(session, who.key.id)
        if since and first is not None and since < first - 1:
            raise Declined("changes_gone", f"the first one that is kept is {first}; list your tasks, then begin there")
        found = [change_view(one) for one in changes_since(session, who.key.id, since, limit)]
        return shown.Changes(items=found, next=found[-1].position if found else since)

    return on.look(who, work)
