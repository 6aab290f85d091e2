"""What lists may be asked for. An unknown filter is refused: a misspelt one would let everything through."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.api.pages import MOST_IN_A_PAGE, TaskFilter
from gateway.api.responses import CampaignState
from gateway.submissions.requests import Moment
from models.tasks.states import State

Filter = Annotated[str | None, Field(max_length=191)]


class ListAsked(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: str | None = Field(default=None, max_length=400, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=MOST_IN_A_PAGE, description="How many at most.")
    seal: Literal["none"] | None = Field(default=None, description="`none`: plain JSON, where the operator allows it.")


class TasksAsked(ListAsked):
    """Which tasks: those that fit all that is given."""

    campaign: Filter = None
    reference: Filter = None
    flow: Filter = None
    state: State | None = None
    account: Filter = Field(default=None, description="Of the last attempt, or the one it is pinned to.")
    phone: Filter = Field(default=None, description="Of the last attempt, or the one it is pinned to.")
    author: Filter = Field(default=None, description="Whose content it is about.")
    since: Moment | None = Field(default=None, description="Made at this time or later.")
    until: Moment | None = Field(default=None, description="Made before this time.")

    def filter(self) -> TaskFilter:
        """For the ledger."""
        return TaskFilter(**self.model_dump(exclude={"cursor", "limit", "seal"}))


class CampaignsAsked(ListAsked):
    """Which campaigns."""

    state: CampaignState | None = None
    reference: Filter = None


class DeliveriesAsked(ListAsked):
    """Which callbacks."""

    state: Literal["owed", "delivered", "failed", "disabled"] | None = None
    task: Filter = None
    campaign: Filter = None
    since: Moment | None = Field(default=None, description="Owed first at this time or later.")
    until: Moment | None = Field(default=None, description="Owed first before this time.")
