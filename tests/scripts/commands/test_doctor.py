"""The doctor: what it makes of what it sees, and that it sees what is really there."""

from __future__ import annotations

import io
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import create_engine, text

from scripts.commands import doctor
from scripts.commands.doctor_adb import judge_adb
from scripts.commands.doctor_check import Check
from scripts.local import probes
from scripts.local.embedded import EmbeddedRedis, NoRedis
from scripts.local.probes import DatabaseState, DiskState, ProgramState, RedisState
from scripts.terminal.show import print_blocks
from tests.support.servers import MariaDB, Redis

REDIS = RedisState("127.0.0.1:6379", version="7.0.15")
SILENT = RedisState("127.0.0.1:6379", error="Connection refused")
MIGRATED = DatabaseState(
    "mysql+mysqldb://root:***@db/phonefleet",
    driver_error="",
    server="mariadb",
    version="10.11.19",
    revisions=frozenset({"0001"}),
    heads=frozenset({"0001"}),
)
ABSENT = DatabaseState("sqlite:///var/phonefleet.db", absent=True)

JUDGEMENTS = {
    "python is new enough": (doctor.judge_python((3, 11, 0)), True, "3.11.0"),
    "python is too old": (doctor.judge_python((3, 10, 9)), False, "PYTHON="),
    "redis runs": (doctor.judge_redis(REDIS, embedded=False), True, "7.0.15 at 127.0.0.1:6379"),
    "redis is silent": (doctor.judge_redis(SILENT, embedded=False), False, "PHONEFLEET_REDIS_URL"),
    "redis is silent and ours": (doctor.judge_redis(SILENT, embedded=True), True, "phonefleet up"),
    "redis is old": (doctor.judge_redis(replace(REDIS, version="6.0.16"), embedded=False), False, "upgrade"),
    "redis is just new enough": (doctor.judge_redis(replace(REDIS, version="6.2.14"), embedded=True), True, "6.2"),
    "ledger is migrated": (doctor.judge_database(MIGRATED), True, "mariadb 10.11.19"),
    "ledger is not there": (doctor.judge_database(ABSENT), True, "phonefleet up"),
    "ledger is silent": (doctor.judge_database(replace(MIGRATED, error="(2002)")), False, "PHONEFLEET_DATABASE_URL"),
    "ledger is behind": (doctor.judge_database(replace(MIGRATED, revisions=frozenset())), False, "migrates"),
    "ledger takes what is large": (doctor.judge_database(replace(MIGRATED, packet=16 << 20)), True, "mariadb"),
    "ledger takes only what is short": (
        doctor.judge_database(replace(MIGRATED, packet=1 << 20)),
        False,
        "statements of 1 MiB at most; a task's result may need 16 max_allowed_packet = 16M",
    ),
    "ledger takes all but what is longest": (
        doctor.judge_database(replace(MIGRATED, server="mysql", version="8.0.40", packet=(16 << 20) - 1024)),
        False,
        "max_allowed_packet = 16M",
    ),
    "ledger is old": (doctor.judge_database(replace(MIGRATED, version="10.5.29")), False, "upgrade"),
    "ledger is an old MySQL": (
        doctor.judge_database(replace(MIGRATED, server="mysql", version="5.7.44")),
        False,
        "MySQL 8.0",
    ),
    "files: soft is raised by servers": (doctor.judge_open_files(1024, 524288), True, "soft 1024"),
    "files: no limit": (doctor.judge_open_files(1024, -1), True, "hard none"),
    "files: too few": (doctor.judge_open_files(1024, 4095), False, "ulimit -n 4096"),
    "adb is there": (judge_adb(ProgramState("/adb", "36.0.0 (/adb)")), True, "36.0.0"),
    "adb is missing": (judge_adb(ProgramState(None, "none", "reinstall adbutils")), False, "reinstall"),
    "memory is merged": (doctor.judge_merging(True), True, "on"),
    "memory could be merged": (doctor.judge_merging(False), False, "off as root: echo 1 > /sys/kernel/mm/ksm/run"),
    "memory cannot be merged": (doctor.judge_merging(None), False, "Linux 6.4"),
    "no font": (doctor.judge_font(None), False, "fonts-noto-cjk"),
    "disk is full": (doctor.judge_disk(DiskState(Path("var"), writable=True, free=2**30 - 1)), False, "free at least"),
    "disk has room": (doctor.judge_disk(DiskState(Path("var"), writable=True, free=2**30)), True, "1.0 GB"),
    "the jar is known": (doctor.judge_jar(""), True, "known"),
    "the jar was changed": (
        doctor.judge_jar("u2.jar has the sha256 1: changed; pip install"),
        False,
        "pip install",
    ),
    "var is its user's alone": (doctor.judge_privacy(DiskState(Path("var"), writable=True, free=0)), True, "closed"),
    "var is open to others": (
        doctor.judge_privacy(DiskState(Path("var"), writable=True, free=0, open_to_others=True)),
        False,
        "chmod -R go= var",
    ),
    "disk is closed": (doctor.judge_disk(DiskState(Path("/"), writable=False, free=2**40)), False, "PHONEFLEET_VAR"),
}


