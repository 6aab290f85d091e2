"""A scheduled campaign is planted once for each due time: whoever plants, however late, whatever the clock does."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from models.retention.schedules import delete_old_scheduled
from models.tables import Alert, AuditEntry, Author, Campaign, CampaignSchedule, ScheduledCampaign
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.drive import known_account, owned_author, rows_in
from tests.support.schedules import FILE, ZONE, add, came, end_all, plant, row
from workers.campaigns.build import plant_day
from workers.campaigns.due import schedule_of
from workers.campaigns.given_campaign import GivenCampaign, load_campaign
from workers.campaigns.schedules.manage import list_schedules, make_up_for_nothing, stop_schedule
from workers.campaigns.schedules.plant_scheduled import seed_of

TEN = timedelta(minutes=10)


@pytest.fixture
def schedule(ledger: Engine) -> CampaignSchedule:
    """A file that is planted every 10 minutes."""
    owned_author(ledger)
    known_account(ledger, "acc1")
    return add(ledger, FILE)


def test_nothing_is_planted_before_the_first_due_time_and_one_campaign_then(
    ledger: Engine, schedule: CampaignSchedule
) -> None:
    assert plant(ledger, schedule.next_due - timedelta(seconds=1)) == []
    assert len(plant(ledger, schedule.next_due)) == 1
    assert plant(ledger, schedule.next_due) == []
    (one,) = came(ledger)
    times = schedule_of(schedule, ZONE)
    assert (one.due, one.outcome, one.missed) == (times.next(schedule.created_at), "planted", 0)
    planted = read(ledger, lambda session: session.get_one(Campaign, one.campaign_id))
    assert (planted.name, planted.asked_by, planted.asked_for) == ("标准日", "li", schedule.file)
    assert row(ledger, schedule).next_due == one.due + TEN + times.jitter


def test_every_due_time_has_one_campaign_through_jumps_of_the_clock_and_two_coordinators(
    ledger: Engine, schedule: CampaignSchedule
) -> None:
    times, now = schedule_of(schedule, ZONE), schedule.created_at
    jumps = {5: timedelta(hours=4), 9: -timedelta(hours=5), 20: timedelta(hours=2), 30: -timedelta(minutes=25)}
    for step in range(60):
        now += jumps.get(step, timedelta(minutes=5))
        plant(ledger, now)
        assert plant(ledger, now) == [], "a second coordinator"
        end_all(ledger)
    done = came(ledger)
    assert max(Counter(one.due for one in done).values()) == 1
    assert rows_in(ledger, Campaign) == len(done)
    stood_for = {one.due - TEN * back for one in done for back in range(one.missed + 1)}
    at, missing = times.next(schedule.created_at), []
    while at <= now - times.jitter:
        missing += [at] if at not in stood_for else []
        at = times.next(at)
    assert missing == []


def test_a_coordinator_that_was_away_plants_one_campaign_for_all_that_were_missed(
    ledger: Engine, schedule: CampaignSchedule
) -> None:
    late = schedule.next_due + timedelta(hours=3)
    assert len(plant(ledger, late)) == 1
    assert plant(ledger, late) == []
    assert came(ledger)[-1].missed == 18


def test_while_a_campaign_runs_no_other_is_piled_on_it(ledger: Engine, schedule: CampaignSchedule) -> None:
    for _ in range(3):
        plant(ledger, row(ledger, schedule).next_due)
    assert [one.outcome for one in came(ledger)] == ["planted", "skipped", "skipped"]
    end_all(ledger)
    assert len(plant(ledger, row(ledger, schedule).next_due)) == 1


def test_two_coordinators_that_plant_at_once_plant_each_campaign_once(
    ledger: Engine, schedule: CampaignSchedule
) -> None:
    others = [add(ledger, {**FILE, "campaign": f"日{number}"}) for number in range(3)]
    now = max(one.next_due for one in [schedule, *others])
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
    assert Counter(one.schedule_id for one in came(ledger)) == {one.id: 1 for one in [schedule, *others]}
    assert rows_in(ledger, Campaign) == 4


def test_what_dies_before_it_commits_is_planted_by_the_next(
    ledger: Engine, schedule: CampaignSchedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> list[str]:
        raise ConnectionError("the coordinator is gone")

    with monkeypatch.context() as patched:
        patched.setattr("workers.campaigns.schedules.plant_scheduled.plant_campaign", dies)
        with pytest.raises(ConnectionError):
            plant(ledger, schedule.next_due)
    assert came(ledger) == []
    assert len(plant(ledger, schedule.next_due)) == 1
    assert rows_in(ledger, ScheduledCampaign) == rows_in(ledger, Campaign) == 1


def test_a_file_that_cannot_be_planted_any_more_is_told_once(ledger: Engine, schedule: CampaignSchedule) -> None:
    write(ledger, lambda session: session.execute(update(CampaignSchedule).values(file={**FILE, "collect": {}})))
    for _ in range(3):
        assert plant(ledger, row(ledger, schedule).next_due) == []
    assert [one.outcome for one in came(ledger)] == ["refused"] * 3
    assert "collect.videos" in (came(ledger)[0].reason or "")
    (alert,) = read(ledger, lambda session: list(session.scalars(select(Alert))))
    assert (alert.kind, alert.subject) == ("schedule_refused", f"schedule:{schedule.id}")
    write(ledger, lambda session: session.execute(update(CampaignSchedule).values(file=FILE)))
    assert len(plant(ledger, row(ledger, schedule).next_due)) == 1
    assert row(ledger, schedule).refused == 0


def test_what_the_ledger_knows_is_checked_anew_at_each_due_time(ledger: Engine, schedule: CampaignSchedule) -> None:
    write(ledger, lambda session: session.delete(session.get_one(Author, "xiaopeng")))
    assert plant(ledger, schedule.next_due) == []
    assert "author 'xiaopeng' is unknown" in (came(ledger)[0].reason or "")


def test_a_stopped_schedule_plants_no_more_and_its_name_is_free(ledger: Engine, schedule: CampaignSchedule) -> None:
    with pytest.raises(Refused, match="is in force"):
        add(ledger, FILE)
    write(ledger, lambda session: stop_schedule(session, "标准日", "li"))
    assert plant(ledger, schedule.next_due + timedelta(days=1)) == []
    add(ledger, FILE)
    assert len(read(ledger, list_schedules)) == 1
    with pytest.raises(Refused, match="no schedule"):
        write(ledger, lambda session: stop_schedule(session, schedule.id, "li"))
    audited = read(ledger, lambda session: session.scalars(select(AuditEntry.subject).order_by(AuditEntry.id)).all())
    assert audited.count(f"schedule:{schedule.id}") == 2


def test_a_restored_schedule_makes_up_for_nothing(ledger: Engine, schedule: CampaignSchedule) -> None:
    """A due time that came before the restore may have been planted after the backup."""
    past = schedule.created_at - timedelta(days=1)
    write(ledger, lambda session: session.execute(update(CampaignSchedule).values(last_due=past, next_due=past)))
    assert write(ledger, lambda session: make_up_for_nothing(session, ZONE)) == 1
    begun = row(ledger, schedule)
    assert begun.last_due >= schedule.created_at
    assert plant(ledger, begun.last_due) == []
    assert len(plant(ledger, begun.next_due)) == 1
    assert came(ledger)[-1].missed == 0


def test_a_seed_gives_other_draws_each_time_and_the_same_ones_again() -> None:
    first, second = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    assert seed_of(7, first) == seed_of(7, first) != seed_of(7, second)
    assert 0 <= seed_of(7, first) <= 0x7FFFFFFF
    assert 0 <= seed_of(None, first) <= 0x7FFFFFFF


def test_a_file_with_a_schedule_is_not_planted_by_what_plants_once(ledger: Engine, schedule: CampaignSchedule) -> None:
    with pytest.raises(Refused, match="again and again"):
        plant_day(GivenCampaign(FILE), ledger, asked_by="li")
    with pytest.raises(Refused, match="the file has none"):
        add(ledger, {name: value for name, value in FILE.items() if name != "schedule"})
    assert rows_in(ledger, Campaign) == 0


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("schedule: {}", r"schedule\.every: line 5, column \d+: .*minutes, or a cron line"),
        ("schedule: {every: 10, cron: 0 8 * * *}", r"schedule\.every: line 5, .*minutes, or a cron line"),
        ("schedule: {every: 0}", r"schedule\.every: line 5, column 19"),
        ("schedule: {cron: 0 8 * *}", r"schedule\.cron: line 5, column 18: .*no cron line"),
        ("schedule: {cron: 0 0 30 2 *}", r"schedule\.cron: line 5, column 18: .*no cron line"),
        ("schedule: {at: 8}", r"schedule\.at: line 5, column 12: there is no such field"),
        ("schedule: {every: 10}\nuntil_complete: 2027-01-31 08:00", r"until_complete: line 6, .*the schedule has many"),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused_with_its_place(written: str, said: str) -> None:
    text = f"campaign: 标准日\ncollect:\n  {{authors: [xiaopeng], videos: 2, comments: 5}}\naccounts: all\n{written}\n"
    with pytest.raises(Refused) as refused:
        load_campaign(text, "day.yaml").check()
    assert re.search(said, str(refused.value)), str(refused.value)


def test_due_times_are_deleted_once_their_campaign_is_gone(ledger: Engine, schedule: CampaignSchedule) -> None:
    plant(ledger, schedule.next_due)
    later = schedule.next_due + timedelta(days=1)
    assert write(ledger, lambda session: delete_old_scheduled(session, later)) == 0
    gone = update(ScheduledCampaign).values(campaign_id=None)
    write(ledger, lambda session: session.execute(gone))
    assert write(ledger, lambda session: delete_old_scheduled(session, schedule.created_at)) == 0
    assert write(ledger, lambda session: delete_old_scheduled(session, later)) == 1
