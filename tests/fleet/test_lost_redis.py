"""Redis emptied in the middle of a campaign: the campaign completes, and nothing happened twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from models.tasks.states import State
from scripts.demo.run import STANDARD_DAY
from tests.support.fleet import Fleet
from workers.campaigns.build import submit_day
from workers.campaigns.given_campaign import read_campaign_file

PHONES = 4


@pytest.mark.fleet
def test_campaign_survives_flushall(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, PHONES) as fleet:
        handle = submit_day(read_campaign_file(STANDARD_DAY), asked_by="test", engine=fleet.engine)
        client = redis.Redis.from_url(empty_redis_url)

        fleet.wait(lambda: fleet.states("collect_titles").get(State.SUCCEEDED), 60, "the first titles")
        client.flushall()
        fleet.wait(lambda: fleet.states("directed").get(State.SUCCEEDED, 0) >= 5, 120, "some directed work")
        waiting = fleet.states("directed").get(State.READY, 0)
        client.flushall()
        assert waiting > 0, "nothing was left to lose: the test would prove nothing"

        assert handle.wait(150) == "succeeded"
        assert fleet.differences() == []