@pytest.mark.parametrize("name", JUDGEMENTS)
def test_judgements(name: str) -> None:
    check, ok, says = JUDGEMENTS[name]
    assert check.ok is ok
    assert says in f"{check.found} {check.remedy}"


@pytest.mark.parametrize(
    ("version", "embedded", "known", "missing"),
    [
        (
            "6.2.14",
            False,
            "CVE-2024-31449 CVE-2024-46981 CVE-2025-21605 CVE-2025-32023 CVE-2025-49844 2026 CVE-2026-81934",
            "",
        ),
        ("6.2.14", True, "CVE-2025-21605 2026", "CVE-2025-49844 (needs"),
        ("6.2.14", True, "CVE-2026-81934", "CVE-2026-81934 (needs"),  # the embedded one has no TLS
        ("6.2.19", False, "CVE-2025-49844", "CVE-2025-32023"),
        ("6.2.20", False, "July 2026", "CVE-2025"),
        ("6.2.23", False, "CVE-2026-81934 (needs TLS", "July 2026"),
        ("6.2.24", False, "none that is known", "CVE"),
        ("7.0.15", False, "CVE-2024-31449 CVE-2025-49844 2026", ""),  # no release of this branch mended them
        ("7.4.1", False, "CVE-2024-46981", "CVE-2024-31449"),
        ("8.0.3", False, "CVE-2025-49844", "CVE-2025-32023"),
        ("8.2.2", True, "July 2026", "CVE-2025"),
        ("8.2.9", True, "none that is known", "CVE"),
        ("8.4.0", False, "July 2026", "CVE-2025"),
        ("8.8.1", False, "CVE-2026-81934", "July 2026"),
        ("8.10.0", False, "CVE-2026-81934", "July 2026"),
        ("8.10.1", False, "none that is known", "CVE"),
        ("9.0.0", False, "none that is known", "CVE"),
    ],
)
def test_what_is_known_of_a_redis_is_told(version: str, embedded: bool, known: str, missing: str) -> None:
    check = doctor.judge_redis_holes(version, embedded=embedded)
    assert check is not None
    assert not check.needed
    assert check.ok == known.startswith("none")
    assert all(word in check.found for word in known.split())
    assert not missing or missing not in check.found


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://redis.example:6379/0", "leaves this machine in plain text and has no password rediss://"),
        ("redis://:secret@10.0.0.7/0", "leaves this machine in plain text rediss://"),
        ("rediss://redis.example/0", "has no password give its user a password"),
        ("redis://127.0.0.1:6379/0", "has no password give its user a password"),
        ("mysql+mysqldb://fleet:secret@db/x", "leaves this machine in plain text ssl_mode=VERIFY_IDENTITY"),
        ("mysql+mysqldb://root@10.0.0.7/x", "leaves this machine in plain text and has no password ssl_ca"),
        ("mysql+mysqldb://root@localhost/x", "has no password"),
        ("redis://:secret@localhost/0", ""),
        ("rediss://fleet:secret@redis.example/0", ""),
        ("mysql+mysqldb://fleet:secret@[::1]/x", ""),
        ("mysql+mysqldb://fleet@/x?unix_socket=/run/mysqld/mysqld.sock", ""),
        ("mysql+mysqldb://fleet:secret@db/x?ssl_mode=VERIFY_IDENTITY", ""),
    ],
)
def test_plain_text_and_missing_passwords_are_told(url: str, says: str) -> None:
    check = doctor.judge_connection("it", "PHONEFLEET_X_URL", url)
    assert (check.ok, check.needed) == (not says, False)
    told = f"{check.found} {check.remedy}"
    assert all(word in told for word in says.split())
    assert "PHONEFLEET_X_URL" in told
    assert "secret" not in told
    assert "docs/operations.md" in told


