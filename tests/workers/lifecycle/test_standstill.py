"""Why nothing of a campaign moves, on each database. Each reason as people read it: tests/scripts/commands."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.tables import Campaign
from models.tasks.progress import Why
from models.transactions.read_write import read
from tests.support.ledger.drive import online_worker, owned_author, plant, ready, take, titles
from workers.coordinator.leader import lead
from workers.lifecycle.standstill import why_nothing_moves


def why(engine: Engine, campaign_id: str) -> Why | None:
    return read(engine, lambda session: why_nothing_moves(session, session.get_one(Campaign, campaign_id)))


@pytest.mark.parametrize("sandbox", [False, True])
def test_phones_of_the_other_sort_leave_it_waiting_and_one_of_its_own_ends_that(ledger: Engine, sandbox: bool) -> None:
    owned_author(ledger)
    assert lead(ledger, "one", 600)
    online_worker(ledger, "p1", sandbox=not sandbox)
    campaign_id = plant(ledger, titles(), sandbox=sandbox)
    found = why(ledger, campaign_id)
    assert found is not None
    assert "simulated phones" in found.reason
    assert "PHONEFLEET_SANDBOX" in found.remedy
    assert str(found) == f"nothing moves: {found.reason}; {found.remedy}"
    identity = online_worker(ledger, "p2", sandbox=sandbox)
    assert why(ledger, campaign_id) is None
    take(ledger, ready(ledger, campaign_id)[0], identity)
    assert why(ledger, campaign_id) is None


def test_without_a_coordinator_nothing_is_handed_out(ledger: Engine) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1")
    found = why(ledger, plant(ledger, titles()))
    assert found is not None
    assert found.reason == "no coordinator runs, so no work is handed out"
