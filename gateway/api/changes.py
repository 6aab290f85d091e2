"""Changes: lists every move of the tasks and campaigns of this key, in order, for systems that missed callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from gateway.access.parsed_body import ParsedRoute
from gateway.api import responses
from gateway.api.dependencies import CallerDep, GatewayDep
from gateway.api.views import change_view
from gateway.problem import ApiProblem, answers
from models.history.state_changes import MOST_IN_A_PAGE, changes_since, last_position
from models.tables import StateChange
from models.values.refused import Problem, refuse

router = APIRouter(prefix="/v1/changes", tags=["changes"], route_class=ParsedRoute)


@router.get("", responses=answers("changes_gone"))
def list_changes(
    who: CallerDep,
    on: GatewayDep,
    since: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="The last position that you read; 0 begins at the oldest one kept.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_IN_A_PAGE, description="The most changes to return.")] = 100,
) -> responses.Changes:
    """Lists the changes after a position. No change is ever added before one that you have read."""

    def work(session: Session) -> responses.Changes:
        # read before the page: changes numbered in between would otherwise look forgotten
        last = last_position(session, who.key.id)
        found = _without_gap(changes_since(session, who.key.id, since, limit))
        if since:
            _check_begin(since, found[0].position if found else None, last)
        return responses.Changes(items=found, next=found[-1].position if found else since)

    return on.look(who, work)


def _without_gap(rows: Sequence[StateChange]) -> list[responses.Change]:
    """Returns the changes up to the first gap: old changes may be deleted out of order."""
    views = [change_view(one) for one in rows]
    return [one for place, one in enumerate(views) if one.position == views[0].position + place]


def _check_begin(since: int, first: int | None, last: int) -> None:
    """Raises ApiProblem (changes_gone) when changes between `since` and `first`, the page's first, are deleted.

    Raises Refused for a position beyond the last one: it would hide every change up to there.
    """
    if since > last:
        reason = f"no change has the position {since} yet; the last one is {last}"
        raise refuse("since", reason, "give `next` of the page before; 0 begins at the first change that is kept")
    begin = last if first is None else first - 1
    if begin > since:
        reason = f"the changes after {since}, up to {begin}, are not kept any more"
        remedy = f"list your tasks and campaigns, then ask with since={begin}"
        raise ApiProblem("changes_gone", problems=[Problem("since", reason, remedy)])