def test_each_address_of_the_settings_is_looked_at(tmp_path: Path) -> None:
    env = {
        "PHONEFLEET_VAR": str(tmp_path),
        "PHONEFLEET_REDIS_URL": "redis://127.0.0.1:1/0",
        "PHONEFLEET_DATABASE_URL": "mysql+mysqldb://work@127.0.0.1:1/x",
        "PHONEFLEET_DATABASE_DDL_URL": "mysql+mysqldb://change@127.0.0.1:1/x",
    }
    told = [check.found for check in doctor.examine(env) if check.name.startswith("Connection to ")]
    assert [variable for variable in env if variable.endswith("_URL")] == [one.split()[3] for one in told]
    only = {"PHONEFLEET_VAR": str(tmp_path)}
    assert not [check for check in doctor.examine(only) if check.name.startswith("Connection to ")]


def test_of_a_redis_without_a_version_nothing_is_known() -> None:
    assert doctor.judge_redis_holes("", embedded=True) is None
    for strange in ("unstable", "255.255", "7", "x.y.z"):
        check = doctor.judge_redis_holes(strange, embedded=False)
        assert check is not None
        assert check.ok


def test_the_redis_that_would_run_tells_its_version(tmp_path: Path) -> None:
    checks = {check.name: check for check in doctor.examine({"PHONEFLEET_VAR": str(tmp_path)})}
    assert re.match(r"Redis \d+\.\d+\.\d+, /", checks["Redis program"].found)
    assert re.match(r"by its number \d+\.\d+\.\d+ has ", checks["Redis holes"].found)


def test_mysqlclient_is_asked_for_only_where_it_is_used() -> None:
    assert doctor.judge_mysqlclient(ABSENT) is None
    present = doctor.judge_mysqlclient(MIGRATED)
    assert present is not None
    assert present.ok
    missing = doctor.judge_mysqlclient(replace(MIGRATED, driver_error="No module named 'MySQLdb'"))
    assert missing is not None
    assert not missing.ok
    assert "libmariadb-dev" in missing.remedy


def test_only_what_is_needed_makes_it_fail() -> None:
    fine, wanted, missing = Check("a", True, ""), Check("b", False, "", needed=False), Check("c", False, "")
    assert doctor.exit_status([fine, wanted]) == 0
    assert doctor.exit_status([fine, wanted, missing]) == 1


def test_the_page_shows_remedies_and_swallows_no_brackets() -> None:
    page = io.StringIO()
    checks = [Check("one", False, "[Errno 111] refused", "phonefleet[mysql]"), Check("two", True, "", "hidden")]
    print_blocks(Console(file=page, width=120), "phonefleet doctor", [doctor.block(one) for one in checks])
    assert "[Errno 111] refused" in page.getvalue()
    assert "phonefleet[mysql]" in page.getvalue()
    assert "hidden" not in page.getvalue()


def test_a_bad_setting_is_named_with_its_remedy(tmp_path: Path) -> None:
    checks = doctor.examine({"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_ADB_PORT": "5037"})
    assert [check.name for check in checks if not check.ok] == ["Settings"]
    assert "PHONEFLEET_ADB_PORT" in checks[-1].found
    assert doctor.exit_status(checks) == 1


