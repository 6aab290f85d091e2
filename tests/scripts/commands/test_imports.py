"""What a command imports: only what it uses. Counted in modules, for seconds depend on the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from scripts.cli import COMMANDS, cli
from tests.support.heavy import HEAVY

LEDGER = {"sqlalchemy"}
FOR_OPTIONS = {"submit": {"lxml", "pydantic"}, "import": {"lxml", "pydantic"}}
SAYS_WHAT_IT_IMPORTED = """
import json, sys
from scripts.cli import main
try:
    main()
finally:
    sys.stdout.flush()
    print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def _imported(var: Path, *arguments: str) -> set[str]:
    env = {"PHONEFLEET_VAR": str(var), "PATH": "/usr/bin:/bin", "PHONEFLEET_MASTER_KEY": ""}
    ended = subprocess.run(
        [sys.executable, "-c", SAYS_WHAT_IT_IMPORTED, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ledger: making its tables needs alembic, once."""
    folder = tmp_path_factory.mktemp("var")
    assert "alembic" in _imported(folder, "status")
    return folder


@pytest.mark.parametrize("words", [("--help",), ("nonsense",), ()])
def test_help_imports_no_command(words: tuple[str, ...], var: Path) -> None:
    assert not _imported(var, *words) & (HEAVY | LEDGER)


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "status --list",
        "status nothing",
        "phones",
        "alerts",
        "accounts",
        "accounts add acc9 nine",
        "accounts wake acc9",
        "authors",
        "authors add xiaopeng name",
        "authors basis xiaopeng owned",
        "authors caps",
        "holds",
        "holds release 1",
        "review",
        "review x happened",
        "stop nothing",
        "pause nothing",
        "resume nothing",
        "keys",
        "keys revoke nothing",
        "deliveries",
        "deliveries endpoints",
        "deliveries replay nothing",
        "up --help",
        "gateway --help",
        "host --help",
        "coordinator --help",
        "deliver --help",
        "doctor --help",
        "status --help",
    ],
)
def test_a_command_imports_what_it_uses(words: str, var: Path) -> None:
    assert not _imported(var, *words.split()) & HEAVY


@pytest.mark.parametrize("command", [named.name for named in COMMANDS])
def test_the_help_of_a_command_needs_no_server_and_no_phone(command: str, var: Path) -> None:
    assert not _imported(var, command, "--help") & (HEAVY - FOR_OPTIONS.get(command, set()))


def test_submit_needs_nothing_that_drives_a_phone_and_no_broker(var: Path) -> None:
    campaign = Path(__file__).parents[3] / "scripts" / "standard_day.yaml"
    assert not _imported(var, "submit", str(campaign)) & (HEAVY - FOR_OPTIONS["submit"])


def test_help_says_of_each_command_what_it_says_of_itself() -> None:
    for named in COMMANDS:
        said = (named.load().help or "").strip().split("\n\n")[0]
        assert " ".join(said.replace("Without a command: list.", "").split()) == named.says, named.name


def test_every_command_can_be_reached() -> None:
    top = typer.main.get_command(cli)
    assert [*top.commands] == [named.name for named in COMMANDS]  # type: ignore[attr-defined]
