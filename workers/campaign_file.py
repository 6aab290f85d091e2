"""The campaign file: the operator's day as YAML that anyone can edit. Read, checked, explained when wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from flows.checks import check_text
from flows.nurture import NurtureParams
from models.refused import Problem, Refused, refuse

MOST_BYTES = 1_000_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Nurturing(NurtureParams):
    """What each account's nurture session does: the flow's own parameters."""


class Collecting(_Part):
    """Of each author so many videos, with so many comments each."""

    authors: tuple[str, ...] = Field(min_length=1)
    videos: int = Field(ge=1, le=50)
    comments: int = Field(ge=1, le=1000)
    least_comments: int = Field(default=0, ge=0, le=5000)
    video_loop: int = Field(default=60, ge=1, le=1000)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        twice = sorted({author for author in self.authors if self.authors.count(author) > 1})
        if twice:
            raise ValueError(f"authors: named twice: {', '.join(twice)}; name each once")
        return self


class PerAccount(_Part):
    """Directed work that equals so much an account; who does it is the fleet's to spread."""

    comments: int = Field(default=0, ge=0, le=50)
    replies: int = Field(default=0, ge=0, le=50)
    comment_likes: int = Field(default=0, ge=0, le=50)

    @property
    def total(self) -> int:
        return self.comments + self.replies + self.comment_likes


class Directing(_Part):
    """Directed work on comments drawn at random from those collected, with the operator's own texts."""

    per_account: PerAccount
    comment_texts: tuple[str, ...] = ()
    reply_texts: tuple[str, ...] = ()
    video_loop: int = Field(default=60, ge=1, le=1000)
    comment_loop: int = Field(default=200, ge=1, le=5000)

    @model_validator(mode="after")
    def _texts(self) -> Self:
        for count, texts, name in (
            (self.per_account.comments, self.comment_texts, "comment_texts"),
            (self.per_account.replies, self.reply_texts, "reply_texts"),
        ):
            if count and not texts:
                raise ValueError(f"{name}: {count} an account asked for but no texts given; give the operator's own")
            for text in texts:
                try:
                    check_text(text)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        return self


class CampaignFile(_Part):
    """A day's work. Absent parts are not done."""

    campaign: str = Field(min_length=1, max_length=191)
    accounts: Literal["all"] | tuple[str, ...] = "all"
    nurture: Nurturing | None = None
    collect: Collecting | None = None
    directed: Directing | None = None
    without_basis: Literal["refuse", "collect_only"] = "refuse"
    seed: int | None = Field(default=None, ge=0, le=0x7FFFFFFF)

    @model_validator(mode="after")
    def _accounts_once(self) -> Self:
        if self.accounts == "all":
            return self
        if not self.accounts:
            raise ValueError("accounts: none is named; write all, or name some")
        twice = sorted({account for account in self.accounts if self.accounts.count(account) > 1})
        if twice:
            raise ValueError(f"accounts: named twice: {', '.join(twice)}; name each once")
        return self

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.nurture is None and self.collect is None:
            raise ValueError("nurture, collect: neither is there; a campaign needs something to do")
        if self.directed is not None and self.collect is None:
            raise ValueError("directed: draws from what is collected; add a collect part")
        return self


def read_campaign_file(path: Path) -> CampaignFile:
    """The file's content, checked. Raises Refused with every problem: the field, the reason, the remedy."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise refuse(str(path), f"{size} bytes are too many for a campaign file", f"keep it under {MOST_BYTES}")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise refuse(str(path), str(error), "name a YAML file in UTF-8") from error
    return parse_campaign(text, str(path))


def parse_campaign(text: str, source: str) -> CampaignFile:
    """As `read_campaign_file`, from text."""
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise refuse(source, f"not YAML: {error}", "see scripts/standard_day.yaml for the form") from error
    if not isinstance(data, dict):
        raise refuse(source, "holds no fields", "see scripts/standard_day.yaml for the form")
    return check_campaign(data)


def check_campaign(data: Mapping[str, Any]) -> CampaignFile:
    """As `read_campaign_file`, from its fields."""
    try:
        return CampaignFile.model_validate(data)
    except ValidationError as error:
        raise Refused(_problem(one) for one in error.errors(include_url=False)) from error


def _problem(error: object) -> Problem:
    assert isinstance(error, dict)
    field = ".".join(str(part) for part in error["loc"]) or "campaign file"
    kind, message = error["type"], str(error["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return Problem(field, "there is no such field", "correct the name, or leave it out")
    if kind == "missing":
        return Problem(field, "is missing", "add it")
    return Problem(field, message, "correct the value")
