"""A phone that is not fit for work takes none, says why, and works again by itself once it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from celery import group
from sqlalchemy import select

from models.database.clock import database_now
from models.fleet.fitness import Unfit, why_not
from models.notify.alerts import latest_alerts
from models.tables import Attempt, Phone, Task
from models.transactions.read_write import read
from tests.support.fleet import Fleet
from workers.planting.submit import submit
from workers.tasks import collect_titles

HOT, LOCKED, BARE, UNKNOWN, WELL = (f"SIM000{number}" for number in range(1, 6))
FAULTS = {HOT: "hot_battery", LOCKED: "screen_locked", BARE: "app_missing", UNKNOWN: "unauthorized"}
WHYS = {
    HOT: "its battery has 52 °C",
    LOCKED: "its screen is locked",
    BARE: "the app is not installed",
    UNKNOWN: f"phone {UNKNOWN} is unauthorized: adb says unauthorized",
}


@pytest.mark.fleet
def test_phones_that_are_not_fit_take_no_work_until_they_are_mended(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str
) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 5, PHONEFLEET_HEALTH="1") as fleet:
        for serial, fault in FAULTS.items():
            fleet.fault(fault, serial)
        unfit = fleet.wait(lambda: _unfit_for(fleet, WHYS), 30, f"four to be unfit: {WHYS}")
        assert all(why.remedy for why in unfit)
        assert sorted(_alerts(fleet)) == [f"phone:{serial}" for serial in (HOT, LOCKED, BARE)]

        anywhere = group(collect_titles.si(author_id="xiaopeng", count=1) for _ in range(6))
        pool = submit(anywhere, name="anywhere", seed=1, engine=fleet.engine)
        pinned = group(
            collect_titles.si(author_id="xiaopeng", count=1).set(queue=f"phone.{serial}") for serial in (*FAULTS, WELL)
        )
        waiting = submit(pinned, name="pinned", seed=1, engine=fleet.engine)
        assert pool.wait(60) == "succeeded"
        assert _who_tried(fleet, pool.id) == {WELL}
        assert _who_tried(fleet, waiting.id) <= {WELL}

        for serial in FAULTS:
            fleet.heal(serial)
        assert waiting.wait(60) == "succeeded"
        assert _who_tried(fleet, waiting.id) == {*FAULTS, WELL}
        fleet.wait(lambda: not _unfit(fleet), 30, "all to be fit")
        assert len(_alerts(fleet)) == 3, "getting well is no alert"


def _unfit(fleet: Fleet) -> dict[str, Unfit]:
    """The phones that may not work, and why."""
    now = read(fleet.engine, database_now)
    phones = read(fleet.engine, lambda session: session.scalars(select(Phone)).all())
    return {phone.serial: why for phone in phones if (why := why_not(phone, now)) is not None}


def _unfit_for(fleet: Fleet, whys: dict[str, str]) -> list[Unfit]:
    """The unfit phones, once they are unfit for these reasons: on its way to `unauthorized` a phone is offline."""
    found = _unfit(fleet)
    return list(found.values()) if {serial: why.why for serial, why in found.items()} == whys else []


def _alerts(fleet: Fleet) -> list[str]:
    """What the alerts about unfit phones are about."""
    found = read(fleet.engine, lambda session: latest_alerts(session, 50))
    return [alert.subject for alert in found if alert.kind == "phone_unfit"]


def _who_tried(fleet: Fleet, campaign_id: str) -> set[str]:
    """The phones that attempted a campaign's tasks."""
    tried = select(Attempt.phone_serial).join(Task, Task.id == Attempt.task_id).where(Task.campaign_id == campaign_id)
    return {serial for serial in read(fleet.engine, lambda session: session.scalars(tried).all()) if serial}
