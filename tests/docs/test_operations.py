"""What docs/operations.md tells people to type, each line tried on real servers."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select

from models.database.engine import connect
from models.database.rights import CHANGING, WORKING
from models.migrate import newest
from models.responsible_use.authors import register_author
from models.tables import Author
from models.transactions.read_write import read as read_ledger
from scripts.cli import main
from scripts.commands.install_services import install_services
from scripts.local.redis_holes import HOLES
from tests.support.documents import blocks, read, rows
from tests.support.gateway.certificates import certificate
from tests.support.installation import Installation, installation
from tests.support.servers import MariaDB
from workers.settings import read_settings, settings
from workers.settings.servers import CHECKED_MODES, UNENCRYPTED_MODE

PAGE, CHINESE = "docs/operations.md", "docs/operations.zh-CN.md"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Database:
    """A server on which the page's statements ran, with the page's two addresses of it."""

    server: MariaDB
    settings: dict[str, str]


def block_with(word: str) -> str:
    """The text of the page's one block that has this word."""
    (found,) = (block.text for block in blocks(PAGE) if word in block.text)
    return found


def line_with(word: str) -> str:
    (found,) = (line for block in blocks(PAGE) for line in block.text.splitlines() if word in line)
    return found


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """With TLS, and its ledger made as the page says."""
    chain, authority = certificate(tmp_path_factory.mktemp("tls"), HOST)
    with MariaDB(f"--ssl-cert={chain}", f"--ssl-key={chain}") as server:
        for statement in block_with("CREATE DATABASE").split(";\n"):
            if statement.strip():
                server.execute(statement)
        told = block_with("PHONEFLEET_DATABASE_DDL_URL=")
        told = told.replace("db.example", f"{HOST}:{server.port}").replace("/etc/phonefleet/ca.pem", str(authority))
        yield Database(server, dict(line.split("=", 1) for line in shlex.split(told)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    with installation(tmp_path / "var", monkeypatch) as made:
        yield made


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    settings.cache_clear()
    monkeypatch.setattr("sys.argv", ["phonefleet", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_grants_are_the_rights_that_are_tested() -> None:
    granted = dict(re.findall(r"GRANT ([A-Z, ]+) ON phonefleet\.\* TO '(\w+)'", block_with("GRANT")))
    assert {user: tuple(rights.split(", ")) for rights, user in granted.items()} == {
        "phonefleet": WORKING,
        "phonefleet_ddl": CHANGING,
    }


def test_migrate_uses_one_user_and_the_rest_the_other(
    database: Database, here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, address in database.settings.items():
        monkeypatch.setenv(variable, address)
    work = database.settings["PHONEFLEET_DATABASE_URL"]
    monkeypatch.setenv("PHONEFLEET_DATABASE_DDL_URL", "")
    assert run(monkeypatch, "migrate") == 2
    refused = " ".join(capsys.readouterr().err.split())
    assert "PHONEFLEET_DATABASE_URL: " in refused
    assert "command denied to user" in refused
    assert "name a user that may change tables in PHONEFLEET_DATABASE_DDL_URL" in refused
    engine = connect(work)
    assert inspect(engine).get_table_names() == []
    monkeypatch.setenv("PHONEFLEET_DATABASE_DDL_URL", database.settings["PHONEFLEET_DATABASE_DDL_URL"])
    assert run(monkeypatch, "migrate") == 0
    assert newest() in capsys.readouterr().out
    monkeypatch.setenv("PHONEFLEET_DATABASE_DDL_URL", "")
    assert run(monkeypatch, "authors", "add", "xiaopeng", "小鹏汽车") == 0
    assert read_ledger(engine, lambda session: session.scalar(select(func.count()).select_from(Author))) == 1
    engine.dispose()


def test_a_backup_is_taken_and_restored_by_the_lines_of_the_page(
    database: Database, here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS, as the page's two users of the database."""
    for name, value in database.settings.items():
        monkeypatch.setenv(name, value)
    assert run(monkeypatch, "migrate") == 0
    engine = connect(settings().database_url)
    register_author(engine, "before", "之前")
    _typed(line_with("phonefleet backup"), tmp_path)
    (file,) = tmp_path.glob("phonefleet-*.backup")
    register_author(engine, "later", "后来")
    engine.dispose()
    line = line_with("phonefleet restore")
    _typed(re.sub(r"phonefleet-\S+\.backup", file.name, line), tmp_path)
    names = read_ledger(connect(settings().database_url), lambda session: set(session.scalars(select(Author.id))))
    assert "before" in names
    assert "later" not in names


def _typed(line: str, folder: Path) -> None:
    command = line.replace(".venv/bin/phonefleet", f"{sys.executable} -m scripts.cli")
    subprocess.run(["bash", "-ec", command], cwd=folder, check=True, timeout=60)


def test_services_are_installed_by_the_lines_of_the_page(tmp_path: Path) -> None:
    lines = [line for line in block_with("install-services").splitlines() if line]
    assert len(lines) == 2
    for line in lines:
        parts = re.findall(r"--part (\w+)", line)
        units = tmp_path / "-".join(parts)
        units.mkdir()
        install_services(part=parts, units=units, settings_folder=tmp_path / "settings")
        made = {file.name for file in units.iterdir()}
        assert made == {f"phonefleet-{part}.service" for part in parts} | {"phonefleet.target"}
    for file in ("phonefleet.env", "master-key.env"):
        assert (tmp_path / "settings" / file).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "settings").stat().st_mode & 0o777 == 0o700


def test_the_addresses_of_the_page_are_accepted(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    named = {
        line.split("=", 1)[0]: line.split("=", 1)[1].strip("'").replace("/etc/phonefleet/ca.pem", str(authority))
        for block in blocks(PAGE)
        for line in block.text.splitlines()
        if re.match(r"PHONEFLEET_\w+_URL=", line)
    }
    assert len(named) == 3
    chosen = read_settings(named)
    assert [chosen.database_url, chosen.database_ddl_url, chosen.redis_url] == list(named.values())


def test_the_table_of_options_names_those_that_are_accepted() -> None:
    told = " ".join(cells[0] for cells in rows(PAGE, "## The database"))
    modes = {f"ssl_mode={mode}" for mode in (*CHECKED_MODES, UNENCRYPTED_MODE)}
    assert set(re.findall(r"`([^`]+)`", told)) == modes | {"ssl_ca", "ssl_cert", "ssl_key"}


def test_the_releases_without_the_hole_of_tls_are_those_that_doctor_knows() -> None:
    (hole,) = (one for one in HOLES if one.cve == "CVE-2026-81934")
    for name in (PAGE, CHINESE):
        text = read(name)
        assert all(f"{major}.{minor}.{patch}" in text for (major, minor), patch in hole.mended.items())
        assert hole.cve in text
