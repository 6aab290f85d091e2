"""Entry points keep files from other users of the machine; `tests/scripts/commands/test_up.py` sees what `up` makes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.runtime.private_files import keep_files_private, open_to_others

ROOT = Path(__file__).parents[3]
BECOMES_ANOTHER = ROOT / "workers/runtime/linux.py"  # whose umask it keeps
FOR_DEVELOPERS = ROOT / "gateway/api/document.py"  # it writes a file of the checkout
EXAMPLES = ROOT / "scripts/examples"  # they make no file but the ledger, which is private by itself


def entry_points() -> list[Path]:
    found = [file for room in ("workers", "gateway", "scripts") for file in (ROOT / room).rglob("*.py")]
    started = [file for file in found if file.name == "__main__.py" or '"__main__"' in file.read_text()]
    return sorted(
        file for file in started if file not in (BECOMES_ANOTHER, FOR_DEVELOPERS) and EXAMPLES not in file.parents
    )


def mains(file: Path) -> list[ast.FunctionDef]:
    """The `main` of a file, or the one that it imports."""
    tree = ast.parse(file.read_text())
    own = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "main"]
    if own:
        return own
    modules = [
        one.module
        for one in tree.body
        if isinstance(one, ast.ImportFrom) and one.module and any(alias.name == "main" for alias in one.names)
    ]
    return [main for module in modules for main in mains(ROOT / f"{module.replace('.', '/')}.py")]


def test_every_program_is_looked_at() -> None:
    names = {str(file.relative_to(ROOT)) for file in entry_points()}
    assert names >= {
        "gateway/__main__.py",
        "gateway/delivery/__main__.py",
        "scripts/cli.py",
        "workers/coordinator/__main__.py",
        "workers/evidence/__main__.py",
        "workers/host/__main__.py",
        "workers/host/zygote.py",
    }


@pytest.mark.parametrize("file", entry_points(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_program_keeps_its_files_private(file: Path) -> None:
    found = mains(file)
    assert found
    for main in found:
        calls = [one.func.id for one in ast.walk(main) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
        assert keep_files_private.__name__ in calls


def test_the_command_leaves_its_ledger_to_its_user_alone(tmp_path: Path) -> None:
    var = tmp_path / "deep" / "var"
    env = {**os.environ, "PHONEFLEET_VAR": str(var), "PHONEFLEET_DATABASE_URL": f"sqlite:///{var}/ledger.db"}
    command = [sys.executable, "-m", "scripts.cli", "migrate"]
    subprocess.run(command, env=env, umask=0o022, timeout=60, check=True, capture_output=True)
    made = [var.parent, var, *var.rglob("*")]
    assert var / "ledger.db" in made
    assert [str(path) for path in made if open_to_others(path)] == []


def test_what_others_may_not_read_is_told_apart(tmp_path: Path) -> None:
    for mode, others in ((0o700, False), (0o750, True), (0o701, True), (0o755, True), (0o770, True)):
        tmp_path.chmod(mode)
        assert open_to_others(tmp_path) is others
    tmp_path.chmod(0o700)
    assert not open_to_others(tmp_path / "nothing")
