"""The models of answers about what a campaign is missing."""

from __future__ import annotations

from pydantic import Field

from gateway.api.responses import Shown


class MissingPiece(Shown):
    """Tasks of a kind that are missing."""

    flow: str
    what: str = Field(description="The account, or the author and the title.")
    missing: int
    why: dict[str, int] = Field(description="A failure's code, or a task's state, with the number of tasks.")


class Missing(Shown):
    """What a campaign is missing, with the campaigns that complete it."""

    campaign_id: str = Field(description="The first campaign, if this one completes another.")
    completed_by: list[str]
    pieces: list[MissingPiece] = Field(description="At most 500.")
    more_pieces: int
    under_way: int = Field(description="The number of tasks that have not ended.")
    by_hand: int = Field(description="The number of tasks that took results of others: submit them again.")


class PlantedMissing(Shown):
    """The campaign that completes another one."""

    campaign_id: str
    tasks: int = Field(description="The number of tasks that were missing.")
