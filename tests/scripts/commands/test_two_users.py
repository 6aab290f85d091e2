"""Every command works for a user of the database who cannot change tables; `migrate` needs the other user."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from models.database.engine import connect
from models.database.rights import CHANGING, WORKING
from models.history.records.partitions import make_months
from models.migrate import current, newest, upgrade
from models.tables import Account, Campaign
from models.transactions.read_write import read
from scripts.local.services import base_services
from tests.scripts.conftest import Run
from tests.support.installation import NOBODY_LISTENS, Installation
from tests.support.servers import MariaDB
from workers.settings import settings

ORIGIN = "https://hooks.example.com"
KEEP_KEY = "A" * 43 + "="
CAMPAIGN = "the campaign's id"
KEY = "the key's id"
COMMANDS = (
    "accounts add acc0001 one",
    "accounts",
    "accounts live acc0001 false",
    "accounts live acc0001 true",
    "accounts add acc0001 another --rename",
    "authors add xiaopeng 小鹏汽车",
    "authors basis xiaopeng owned",
    "authors caps likes_per_comment 2",
    "authors",
    "submit SINGLE",
    "status",
    f"status {CAMPAIGN}",
    f"pause {CAMPAIGN}",
    f"resume {CAMPAIGN}",
    f"stop {CAMPAIGN}",
    "status --list",
    "phones",
    "alerts",
    "holds",
    "review",
    f"keys make orders --customer acme --allow {ORIGIN}",
    "keys",
    f"keys limits {KEY} --rate 5",
    f"keys tell {KEY} {ORIGIN}/in --alerts",
    f"keys rotate {KEY}",
    "deliveries",
    "deliveries endpoints",
    f"keys disable {KEY}",
    f"keys enable {KEY}",
    f"keys revoke {KEY}",
)


def test_all_but_migrate_work_without_the_right_to_change_tables(
    here: Installation, run: Run, working_mariadb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", working_mariadb)
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", KEEP_KEY)
    file = here.var / "campaign.yaml"
    file.write_text("campaign: small\ncollect: {authors: [xiaopeng], videos: 1, comments: 5}\n")
    settings.cache_clear()
    engine = connect(working_mariadb)
    key = ""
    for command in COMMANDS:
        campaign = read(engine, lambda session: session.scalar(select(Campaign.id))) or ""
        known = {CAMPAIGN: campaign, KEY: key, "SINGLE": str(file)}
        typed = command
        for name, value in known.items():
            typed = typed.replace(name, value)
        said = run(*typed.split(" "))
        assert (said.status, said.err) == (0, ""), f"{command}: {said.err}"
        if command.startswith("keys make"):
            key = next(line.split()[-1] for line in said.out.splitlines() if line.startswith("key id"))
    assert read(engine, lambda session: session.get_one(Account, "acc0001").name) == "another"
    engine.dispose()


@pytest.mark.parametrize("missing", ["ALTER", "CREATE", "DROP", "INDEX"])
def test_migrate_changes_nothing_when_one_right_is_missing(
    missing: str,
    here: Installation,
    run: Run,
    mariadb_server: MariaDB,
    mariadb_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rights = [right for right in CHANGING if right != missing]
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", mariadb_server.user(mariadb_database, "work", WORKING))
    monkeypatch.setenv("PHONEFLEET_DATABASE_DDL_URL", mariadb_server.user(mariadb_database, "less", rights))
    settings.cache_clear()
    said = run("migrate")
    assert said.status == 2
    words = " ".join(said.err.split())
    assert "PHONEFLEET_DATABASE_DDL_URL: " in words
    assert f"-> GRANT {', '.join(CHANGING)} ON the database TO this user" in words
    database = mariadb_database.partition("?")[0].rpartition("/")[2]
    made = mariadb_server.execute(f"SHOW TABLES IN {database}")
    assert [name for (name,) in made if name != "phonefleet_trial_of_rights"] == []


def test_up_hands_the_user_who_may_change_tables_to_no_other_process(
    here: Installation, mariadb_server: MariaDB, mariadb_database: str
) -> None:
    work = mariadb_server.user(mariadb_database, "work", WORKING)
    given = {
        "PHONEFLEET_REDIS_URL": NOBODY_LISTENS,
        "PHONEFLEET_DATABASE_URL": work,
        "PHONEFLEET_DATABASE_DDL_URL": mariadb_server.user(mariadb_database, "change", CHANGING),
    }
    with base_services(here.var, given) as services:
        assert services.env == given | {"PHONEFLEET_DATABASE_DDL_URL": "", "PHONEFLEET_VAR": str(here.var)}
    engine = connect(work)
    assert current(engine) == newest()
    engine.dispose()


def test_both_addresses_must_name_one_ledger(
    here: Installation, run: Run, mariadb_server: MariaDB, mariadb_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mariadb_server.database() as other:
        monkeypatch.setenv("PHONEFLEET_DATABASE_URL", mariadb_server.user(mariadb_database, "work", WORKING))
        monkeypatch.setenv("PHONEFLEET_DATABASE_DDL_URL", mariadb_server.user(other, "change", CHANGING))
        settings.cache_clear()
        said = run("migrate")
    assert said.status == 2
    assert "name the database of PHONEFLEET_DATABASE_URL, with another user" in " ".join(said.err.split())


@pytest.mark.parametrize(("days", "old"), [(0, 12), (30, 0)])
@pytest.mark.usefixtures("here")
def test_migrate_drops_the_months_of_records_that_are_older_than_the_setting(
    run: Run, mariadb_database: str, monkeypatch: pytest.MonkeyPatch, days: int, old: int
) -> None:
    engine = connect(mariadb_database)
    try:
        upgrade(engine)
        make_months(engine, datetime(2020, 1, 5, tzinfo=UTC))
        monkeypatch.setenv("PHONEFLEET_DATABASE_URL", mariadb_database)
        monkeypatch.setenv("PHONEFLEET_KEEP_RECORD_DAYS", str(days))
        settings.cache_clear()
        said = run("migrate")
        assert said.status == 0, said.err
        with engine.connect() as connection:
            (_, made) = connection.execute(text("SHOW CREATE TABLE records")).one()
        assert made.count("PARTITION `m2020") == old
    finally:
        engine.dispose()
