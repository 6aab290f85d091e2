"""What a command imports: only what it uses. Counted in modules, for seconds depend on the machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import typer

from models import tables
from scripts.cli import COMMANDS, cli
from scripts.local.ready import answers
from tests.support.heavy import HEAVY
from tests.support.imported import ROOT, Imports, imports_of_commands, mapped, own, packages_of

LEDGER = {"sqlalchemy"}
SEALS = {"Crypto", "cryptography"}  # for commands that make or open a secret
WORKBOOKS = {"xlsxwriter", "yaml"}
# Of SQLAlchemy, what a ledger on SQLite has no use for; its import takes 15 ms.
OTHER_DIALECTS = "sqlalchemy.dialects.mysql"
DRIVES_A_PHONE = ("flows.app", "flows.pages", "flows.phone", "flows.profile", "flows.session")
# Of our own, what planting a campaign file has no use for.
NOT_FOR_SUBMIT = (
    "models.history.records",
    "models.notify",
    "models.tasks.collected",
    "models.tasks.progress",
    "scripts.terminal.wrapping",
    "workers.lifecycle.dependents",
    "workers.policy.blame",
)
# Every class that is mapped takes 3 ms of CPU, and every module of our own 0.3 ms; a command has 500 ms for all.
MOST_TABLES = 13  # classes
MOST_OWN = 112
MORE_TABLES = {
    "erase nobody": 22,
    "status acc9": 17,
    "status nothing": 17,
}  # they look into every table that names a person


@pytest.fixture(scope="module")
def imports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imports]:
    """The commands of an installation with a ledger: making its tables needs alembic, once."""
    with imports_of_commands(tmp_path_factory.mktemp("var"), "sqlalchemy.orm", "rich.console") as found:
        assert "alembic" in found.packages("migrate")
        yield found


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imports]:
    """As `imports`, but nothing counts as imported."""
    with imports_of_commands(tmp_path_factory.mktemp("lean")) as found:
        assert "alembic" in found.packages("migrate")
        yield found


def tables_of(*names: str) -> list[str]:
    return sorted(f"models.tables.{name}" for name in names)


def classes(modules: set[str]) -> list[str]:
    """The names of the classes that are mapped."""
    return [name for name in tables.__all__ if getattr(tables, name).__module__ in modules]


def assert_light(modules: set[str], words: str, heavy: set[str]) -> None:
    """Fails when a command imported a heavy library, or more of our own modules than it has time for."""
    assert not packages_of(modules) & heavy
    assert OTHER_DIALECTS not in modules
    assert len(classes(modules)) <= MORE_TABLES.get(words, MOST_TABLES), classes(modules)
    assert len(own(modules)) <= MOST_OWN, own(modules)


@pytest.mark.parametrize("words", [("--help",), ("nonsense",), ()])
def test_help_imports_no_command(words: tuple[str, ...], tmp_path: Path) -> None:
    with imports_of_commands(tmp_path) as imports:
        assert not imports.packages(*words) & (HEAVY | LEDGER)


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "status --list",
        "status nothing",
        "records",
        "missing nothing",
        "failures",
        "failures --json",
        "logs nothing",
        "export --list",
        "users",
        "erase nobody",
        "phones",
        "alerts",
        "alerts channels",
        "accounts",
        "accounts add acc9 nine",
        "accounts wake acc9",
        "status acc9",
        "authors",
        "authors add xiaopeng name",
        "authors basis xiaopeng owned",
        "authors caps",
        "holds",
        "holds release 1",
        "review",
        "review x happened",
        "approvals",
        "approvals given",
        "approve nothing --why x",
        "stop nothing",
        "pause nothing",
        "resume nothing",
        "keys",
        "keys revoke nothing",
        "deliveries",
        "deliveries endpoints",
        "deliveries replay nothing",
    ],
)
def test_a_command_imports_what_it_uses(words: str, imports: Imports) -> None:
    assert_light(imports.modules(*words.split()), words, HEAVY | SEALS | WORKBOOKS)


@pytest.mark.parametrize("command", [named.name for named in COMMANDS])
def test_the_help_of_a_command_needs_no_server_and_no_phone(command: str, imports: Imports) -> None:
    assert_light(imports.modules(command, "--help"), command, HEAVY | SEALS | WORKBOOKS)


def test_submit_needs_nothing_that_drives_a_phone_and_no_broker(imports: Imports) -> None:
    modules = imports.modules("submit", str(ROOT / "scripts" / "standard_day.yaml"))
    assert "workers.campaigns.build" in modules
    assert not packages_of(modules) & (HEAVY - {"pydantic"})
    assert not [name for name in modules if name.startswith(DRIVES_A_PHONE)]
    assert OTHER_DIALECTS not in modules
    assert mapped(modules) == tables_of("actions", "authors", "campaigns", "fleet", "fleet_values", "tasks")
    assert len(own(modules)) <= 150, own(modules)


def test_submit_and_refusals_print_without_rich_and_tell_nobody(lean: Imports) -> None:
    modules = lean.modules("submit", str(ROOT / "scripts" / "standard_day.yaml"))
    assert "rich" not in modules
    assert "rich" not in lean.modules("submit", str(ROOT / "nothing.yaml"))
    assert not [one for one in modules if one.startswith(NOT_FOR_SUBMIT)]


def test_what_is_planted_needs_no_more_than_what_is_refused(tmp_path: Path) -> None:
    day, var = tmp_path / "day.yaml", tmp_path / "var"
    day.write_text("campaign: day\naccounts: [acc9]\nnurture: {video_loop: 5}\n")
    with imports_of_commands(var) as commands:
        commands.modules("accounts", "add", "acc9", "nine")
        modules = commands.modules("submit", str(day))
    with closing(sqlite3.connect(var / "phonefleet.db")) as ledger:
        assert ledger.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
    assert not packages_of(modules) & (HEAVY - {"pydantic"})
    assert not [one for one in modules if one.startswith(NOT_FOR_SUBMIT)]


@pytest.mark.parametrize(
    ("words", "own_tables"),
    [
        ("records", ("records",)),
        ("records --yesterday", ("records",)),
        ("records --total", ("records",)),
        ("comments", ("collected", "texts")),
        ("comments nothing", ("collected", "texts")),
        ("titles", ("collected", "texts")),
    ],
)
def test_a_list_maps_its_own_tables_alone(words: str, own_tables: tuple[str, ...], imports: Imports) -> None:
    assert mapped(imports.modules(*words.split())) == tables_of("fleet_values", *own_tables)


def test_doctor_imports_a_library_only_where_there_is_something_to_check(imports: Imports) -> None:
    to_check = {"redis", "kombu"} if answers(6379) else set()  # where a Redis of this machine may be the fleet's
    modules = imports.modules("doctor")
    assert "scripts.commands.doctor" in modules
    assert_light(modules, "doctor", HEAVY - to_check)
    assert not [name for name in modules if name.startswith(DRIVES_A_PHONE)]


def test_a_list_of_exports_needs_nothing_that_makes_them(imports: Imports, tmp_path: Path) -> None:
    assert "xlsxwriter" in imports.packages("export", str(tmp_path / "made.xlsx"))
    assert_light(imports.modules("export", "--list"), "export --list", HEAVY | SEALS | WORKBOOKS)


def test_what_reads_a_backup_or_a_table_imports_no_server(imports: Imports, tmp_path: Path) -> None:
    assert_light(imports.modules("backup", str(tmp_path / "whole.backup")), "backup", HEAVY | SEALS | WORKBOOKS)
    assert_light(imports.modules("restore", str(tmp_path / "nothing")), "restore", HEAVY | SEALS | WORKBOOKS)
    assert not imports.packages("import", str(tmp_path / "nothing.csv")) & (HEAVY - {"pydantic"})


def test_help_says_of_each_command_what_it_says_of_itself() -> None:
    for named in COMMANDS:
        said = (named.load().help or "").strip().split("\n\n")[0]
        assert " ".join(said.replace("Without a command: list.", "").split()) == named.says, named.name


def test_every_command_can_be_reached() -> None:
    top = typer.main.get_command(cli)
    assert [*top.commands] == [named.name for named in COMMANDS]  # type: ignore[attr-defined]
