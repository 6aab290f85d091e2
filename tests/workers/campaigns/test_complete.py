"""A campaign is completed: by one act, and by itself until its time; what was done is not done again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Campaign, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.campaign_run import Says, run, succeeds
from tests.support.ledger.drive import change, do, known_account, owned_author, ready, tasks
from workers.attempts.outcome import Failed
from workers.campaigns import complete
from workers.campaigns import stages as _stages_are_on_the_desk  # noqa: F401
from workers.campaigns.build import plant_day
from workers.campaigns.complete import complete_due, family_of, missing_of, plant_missing
from workers.campaigns.given_campaign import GivenCampaign
from workers.campaigns.until import until

FILE: dict[str, Any] = {
    "campaign": "标准日",
    "accounts": ["acc1"],
    "nurture": {"comments": 1, "video_likes": 1, "video_loop": 20, "texts": ["好看"]},
    "collect": {"authors": ["xiaopeng"], "videos": 2, "comments": 5},
    "directed": {"per_account": {"comment_likes": 2}},
}


@pytest.fixture
def day(ledger: Engine) -> str:
    """The id of a planted day of one account and one author."""
    owned_author(ledger)
    known_account(ledger, "acc1")
    return plant_day(GivenCampaign(FILE), ledger, asked_by="li").handle.id


def fails(*flows: str) -> Says:
    return lambda got: Failed("bad_input", "no") if got.flow in flows else succeeds(got)


def lacking(engine: Engine, campaign_id: str) -> dict[tuple[str, str], int]:
    found = read(engine, lambda session: missing_of(session, family_of(session, campaign_id)))
    return {(one.flow, one.what): one.count for one in found.pieces}


def test_one_act_plants_what_is_missing_until_nothing_is(ledger: Engine, day: str) -> None:
    run(ledger, day, fails("collect_comments", "nurture"))
    assert lacking(ledger, day) == {
        ("nurture", "acc1"): 1, ("collect_comments", "xiaopeng 一"): 1, ("collect_comments", "xiaopeng 二"): 1,
        ("directed", "like_comment"): 2,
    }  # fmt: skip
    second, _ = plant_missing(ledger, day, who="li")
    with pytest.raises(Refused, match="has not ended"):
        plant_missing(ledger, day, who="li")
    run(ledger, second, fails("directed"))
    assert lacking(ledger, day) == {("directed", "like_comment"): 2}
    third, _ = plant_missing(ledger, second, who="li")  # any of the family names it
    run(ledger, third, succeeds)
    assert {one.flow for one in tasks(ledger, third)} >= {"collected_earlier", "draw_directed", "directed"}
    assert not [one for one in tasks(ledger, third) if one.flow == "collect_comments"]
    assert lacking(ledger, day) == {}
    with pytest.raises(Refused, match="nothing is missing"):
        plant_missing(ledger, day, who="li")
    family = read(ledger, lambda session: [(one.completes, one.name) for one in family_of(session, third).campaigns])
    assert family == [(None, "标准日"), (day, "标准日 · 2"), (day, "标准日 · 3")]


def test_what_an_earlier_release_took_for_a_number_is_planted_again(ledger: Engine, day: str) -> None:
    run(ledger, day, fails("collect_titles", "nurture"))
    (kept,) = (one for one in tasks(ledger, day) if one.flow == "collect_titles")
    change(ledger, kept.id, kwargs={**kept.kwargs, "count": "2"})
    second, _ = plant_missing(ledger, day, who="li")
    (again,) = (one for one in tasks(ledger, second) if one.flow == "collect_titles")
    assert again.kwargs == kept.kwargs


def test_a_campaign_that_runs_is_not_completed(ledger: Engine, day: str) -> None:
    with pytest.raises(Refused, match="has not ended"):
        plant_missing(ledger, day, who="li")


def pass_time(engine: Engine, **ago: float) -> None:
    """Let every campaign have ended so long ago."""
    when = read(engine, database_now) - timedelta(**ago)
    ended = update(Campaign).where(Campaign.outcome.is_not(None)).values(ended_at=when)
    write(engine, lambda session: session.execute(ended))


@pytest.fixture
def until_evening(ledger: Engine) -> str:
    owned_author(ledger)
    known_account(ledger, "acc1")
    in_two_hours = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    given = GivenCampaign({**FILE, "until_complete": in_two_hours})
    return plant_day(given, ledger, asked_by="li").handle.id


def rounds(engine: Engine, campaign_id: str) -> list[str]:
    return read(engine, lambda session: [one.id for one in family_of(session, campaign_id).campaigns[1:]])


def test_it_completes_itself_after_a_pause_and_then_rests(ledger: Engine, until_evening: str) -> None:
    run(ledger, until_evening, fails("directed"))
    assert complete_due(ledger) == 0  # the pause
    pass_time(ledger, minutes=2)
    assert complete_due(ledger) == 1
    assert complete_due(ledger) == 0  # it runs
    (second,) = rounds(ledger, until_evening)
    run(ledger, second, succeeds)
    pass_time(ledger, hours=1)
    assert complete_due(ledger) == 0
    assert read(ledger, lambda session: session.get_one(Campaign, until_evening).complete_until) is None


def test_its_rounds_are_bounded(ledger: Engine, until_evening: str) -> None:
    run(ledger, until_evening, fails("nurture"))
    for number in range(1, complete.MOST_ROUNDS + 1):
        pass_time(ledger, hours=2)
        assert complete_due(ledger) == 1
        run(ledger, rounds(ledger, until_evening)[-1], fails("nurture"))
        assert len(rounds(ledger, until_evening)) == number
    pass_time(ledger, hours=20)
    assert complete_due(ledger) == 0
    assert len(rounds(ledger, until_evening)) == complete.MOST_ROUNDS


def _over(session: Session) -> None:
    session.execute(update(Campaign).values(complete_until=database_now(session) - timedelta(seconds=1)))


def _stopped(session: Session) -> None:
    session.execute(update(Campaign).values(outcome="stopped"))


@pytest.mark.parametrize("change", [_over, _stopped])
def test_it_does_nothing_after_its_time_or_once_a_person_stopped_it(
    ledger: Engine, until_evening: str, change: Callable[[Session], None]
) -> None:
    run(ledger, until_evening, fails("nurture"))
    pass_time(ledger, hours=1)
    write(ledger, change)
    assert complete_due(ledger) == 0
    assert rounds(ledger, until_evening) == []


def test_collected_earlier_gives_other_campaigns_nothing(ledger: Engine, day: str) -> None:
    run(ledger, day, succeeds)
    from celery import group  # noqa: PLC0415

    from tests.support.ledger.drive import app, plant  # noqa: PLC0415

    other = plant(ledger, group([app.signature("collected_earlier", immutable=True)]))
    (one,) = ready(ledger, other)
    do(ledger, one)
    assert read(ledger, lambda session: session.scalar(select(Task.result).where(Task.id == one))) == []
    assert read(ledger, lambda session: session.get_one(Task, one).state) == State.SUCCEEDED


ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2027, 1, 31, 12, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("23:00", datetime(2027, 1, 31, 23, 0, tzinfo=ZONE)),
        ("08:00", datetime(2027, 2, 1, 8, 0, tzinfo=ZONE)),
        ("12:00", datetime(2027, 2, 1, 12, 0, tzinfo=ZONE)),
        ("2027-02-02 08:30", datetime(2027, 2, 2, 8, 30, tzinfo=ZONE)),
        ("2027-02-02T08:30:00+00:00", datetime(2027, 2, 2, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_time_means_the_next_one_in_the_operators_zone(told: str, moment: datetime) -> None:
    assert until(told, NOON.astimezone(UTC), ZONE) == moment


@pytest.mark.parametrize("told", ["2027-01-31 11:00", "2027-04-01 08:00"])
def test_a_moment_that_is_over_or_far_away_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match=r"is over|days away"):
        until(told, NOON, ZONE)


@pytest.mark.parametrize("told", ["soon", "25:00", "8:00", "2027-13-01", "1e3"])
def test_what_is_no_time_is_refused_with_its_field(ledger: Engine, told: str) -> None:
    owned_author(ledger)
    known_account(ledger, "acc1")
    with pytest.raises(Refused) as refused:
        plant_day(GivenCampaign({**FILE, "until_complete": told}), ledger, asked_by="li")
    assert [problem.field for problem in refused.value.problems] == ["until_complete"]
    assert "23:00" in str(refused.value)
