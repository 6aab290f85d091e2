"""`phonefleet backup` and `restore`: every row comes back, on each database; nothing is half restored or done twice."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import group
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.engine import connect
from models.database.rights import WORKING
from models.tables import AuditEntry, Author, Campaign, Phone, metadata_of_all
from models.transactions.read_write import read, write
from scripts.connect import open_ledger
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import like, online_worker, owned_author
from tests.support.servers import MariaDB
from workers.planting.submit import submit
from workers.settings import settings

HOSTILE = "'; DROP TABLE tasks; -- 讲得好😀 \\ \" \n\x1b `"


def rows(engine: Engine) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata_of_all().sorted_tables
        }


@pytest.fixture(params=["sqlite", "mariadb"])
def ledger(request: pytest.FixtureRequest, here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A ledger with a campaign of two tasks, hostile texts, and a phone that was last seen long ago."""
    if request.param == "mariadb":
        monkeypatch.setenv("PHONEFLEET_DATABASE_URL", request.getfixturevalue("mariadb_database"))
        settings.cache_clear()
        assert run("migrate").status == 0
    engine = open_ledger()
    owned_author(engine)
    online_worker(engine, "p1")
    write(engine, lambda session: session.execute(update(Phone).values(state="offline")))
    write(
        engine,
        lambda session: session.add(Author(id="odd", name=HOSTILE, basis="none", created_at=database_now(session))),
    )
    submit(group([like("一"), like("二")]), name="two", engine=engine)
    return engine


def test_every_row_comes_back(ledger: Engine, run: Run, tmp_path: Path) -> None:
    before, file = rows(ledger), tmp_path / "a.backup"
    said = run("backup", file)
    assert said.status == 0, said.err
    assert "a.backup: " in said.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == ["a.backup"]
    submit(like("三"), name="later", engine=ledger)
    ledger.dispose()
    assert "ledger: it has 3 tasks, which would be lost" in run("restore", file).err
    said = run("restore", file, "--replace", "--who", "li")
    assert said.status == 0, said.err
    assert "1 open campaigns are paused" in said.out
    after, engine = rows(open_ledger()), open_ledger()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"campaigns", "tasks", "changes"}  # what the pause writes
    (campaign,) = read(engine, lambda session: list(session.scalars(select(Campaign))))
    assert campaign.paused
    told = read(engine, lambda session: [one.after for one in session.scalars(select(AuditEntry)) if one.who == "li"])
    assert any("restored" in (one or {}) for one in told)
    assert "restored from the backup of" in run("status", campaign.id).out
    assert run("resume", campaign.id).status == 0