def test_a_profile_and_a_module_that_are_not_there_are_named(tmp_path: Path) -> None:
    env = {"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_PROFILE": "nope", "PHONEFLEET_TASKS": "workers.tasks,nope"}
    checks = [check for check in doctor.examine(env) if check.name == "Settings"]
    assert [check.found.partition(":")[0] for check in checks] == ["PHONEFLEET_PROFILE", "PHONEFLEET_TASKS"]
    assert "there is no module nope" in checks[1].found
    assert all(check.remedy for check in checks)
    assert doctor.exit_status(checks) == 1


def test_the_embedded_default_needs_nothing_that_runs(tmp_path: Path) -> None:
    checks = {check.name: check for check in doctor.examine({"PHONEFLEET_VAR": str(tmp_path)})}
    assert "none runs now" in checks["Redis"].found
    assert "phonefleet up makes it" in checks["Ledger"].found
    assert checks["adb"].ok
    assert "Merged memory" not in checks
    assert list(tmp_path.iterdir()) == []


def test_it_looks_whether_the_kernel_merges_memory_where_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"  # as the kernel's own file, which a machine may lack
    monkeypatch.setattr(probes, "_KSM", run)
    monkeypatch.setattr(probes, "may_merge_memory", lambda: False)  # nobody asked for it in this process
    assert probes.merging() is False
    for written, merges in (("0\n", False), ("1\n", True)):
        run.write_text(written)
        assert probes.merging() is merges
    env = {"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_MERGE_MEMORY": "1"}
    assert {check.name: check.ok for check in doctor.examine(env)}["Merged memory"]
    monkeypatch.setattr(probes, "may_merge_memory", lambda: None)
    assert probes.merging() is None


def test_it_finds_the_embedded_redis_that_runs(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        checks = {check.name: check for check in doctor.examine({"PHONEFLEET_VAR": str(tmp_path)})}
        assert f"at 127.0.0.1:{server.port}" in checks["Redis"].found


def test_a_redis_of_the_operators_must_answer(tmp_path: Path) -> None:
    with Redis() as server:
        env = {"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_REDIS_URL": server.url}
        assert {check.name: check.ok for check in doctor.examine(env)}["Redis"]
        os.kill(server.pid, signal.SIGKILL)
        os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
        failed = {check.name: check for check in doctor.examine(env)}["Redis"]
    assert not failed.ok
    assert server.url.split("@")[0] not in failed.found + failed.remedy


def test_a_database_without_tables_is_not_migrated(mariadb_database: str) -> None:
    state = probes.database(mariadb_database)
    assert (state.server, state.error, state.driver_error) == ("mariadb", "", "")
    assert state.revisions == frozenset()


def test_the_database_is_known_by_its_migrations(sqlite_database: str) -> None:
    engine = create_engine(sqlite_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('older')"))
    engine.dispose()
    state = probes.database(sqlite_database)
    assert state.server == "sqlite"
    assert state.revisions == {"older"}
    assert not doctor.judge_database(state).ok


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    state = probes.database("mysql+mysqldb://root:secret@127.0.0.1:1/phonefleet")
    assert state.error
    assert "secret" not in repr(state)


def test_no_redis_program_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise NoRedis("install one")

    monkeypatch.setattr(probes, "find_redis", none)
    program = probes.redis_program()
    assert doctor.judge_redis_program(program, needed=True).remedy == "install one"
    assert doctor.exit_status([doctor.judge_redis_program(program, needed=False)]) == 0


def test_the_longest_statement_that_a_server_takes_is_read_from_it(mariadb_server: MariaDB) -> None:
    with mariadb_server.database() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            before = connection.scalar(text("SELECT @@global.max_allowed_packet"))
            connection.execute(text("SET GLOBAL max_allowed_packet = 1048576"))
        try:
            assert probes.database(url).packet == 1 << 20
        finally:
            with engine.begin() as connection:
                connection.execute(text(f"SET GLOBAL max_allowed_packet = {before}"))
            engine.dispose()
        assert probes.database(url).packet == before
    assert probes.database("sqlite:///:memory:").packet is None
