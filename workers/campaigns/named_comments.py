"""The comments that a campaign file names one by one, to be disliked or reported once a person approved each."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from flows.specs.dislike_comment import DislikeCommentParams
from flows.specs.report_comment import ReportCommentParams
from models.responsible_use.caps import DISLIKE, REPORT

MOST_NAMED = 100  # comments of one kind in one file

Account = Field(min_length=1, max_length=191, examples=["acc0001"])


class Disliking(DislikeCommentParams):
    """A comment to dislike, and the account that does."""

    flow: ClassVar[str] = DISLIKE

    account: str = Account


class Reporting(ReportCommentParams):
    """A comment to report, and the account that does."""

    flow: ClassVar[str] = REPORT

    account: str = Account


Named = Disliking | Reporting


def params_of(one: Named) -> dict[str, Any]:
    """Returns the flow's parameters, without the account."""
    return one.model_dump(mode="json", exclude={"account"})
