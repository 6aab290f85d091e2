"""What a claim reads of a phone with one column says nothing else than the rules do."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.fitness import plainly_fit, why_not
from models.fleet.own_pauses import paused_for
from models.tables import Phone
from models.transactions.read_write import read, write
from tests.support.ledger.drive import online_worker

# Each reason why a phone may not work, and what keeps it from nobody's work or from some work alone.
REASONS: dict[str, dict[str, Any]] = {
    "another state": {"state": "unauthorized"},
    "silent": {"state": "silent"},
    "paused": {"paused": True},
    "unfit": {"unfit_why": "its storage is full"},
    "its account is on another phone": {"twice_since": timedelta()},
    "no account": {"account_id": None},
    "in quarantine": {"quarantined_until": timedelta(hours=1)},
    "after its quarantine": {"quarantined_until": timedelta(hours=-1)},
    "paused for a customer": {"paused_for": ["a customer"]},
    "with a finding": {"health": {"page_drift": {"page": "video"}}},
}


@pytest.mark.parametrize("which", [*product(REASONS, REASONS)], ids=" and ".join)
def test_a_phone_is_plainly_fit_only_where_it_may_work_for_anybody(ledger: Engine, which: tuple[str, str]) -> None:
    online_worker(ledger, "s1")

    def change(session: Session) -> None:
        phone, now = session.get_one(Phone, "s1"), database_now(session)
        for reason in which:
            for name, value in REASONS[reason].items():
                setattr(phone, name, now + value if isinstance(value, timedelta) else value)

    write(ledger, change)

    def look(session: Session) -> None:
        phone = session.get_one(Phone, "s1")
        fit = session.scalar(select(Phone.serial).where(*plainly_fit())) is not None
        free = why_not(phone, database_now(session)) is None and not paused_for(phone)
        assert fit == (free and phone.quarantined_until is None)

    read(ledger, look)