def test_an_empty_database_takes_it(
    ledger: Engine,
    here: Installation,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    file = tmp_path / "a.backup"
    assert run("backup", file).status == 0
    names = rows(ledger)["authors"]
    if ledger.dialect.name == "sqlite":
        new = f"sqlite:///{tmp_path / 'new.db'}"
    else:
        new = request.getfixturevalue("another_mariadb_database")
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", new)
    settings.cache_clear()
    said = run("restore", file)
    assert said.status == 0, said.err
    assert rows(connect(new))["authors"] == names


@pytest.fixture
def another_mariadb_database(mariadb_server: MariaDB) -> Any:
    """The address of a further empty database."""
    with mariadb_server.database() as url:
        yield url


def test_a_user_who_may_change_rows_alone_can_take_a_backup(
    mariadb_server: MariaDB,
    mariadb_database: str,
    here: Installation,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", mariadb_database)
    assert run("migrate").status == 0
    monkeypatch.setenv("PHONEFLEET_DATABASE_URL", mariadb_server.user(mariadb_database, "work", WORKING))
    settings.cache_clear()
    said = run("backup", tmp_path / "a.backup")
    assert said.status == 0, said.err


def test_a_restore_that_fails_half_way_says_so(
    ledger: Engine, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.backup"
    assert run("backup", file).status == 0
    about = {"format": 1, "tables": "0001", "database": ledger.dialect.name, "at": "2026-01-01T00:00:00+00:00"}
    member = "ledger.db" if ledger.dialect.name == "sqlite" else "ledger.sql"
    with zipfile.ZipFile(file, "w") as new:
        new.writestr("about.json", json.dumps(about))
        new.writestr(member, b"CREATE TABLE half (id INTEGER); no SQL;")
    said = run("restore", file, "--replace")
    assert said.status == 1
    assert "was not restored" in said.err
    assert "nothing was changed" not in said.err


def _leads(session: Session) -> None:
    from datetime import timedelta  # noqa: PLC0415

    from models.tables import Leader  # noqa: PLC0415

    until = database_now(session) + timedelta(minutes=1)
    session.execute(insert(Leader).values(role="coordinator", incarnation="i", until=until))


def _serves(session: Session) -> None:
    session.execute(update(Phone).values(state="online", seen_at=database_now(session)))


@pytest.mark.parametrize(("makes_alive", "told"), [(_leads, "a coordinator leads"), (_serves, "serves phones")])
def test_a_fleet_that_works_is_not_replaced(
    ledger: Engine, run: Run, tmp_path: Path, makes_alive: Callable[[Session], None], told: str
) -> None:
    file = tmp_path / "a.backup"
    assert run("backup", file).status == 0
    write(ledger, makes_alive)
    before = rows(ledger)
    said = run("restore", file, "--replace")
    assert said.status != 0
    assert told in said.err
    assert rows(ledger) == before


def broken(file: Path, how: str) -> None:
    """Damages a backup."""
    whole = file.read_bytes()
    middle = len(whole) // 2
    match how:
        case "cut":
            file.write_bytes(whole[:middle])
        case "flipped":
            file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
        case "text":
            file.write_text("no zip")
        case _:
            _written_anew(file, how)


def _written_anew(file: Path, how: str) -> None:
    """Writes a sound zip with other content."""
    with zipfile.ZipFile(file) as old:
        members = {name: old.read(name) for name in old.namelist()}
    about: Any = json.loads(members["about.json"])
    match how:
        case "newer format":
            about["format"] = 2
        case "newer tables":
            about["tables"] = "9999"
        case "other kind":
            about["database"] = "mysql"
            members["ledger.sql"] = members.pop("ledger.db")
        case "more":
            members["../evil"] = b"x"
        case "long":
            about["at"] = "x" * 20_000
        case "odd":
            about = [1]
    with zipfile.ZipFile(file, "w") as new:
        for name, content in {**members, "about.json": json.dumps(about).encode()}.items():
            new.writestr(name, content)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("cut", "damaged"), ("flipped", "damaged"), ("text", "it is no backup"), ("newer format", "not of format 1"),
        ("newer tables", "the version 9999"), ("other kind", "is of mysql, and this ledger of sqlite"),
        ("more", "holds something else"), ("long", "too long"), ("odd", "not of format 1"),
    ],
)  # fmt: skip
def test_what_is_no_backup_changes_nothing(here: Installation, run: Run, tmp_path: Path, how: str, told: str) -> None:
    file = tmp_path / "a.backup"
    owned_author(here.engine)
    assert run("backup", file).status == 0
    before = rows(here.engine)
    broken(file, how)
    said = run("restore", file, "--replace")
    assert said.status != 0
    assert told in said.err
    assert rows(here.engine) == before


def test_files_that_cannot_be_used(here: Installation, run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    assert "is there already" in run("backup", tmp_path / "there").err
    assert "No such file" in run("backup", tmp_path / "none" / "a.backup").err
    assert "No such file" in run("restore", tmp_path / "none").err
    assert (tmp_path / "there").read_text() == "mine"


def test_a_password_with_odd_signs_and_a_server_that_refuses(
    mariadb_server: MariaDB,
    mariadb_database: str,
    here: Installation,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from sqlalchemy import make_url  # noqa: PLC0415

    from scripts.local.mysql_client import ClientFailed, dump  # noqa: PLC0415

    url = make_url(mariadb_database).set(username="nobody", password='a"\\b #;')
    with (tmp_path / "out").open("wb") as out, pytest.raises(ClientFailed) as failed:
        dump(url, out)
    assert "Access denied" in str(failed.value)
    assert 'a"' not in str(failed.value)
