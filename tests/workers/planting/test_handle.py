"""A script that follows a campaign is told why nothing moves, as `phonefleet status` tells it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.tasks.progress import Progress
from tests.support.ledger.drive import online_worker, owned_author, plant, titles
from workers.control.stop import stop_campaign
from workers.coordinator.leader import lead
from workers.planting import handle as of_handles
from workers.planting.handle import Handle, NotEnded

REASON = "nothing moves: only simulated phones are there, and it is for real ones; connect one"


@pytest.fixture
def waiting(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> Handle:
    """A campaign of the operator's own beside simulated phones alone; a reason is looked for each time."""
    monkeypatch.setattr(of_handles, "_REASON_EVERY", 0.0)
    owned_author(ledger)
    assert lead(ledger, "one", 600)
    online_worker(ledger, "p1", sandbox=True)
    return Handle(plant(ledger, titles()), ledger)


def test_a_reason_is_told_once_and_stands_in_the_error_too(waiting: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    following = waiting.follow(1.0)
    only = next(following)
    monkeypatch.setattr(of_handles, "_REASON_EVERY", 1e6)
    with pytest.raises(NotEnded, match=REASON):
        next(following)  # what comes before that error is a change
    assert str(only).startswith("0/1 ended; collect_titles ready=1; ")
    assert REASON in str(only)
    assert "serve it without PHONEFLEET_SANDBOX" in str(only)


def test_a_reason_that_is_over_is_told_as_well(waiting: Handle) -> None:
    seen: list[Progress] = []
    for progress in waiting.follow(600):
        seen.append(progress)
        if len(seen) == 1:
            online_worker(waiting.engine, "p2")
        elif len(seen) == 2:
            stop_campaign(waiting.engine, waiting.id, who="lena")
    assert [one.why is None for one in seen] == [False, True, True]
    assert seen[-1].outcome == "stopped"
    assert "nothing moves" not in str(seen[1])


def test_numbers_alone_come_without_a_reason(waiting: Handle) -> None:
    assert waiting.progress().why is None
