"""The fields of a campaign file about the campaign itself: when it is planted again, its quotas, who is told."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from flows.checks import refuse_all
from models.values.refused import Refused
from workers.policy.schedule import MOST_MINUTES, check_schedule

MOST_QUOTA = 1_000_000


class Part(BaseModel):
    """A part of a campaign file: it has no other fields, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _address(value: str) -> str:
    from models.notify.addresses import read_address  # noqa: PLC0415 - few files name an address

    try:
        return read_address(value).url
    except Refused as refused:
        first = refused.problems[0]
        raise ValueError(f"{first.reason}; {first.remedy}") from None


CallbackUrl = Annotated[str, AfterValidator(_address)]  # the allowlist of the key is checked where the key is known


class Scheduling(Part):
    """When the campaign is planted, again and again: every so many minutes, or at the times of a cron line."""

    every: int | None = Field(default=None, ge=1, le=MOST_MINUTES, examples=[1440])
    cron: str | None = Field(default=None, max_length=191, examples=["0 8 * * MON-FRI"])

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        try:
            check_schedule(self.every, self.cron)
        except Refused as refused:
            refuse_all(f"{one.field}: {one.reason}; {one.remedy}" for one in refused.problems)
        return self


class Quotas(Part):
    """The most actions of the campaign: of one account, on one author's content, and of a kind in all."""

    per_account: int | None = Field(default=None, ge=1, le=MOST_QUOTA, examples=[10])
    per_author: int | None = Field(default=None, ge=1, le=MOST_QUOTA, examples=[20])
    comments: int | None = Field(default=None, ge=0, le=MOST_QUOTA, examples=[100])
    replies: int | None = Field(default=None, ge=0, le=MOST_QUOTA, examples=[100])
    comment_likes: int | None = Field(default=None, ge=0, le=MOST_QUOTA, examples=[100])
    video_likes: int | None = Field(default=None, ge=0, le=MOST_QUOTA, examples=[100])

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("per_account: no quota is given; give one, or leave quotas out")
        return self
