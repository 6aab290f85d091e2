"""The words of the ledger's columns: the interface and the rules know the same ones."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, get_args

import pytest

from gateway.api.filters import DeliveriesAsked
from gateway.api.responses import CampaignLine
from gateway.submissions.requests import ReplayAsked
from models.tasks.states import ENDED
from models.values.enums import AttemptOutcome, CampaignState, DeliveryState, HoldScope
from workers.policy.blame import BLAMES


def words(annotation: Any) -> set[str]:
    """The strings of a Literal, None left out."""
    found = [get_args(one) or (one,) for one in get_args(annotation)]
    return {word for group in found for word in group if isinstance(word, str)}


@pytest.mark.parametrize(
    ("annotation", "members", "left_out"),
    [
        (CampaignLine.model_fields["state"].annotation, CampaignState, set()),
        (DeliveriesAsked.model_fields["state"].annotation, DeliveryState, set()),
        (ReplayAsked.model_fields["state"].annotation, DeliveryState, {DeliveryState.OWED}),  # it is owed as it is
    ],
)
def test_the_interface_names_the_words_that_the_ledger_holds(
    annotation: Any, members: type[StrEnum], left_out: set[StrEnum]
) -> None:
    assert words(annotation) == {str(one) for one in members} - {str(one) for one in left_out}


def test_a_campaign_and_an_attempt_end_as_a_task_does() -> None:
    ends = {str(one) for one in ENDED}
    assert {str(one) for one in CampaignState} == {"open", "paused"} | ends
    assert {str(one) for one in AttemptOutcome} == {"delegated", "paused", "handed_back", "lost"} | ends


def test_each_scope_of_a_hold_has_what_blames_it() -> None:
    assert {str(one) for one in BLAMES.values()} == {str(one) for one in HoldScope}
