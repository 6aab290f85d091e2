"""Redis emptied in the middle of a campaign: the campaign completes, and nothing happened twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from models.tasks.states import State
from scripts.demo.run import STANDARD_DAY
from tests.support.fleet import Fleet
from workers.campaigns.build import submit_day
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.given_campaign import read_campaign_file

PHONES = 3


def short_day() -> CampaignFile:
    """The standard day's parts and their order, with less in each of them but the directed work."""
    day = read_campaign_file(STANDARD_DAY)
    assert day.nurture is not None
    assert day.collect is not None
    nurture = day.nurture.model_copy(update={"comments": 1, "video_likes": 2, "replies": 1})
    collect = day.collect.model_copy(update={"comments": 10, "least_comments": 10})
    return day.model_copy(update={"nurture": nurture, "collect": collect})


@pytest.mark.fleet
def test_campaign_survives_flushall(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, PHONES) as fleet:
        handle = submit_day(short_day(), asked_by="test", engine=fleet.engine)
        client = redis.Redis.from_url(empty_redis_url)

        fleet.wait(lambda: fleet.states("collect_titles").get(State.SUCCEEDED), 60, "the first titles")
        client.flushall()
        fleet.wait(lambda: fleet.states("directed").get(State.SUCCEEDED, 0) >= 5, 120, "some directed work")
        waiting = fleet.states("directed").get(State.READY, 0)
        client.flushall()
        assert waiting > 0, "nothing was left to lose: the test would prove nothing"

        assert handle.wait(150) == "succeeded"
        assert fleet.differences() == []
