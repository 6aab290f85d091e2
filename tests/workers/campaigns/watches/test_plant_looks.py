"""Looks are planted once for each due time: by whichever coordinator, however late, whatever the clock does."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.exc import SQLAlchemyError

from models.tables import Campaign, Task, Watch, WatchLook
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import campaign, rows_in, task
from tests.support.ledger.ended import VIDEO
from tests.support.watches import ZONE, Hands, add, alerts, judge, looks, plant, post, watch_row
from workers.campaigns.due import schedule_of
from workers.campaigns.watches.manage import OPERATOR, pause_watch, remove_watch, resume_watch

TEN = timedelta(minutes=10)


def test_the_first_look_is_planted_at_once_and_the_next_when_due(ledger: Engine) -> None:
    watch = add(ledger, post())
    now = watch.created_at
    (first,) = plant(ledger, now)
    assert plant(ledger, now) == []
    planted = task(ledger, first)
    assert (planted.flow, planted.priority, planted.kwargs["title"]) == ("monitor_post", 9, VIDEO["title"])
    assert campaign(ledger, planted.campaign_id).name == "刹车"
    Hands(ledger).see("好")
    schedule = schedule_of(watch, ZONE)
    due = schedule.next(now) + schedule.jitter
    assert plant(ledger, due - timedelta(seconds=1)) == []
    assert len(plant(ledger, due)) == 1
    assert [look.due for look in looks(ledger)] == [now, schedule.next(now)]


def test_a_coordinator_that_was_away_plants_one_look_for_all_that_were_missed(ledger: Engine) -> None:
    watch = add(ledger, post())
    hands = Hands(ledger)
    plant(ledger, watch.created_at)
    hands.see("好")
    late = watch_row(ledger, watch.id).next_due + timedelta(hours=3)
    assert len(plant(ledger, late)) == 1
    assert plant(ledger, late) == []
    assert looks(ledger)[-1].missed == 18


def test_every_due_time_has_one_look_through_jumps_of_the_clock_and_two_coordinators(ledger: Engine) -> None:
    """The clock jumps ahead by hours and back by hours, between planting a look and its end as well."""
    watch = add(ledger, post())
    hands = Hands(ledger)
    now, begin = watch.created_at, watch.created_at
    jumps = {5: timedelta(hours=4), 9: -timedelta(hours=5), 20: timedelta(hours=2), 30: -timedelta(minutes=25)}
    for step in range(120):
        now += jumps.get(step, timedelta(minutes=5))
        planted = plant(ledger, now)
        assert plant(ledger, now) == [], "a second coordinator"
        assert len(planted) <= 1
        hands.see("好")
    done = looks(ledger)
    assert max(Counter(look.due for look in done).values()) == 1
    assert rows_in(ledger, WatchLook) == rows_in(ledger, Task) == rows_in(ledger, Campaign)
    # after the jumps the clock went on for hours: no due time of that time is missing
    tail = [look.due for look in done if look.due > now - timedelta(hours=5)]
    assert all(later - one == TEN for one, later in itertools.pairwise(tail))
    assert all(look.due <= now or look.due <= begin + timedelta(hours=12) for look in done)


def test_a_clock_that_was_wrong_by_a_year_does_not_silence_a_watch(ledger: Engine) -> None:
    watch = add(ledger, post())
    hands = Hands(ledger)
    plant(ledger, watch.created_at)
    hands.see("好")
    assert len(plant(ledger, watch.created_at + timedelta(days=365))) == 1
    hands.see("好")
    now = watch.created_at + timedelta(minutes=11)
    planted = []
    for _ in range(12):
        planted += plant(ledger, now)
        hands.see("好")
        now += TEN
    assert len(planted) == 12


def test_two_coordinators_that_plant_at_once_plant_each_look_once(ledger: Engine) -> None:
    watches = [add(ledger, post(f"w{number}")) for number in range(8)]
    now = max(watch.created_at for watch in watches)
    errors: list[Exception] = []

    def lead() -> None:
        try:
            plant(ledger, now)
        except SQLAlchemyError as error:  # the one that comes second may find the other's rows
            errors.append(error)

    both = [threading.Thread(target=lead) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert len(errors) < 2
    assert Counter(look.watch_id for look in looks(ledger)) == {watch.id: 1 for watch in watches}
    assert rows_in(ledger, Task) == 8


def test_what_dies_before_it_commits_is_planted_by_the_next(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coordinator that dies in the middle leaves neither a look without a task nor a task without a look."""
    watch = add(ledger, post())

    def dies(*_: object) -> list[str]:
        raise ConnectionError("the coordinator is gone")

    with monkeypatch.context() as patched:
        patched.setattr("workers.campaigns.watches.plant_looks.plant_checked", dies)
        with pytest.raises(ConnectionError):
            plant(ledger, watch.created_at)
    assert looks(ledger) == []
    assert len(plant(ledger, watch.created_at)) == 1
    assert rows_in(ledger, WatchLook) == rows_in(ledger, Task) == 1


