"""The operator's standard day, with real workers, on MariaDB as a user who cannot change tables.

Everything is done, evenly, and as the ledger says.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from models.tables import ActionRow, CollectedTitle, Task
from models.transactions.read_write import read
from scripts.demo.run import STANDARD_DAY
from tests.support.fleet import Fleet
from workers.campaigns.build import submit_day
from workers.campaigns.given_campaign import read_campaign_file

PHONES = 8


@pytest.mark.fleet
def test_standard_day(tmp_path: Path, working_mariadb: str, empty_redis_url: str) -> None:
    # it rehearses as often as an operator's host
    with Fleet(tmp_path, working_mariadb, empty_redis_url, PHONES, PHONEFLEET_REHEARSALS="20") as fleet:
        day = read_campaign_file(STANDARD_DAY)
        handle = submit_day(day, asked_by="test", engine=fleet.engine)
        assert handle.wait(200) == "succeeded"

        assert day.nurture is not None
        assert day.directed is not None
        asked = day.directed.per_account
        kinds = Counter(deed.kind for deed in fleet.truth())
        assert kinds == {
            "comment": PHONES * (day.nurture.comments + asked.comments),
            "reply": PHONES * (day.nurture.replies + asked.replies),
            "like_video": PHONES * day.nurture.video_likes,
            "like_comment": PHONES * asked.comment_likes,
        }
        assert fleet.differences() == []

        tasks = read(fleet.engine, lambda session: session.scalars(select(Task)).all())
        nurtured = [task.account_id for task in tasks if task.flow == "nurture"]
        assert sorted(map(str, nurtured)) == [f"acc{number:04d}" for number in range(1, PHONES + 1)]
        directed = Counter(task.account_id for task in tasks if task.flow == "directed")
        assert max(directed.values()) - min(directed.values()) <= 1
        assert sum(directed.values()) == PHONES * asked.total

        titles = read(fleet.engine, lambda session: session.scalars(select(CollectedTitle)).all())
        assert len(titles) == 16
        assert all(title.comments_collected_at is not None for title in titles)
        assert all(title.real_count is not None and title.real_count >= 50 for title in titles)

        actions = read(fleet.engine, lambda session: session.scalars(select(ActionRow)).all())
        assert all(action.verified and action.basis == "owned" and action.asked_by == "test" for action in actions)
        on_video: dict[str, set[str]] = {}
        for action in actions:
            on_video.setdefault(action.video_key, set()).add(action.account_id)
        assert max(map(len, on_video.values())) <= 5
