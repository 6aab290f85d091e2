"""Phones that hang, two of them at the very tap that cannot be taken back: others go on, and nothing is done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fleet import Fleet
from tests.support.work import comments, each_once, said
from workers.planting.submit import submit

COUNT = 24
HUNG = ("SIM0001", "SIM0002", "SIM0003")
TOLD = {"phone_hung", "outcome_unknown"}  # the latter where a tap was under way


def told_hung(fleet: Fleet) -> set[str | None]:
    """The phones on which an attempt failed because they hang."""
    return {attempt.phone_serial for attempt in fleet.attempts() if attempt.failure_code in TOLD}


@pytest.mark.fleet
def test_phones_that_hang(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 4, PHONEFLEET_LEASE="30") as fleet:
        fleet.fault("hang", "SIM0002", at="next_tap", on="comment_send")  # the tap waits, and runs on waking
        fleet.fault("hang", "SIM0003", at="after_tap", on="comment_send")  # the tap ran, and nobody heard of it
        handle = submit(comments(fleet, COUNT), name="hung phones", seed=1, engine=fleet.engine)
        fleet.wait(lambda: any(attempt.phone_serial == "SIM0001" for attempt in fleet.attempts()), 60, "work there")
        fleet.fault("hang", "SIM0001")
        fleet.wait(lambda: told_hung(fleet) >= set(HUNG), 90, "every hung phone to be told")
        for phone in HUNG:
            fleet.heal(phone)

        assert handle.wait(150) == "succeeded"
        assert said(fleet) == each_once(COUNT)
        assert fleet.differences() == []
        assert "lost" not in {attempt.outcome for attempt in fleet.attempts()}