def test_while_a_look_runs_no_other_is_piled_on_it(ledger: Engine) -> None:
    watch = add(ledger, post())
    hands = Hands(ledger)
    plant(ledger, watch.created_at)
    now = watch.created_at
    for _ in range(3):
        now = watch_row(ledger, watch.id).next_due
        assert plant(ledger, now) == []
    assert [look.outcome for look in looks(ledger)] == ["planted", "skipped", "skipped", "skipped"]
    hands.see("好")
    assert len(plant(ledger, watch_row(ledger, watch.id).next_due)) == 1


def test_a_paused_watch_does_not_look_and_makes_up_for_nothing(ledger: Engine) -> None:
    watch = add(ledger, post())
    hands = Hands(ledger)
    plant(ledger, watch.created_at)
    hands.see("好")
    write(ledger, lambda session: pause_watch(session, OPERATOR, "刹车", "test"))
    assert plant(ledger, watch.created_at + timedelta(hours=5)) == []
    write(ledger, lambda session: resume_watch(session, OPERATOR, "刹车", "test", ZONE))
    resumed = watch_row(ledger, watch.id)
    assert resumed.last_due is not None
    assert plant(ledger, resumed.last_due) == []
    assert len(plant(ledger, resumed.next_due)) == 1
    assert looks(ledger)[-1].missed == 0


def test_a_removed_watch_looks_no_more_and_its_name_is_free(ledger: Engine) -> None:
    watch = add(ledger, post())
    write(ledger, lambda session: remove_watch(session, OPERATOR, "刹车", "test"))
    assert plant(ledger, watch.created_at + timedelta(days=1)) == []
    add(ledger, post())


def test_a_name_that_is_taken_is_refused(ledger: Engine) -> None:
    add(ledger, post())
    with pytest.raises(Refused, match="there is a watch"):
        add(ledger, post())


def test_a_watch_whose_looks_cannot_be_planted_says_so(ledger: Engine) -> None:
    watch = add(ledger, post())
    broken = update(Watch).values(params={**VIDEO, "most": 0})
    write(ledger, lambda session: session.execute(broken))
    assert plant(ledger, watch.created_at) == []
    (look,) = looks(ledger)
    assert look.outcome == "failed"
    assert "most" in (look.reason or "")
    assert rows_in(ledger, Task) == 0


def test_after_three_looks_that_failed_people_are_told_once(ledger: Engine) -> None:
    watch = add(ledger, post())
    hands = Hands(ledger)
    now = watch.created_at
    for turn in range(5):
        plant(ledger, now)
        assert hands.fail() == 1
        judge(ledger, now)
        assert len(alerts(ledger, "watch_blind")) == int(turn >= 2)
        now = watch_row(ledger, watch.id).next_due
    assert "不见了" in alerts(ledger, "watch_blind")[0].text
    plant(ledger, now)
    hands.see("好")
    assert watch_row(ledger, watch.id).failed_looks == 0


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"every": None}, "every"),
        ({"cron": "0 8 * * *"}, "every"),
        ({"flow": "nurture"}, "flow"),
        ({"flow": "collect_comments"}, "flow"),
        ({"params": {"author_id": "xiaopeng"}}, "params.title"),
        ({"params": {**VIDEO, "most": 0}}, "params.most"),
        ({"params": {**VIDEO, "other": 1}}, "params.other"),
        ({"threshold": 0}, "threshold"),
        ({"window": 0}, "window"),
        ({"min_interval": -1}, "min_interval"),
        ({"deviation": float("nan")}, "deviation"),
        ({"deviation": 0.5}, "deviation"),
        ({"mood": "angry"}, "mood"),
        ({"quiet": "22-8"}, "quiet"),
        ({"quiet": "08:00-08:00"}, "quiet"),
        ({"name": "有\u200b空"}, "name"),
    ],
)
def test_a_watch_that_cannot_be_meant_is_refused(ledger: Engine, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        add(ledger, post(**{"name": "w", **more}))
    assert field in [problem.field for problem in refused.value.problems]
    assert read(ledger, lambda session: session.query(Watch).count()) == 0
