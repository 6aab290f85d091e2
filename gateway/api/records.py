"""Records: lists what ended of the caller's tasks, and counts it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from gateway.access.caller import Caller
from gateway.access.parsed_body import ParsedRoute
from gateway.api import responses
from gateway.api.cursors import PagePosition, from_cursor, to_cursor
from gateway.api.dependencies import CallerDep, GatewayDep
from gateway.api.filters import Filter
from gateway.api.pages import MOST_IN_A_PAGE
from gateway.problem import answers
from gateway.submissions.requests import Moment, Until
from models.history.records.filters import OUTCOMES, RecordFilter
from models.history.records.read import records_page
from models.history.records.totals import record_total
from models.tables import Record
from models.values.customer_words import customer_words

router = APIRouter(prefix="/v1/records", tags=["records"], route_class=ParsedRoute)

Outcome = Literal[
    "succeeded", "delegated", "failed", "stopped", "paused", "handed_back", "lost", "done", "not_done"
]  # fmt: skip
assert set(Outcome.__args__) == set(OUTCOMES)  # type: ignore[attr-defined]


class RecordsCounted(BaseModel):
    """Selects the records that match every given parameter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    campaign: Filter = None
    task: Filter = None
    flow: Filter = None
    kind: Filter = Field(
        default=None, description="`attempt`, `task`, `action`, or one kind of action such as `reply`."
    )
    outcome: Outcome | None = None
    code: Filter = Field(default=None, description="The code of the failure.")
    step: Filter = None
    account: Filter = None
    phone: Filter = None
    author: Filter = Field(default=None, description="The author of the content.")
    since: Moment | None = Field(default=None, description="Ended at this time or later.")
    until: Until | None = Field(default=None, description="Ended before this time.")
    seal: Literal["none"] | None = Field(default=None, description="`none`: plain JSON, if the operator allows it.")

    def filter(self, who: Caller) -> RecordFilter:
        """Returns the filter for the ledger's query: only what belongs to the caller's customer."""
        return RecordFilter(keys=who.sees, **self.model_dump(exclude={"cursor", "limit", "seal"}))


class RecordsAsked(RecordsCounted):
    """The same, page by page."""

    cursor: str | None = Field(default=None, max_length=400, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=MOST_IN_A_PAGE, description="The most items to return.")


@router.get("", responses=answers())
def list_records(
    asked: Annotated[RecordsAsked, Query()], who: CallerDep, on: GatewayDep
) -> responses.Page[responses.Record]:
    """Lists what ended of your tasks, newest first. A page may be short although `next` names another one."""
    place = None
    if asked.cursor is not None:
        found = from_cursor("records", asked.cursor)
        place = (found.at, found.id)

    def work(session: Session) -> responses.Page[responses.Record]:
        rows, following = records_page(session, asked.filter(who), place, asked.limit)
        cursor = None if following is None else to_cursor("records", PagePosition(*following))
        return responses.Page(items=[record_line(one) for one in rows], next=cursor)

    return on.look(who, work)


@router.get("/total", responses=answers())
def count_records(asked: Annotated[RecordsCounted, Query()], who: CallerDep, on: GatewayDep) -> responses.Total:
    """Counts your records that match: exactly, or up to 10,000."""

    def work(session: Session) -> responses.Total:
        total = record_total(session, asked.filter(who))
        return responses.Total(number=total.number, exact=total.exact)

    return on.look(who, work)


def record_line(row: Record) -> responses.Record:
    """Builds the record as customers and `phonefleet records --json` have it."""
    shown: dict[str, Any] = {name: getattr(row, name) for name in responses.Record.model_fields if hasattr(row, name)}
    shown["reason"] = customer_words(row.reason)
    return responses.Record(**shown, account=row.account_id, phone=row.phone_serial, author=row.author_id)
