"""What to do about targets that were not reached follows from why the flow did not act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flows.failures import CODES, FlowFailure, remedy_for

LOOPS = CODES["targets_not_reached"].remedy


@pytest.mark.parametrize(
    ("refused", "first", "not_told"),
    [
        ({"no_basis": 21, "already_liked": 2}, "basis", "the caps"),
        ({"cap_reached": 9}, "the caps leave no more", "basis"),
        ({"already_liked": 30}, "raise the loops", "basis"),
        ({"text_repeated": 4, "comment_full": 1}, "more different texts", "basis"),
        ({"may_not_act": 3}, "look at the account", "raise the loops"),
        ({"comment_full": 3}, "single comments", "basis"),
    ],
)
def test_the_most_counted_reason_is_mended_first(refused: Mapping[str, int], first: str, not_told: str) -> None:
    remedy = remedy_for("targets_not_reached", {"refused": refused})
    assert first in remedy.split(";")[0]
    assert not_told not in remedy
    assert FlowFailure("targets_not_reached", "x", {"refused": refused}).remedy == remedy


@pytest.mark.parametrize("details", [None, {}, {"refused": {}}, {"refused": "many"}, {"refused": None}])
def test_without_reasons_the_loops_were_too_short(details: Mapping[str, Any] | None) -> None:
    assert remedy_for("targets_not_reached", details) == LOOPS


def test_authors_without_a_basis_are_named_the_most_shown_first() -> None:
    authors = {f"a{number}": number for number in range(1, 8)}
    remedy = remedy_for("targets_not_reached", {"refused": {"no_basis": 28}, "without_basis": authors})
    assert remedy.endswith("it showed a7, a6, a5, a4, a3 and 2 more")
    assert "raise the loops" not in remedy


def test_other_failures_keep_the_remedy_of_their_code() -> None:
    assert remedy_for("author_not_found", {"refused": {"no_basis": 3}}) == CODES["author_not_found"].remedy
    assert remedy_for("nonsense") == ""
