"""The parameters of lists. An unknown filter is refused, because a misspelt one would select everything."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.api.pages import MOST_IN_A_PAGE, TaskFilter
from gateway.api.responses import CampaignState
from gateway.submissions.requests import Moment, Until
from models.tasks.states import State

Filter = Annotated[str | None, Field(max_length=191)]


class ListAsked(BaseModel):
    """The parameters that every list accepts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: str | None = Field(default=None, max_length=400, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=MOST_IN_A_PAGE, description="The most items to return.")
    seal: Literal["none"] | None = Field(default=None, description="`none`: plain JSON, if the operator allows it.")


class TasksAsked(ListAsked):
    """Selects the tasks that match every given parameter."""

    campaign: Filter = None
    reference: Filter = None
    flow: Filter = None
    state: State | None = None
    account: Filter = Field(
        default=None, description="The account of the last attempt, or the one that it is pinned to."
    )
    phone: Filter = Field(default=None, description="The phone of the last attempt, or the one that it is pinned to.")
    author: Filter = Field(default=None, description="The author of the content.")
    since: Moment | None = Field(default=None, description="Created at this time or later.")
    until: Until | None = Field(default=None, description="Created before this time.")

    def filter(self) -> TaskFilter:
        """Returns the filter for the ledger's query."""
        return TaskFilter(**self.model_dump(exclude={"cursor", "limit", "seal"}))


class CampaignsAsked(ListAsked):
    """Selects campaigns."""

    state: CampaignState | None = None
    reference: Filter = None


class DeliveriesAsked(ListAsked):
    """Selects callbacks."""

    state: Literal["owed", "delivered", "failed", "disabled"] | None = None
    task: Filter = None
    campaign: Filter = None
    since: Moment | None = Field(default=None, description="First owed at this time or later.")
    until: Until | None = Field(default=None, description="First owed before this time.")
