"""One time zone for the fleet: the first process records it, another one does not start, and no cap counts twice."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind, ActionRefused
from models.database.engine import connect
from models.migrate import upgrade
from models.responsible_use.authors import set_cap
from models.responsible_use.caps import operator_day
from models.responsible_use.operator_zone import agree_on_zone, check_zone, fleet_zone
from models.responsible_use.zone_change import change_zone
from models.tables import ActionRow, AuditEntry
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.installation import NOBODY_LISTENS
from tests.support.ledger.drive import AUTHOR, now, online_worker, owned_author, plant, ready, take, titles
from tests.support.threads import at_once
from workers.execution.ledger_journal import LedgerJournal

SHANGHAI = "Asia/Shanghai"
EARLY, LATE = "Pacific/Kiritimati", "Etc/GMT+12"  # 26 hours apart: never the same day
ROOT = Path(__file__).parents[3]


def like(comment: str) -> Action:
    return Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", comment)


def refused(engine: Engine, zone: str) -> Refused:
    with pytest.raises(Refused) as error:
        agree_on_zone(engine, zone)
    return error.value


def test_the_first_process_records_its_zone_and_another_one_is_refused(ledger: Engine) -> None:
    assert read(ledger, fleet_zone) is None
    check_zone(ledger, LATE)  # nothing to compare with yet, and nothing recorded
    agree_on_zone(ledger, SHANGHAI)
    agree_on_zone(ledger, SHANGHAI)
    for other in (EARLY, LATE, "UTC", "Asia/Urumqi"):
        (problem,) = refused(ledger, other).problems
        assert problem.field == "PHONEFLEET_TIMEZONE"
        assert f"it is {other} here" in problem.reason
        assert SHANGHAI in problem.reason
        assert f"PHONEFLEET_TIMEZONE={SHANGHAI}" in problem.remedy
        with pytest.raises(Refused):
            check_zone(ledger, other)
    assert read(ledger, fleet_zone) == SHANGHAI


def test_of_hosts_that_start_at_once_those_with_one_zone_win(ledger: Engine) -> None:
    def start(zone: str) -> bool:
        try:
            agree_on_zone(ledger, zone)
        except Refused:
            return False
        return True

    zones = [SHANGHAI, "UTC", "Europe/Berlin", SHANGHAI, "UTC", "Europe/Berlin"]
    started = at_once([partial(start, zone) for zone in zones])
    assert {zone for zone, ok in zip(zones, started, strict=True) if ok} == {read(ledger, fleet_zone)}
    assert sum(started) == 2


def test_a_process_with_another_zone_counts_by_the_fleets_days(ledger: Engine) -> None:
    set_cap(ledger, "actions_per_account_day", 1, who="admin")
    owned_author(ledger)
    agree_on_zone(ledger, SHANGHAI)
    identity = online_worker(ledger, "p1", "a")
    got = take(ledger, ready(ledger, plant(ledger, titles()))[0], identity)
    journals = [LedgerJournal(ledger, replace(got, account_id="a"), zone) for zone in (EARLY, LATE)]
    number = journals[0].declare(like("一"))
    assert read(ledger, lambda s: s.get_one(ActionRow, number)).day == operator_day(now(ledger), SHANGHAI)
    for journal in journals:
        with pytest.raises(ActionRefused, match="cap_reached"):
            journal.declare(like("二"))


@pytest.mark.parametrize("zone", [EARLY, LATE, "America/New_York"])
def test_a_change_is_recorded_and_the_last_days_count_by_the_new_zone(ledger: Engine, zone: str) -> None:
    owned_author(ledger)
    agree_on_zone(ledger, SHANGHAI)
    identity = online_worker(ledger, "p1", "a")
    journal = LedgerJournal(ledger, take(ledger, ready(ledger, plant(ledger, titles()))[0], identity), SHANGHAI)
    number, old = journal.declare(like("一")), journal.declare(like("旧"))
    long_ago = datetime(2026, 3, 1, 20, tzinfo=UTC)
    aged = update(ActionRow).where(ActionRow.id == old).values(declared_at=long_ago, day=long_ago.date())
    write(ledger, partial(Session.execute, statement=aged))
    assert change_zone(ledger, zone, who="lena") == SHANGHAI
    assert read(ledger, fleet_zone) == zone
    assert read(ledger, lambda s: s.get_one(ActionRow, number)).day == operator_day(now(ledger), zone)
    assert read(ledger, lambda s: s.get_one(ActionRow, old)).day == long_ago.date()
    (entry,) = read(ledger, lambda s: s.scalars(select(AuditEntry).where(AuditEntry.subject == "fleet:timezone")).all())
    assert (entry.who, entry.before, entry.after) == ("lena", SHANGHAI, zone)
    set_cap(ledger, "actions_per_account_day", 1, who="admin")
    with pytest.raises(ActionRefused, match="cap_reached"):
        journal.declare(like("二"))
    assert refused(ledger, SHANGHAI).problems


@pytest.mark.parametrize("part", ["workers.host", "workers.coordinator", "gateway"])
def test_a_part_with_another_zone_does_not_start(tmp_path: Path, part: str, master_key: str) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    engine = connect(url)
    upgrade(engine)
    agree_on_zone(engine, SHANGHAI)
    engine.dispose()
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PHONEFLEET_")},
        "PHONEFLEET_DATABASE_URL": url, "PHONEFLEET_REDIS_URL": NOBODY_LISTENS, "PHONEFLEET_VAR": str(tmp_path),
        "PHONEFLEET_TIMEZONE": "Europe/Berlin", "PHONEFLEET_MASTER_KEY": master_key,
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", part], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2, ended.stderr
    for word in ("PHONEFLEET_TIMEZONE", "Europe/Berlin", f"set PHONEFLEET_TIMEZONE={SHANGHAI}"):
        assert word in ended.stderr
    assert "Traceback" not in ended.stderr
