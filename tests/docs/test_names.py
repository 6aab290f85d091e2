"""What the documents name is there: make targets, commands, options, files, modules, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from scripts.cli import cli
from tests.support.documents import NAMES, ROOT, command_lines, links, read, rows, spans
from workers.settings import read_settings

_PATH = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+)?|[\w-]+\.(?:py|md|cfg|toml|yaml)")
_COMMAND = re.compile(r"(?<![\w/-])phonefleet((?: [a-z][a-z-]*)*)")
# Said of what a user makes or of the running system, not of the repository.
_MADE = ("var", ".venv", "build", "dist", "/data/", "Asia/Shanghai")
SOURCES = sorted(
    path for room in ("flows", "gateway", "models", "scripts", "workers") for path in (ROOT / room).rglob("*.py")
)


@cache
def _top() -> TyperGroup:
    top = typer.main.get_command(cli)
    assert isinstance(top, TyperGroup)
    return top


def _leaf(words: list[str]) -> Any:
    """The command that these words call; None when there is none."""
    command: Any = _top()
    for word in words:
        if not isinstance(command, TyperGroup):
            return command
        if word not in command.commands:
            return command if command.invoke_without_command else None
        command = command.commands[word]
    return command


def _unknown(text: str) -> Iterator[str]:
    """Commands in a text that do not exist: the first word always counts, the second inside a group."""
    top = _top()
    for found in _COMMAND.finditer(text):
        words = found[1].split()
        if not words:
            continue
        if words[0] not in top.commands:
            yield found[0]
            continue
        group = top.commands[words[0]]
        if len(words) > 1 and isinstance(group, TyperGroup) and words[1] not in group.commands:
            yield found[0]


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_exist(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {target for line in command_lines(name) for target in re.findall(r"\bmake ([a-z][a-z-]*)", line)}
    missing = [target for target in sorted(named) if not re.search(rf"^{target}:", makefile, re.MULTILINE)]
    assert not missing


@pytest.mark.parametrize("name", NAMES)
def test_commands_exist(name: str) -> None:
    assert not [unknown for line in command_lines(name) for unknown in _unknown(line)]


def test_remedies_in_the_code_name_commands_that_exist() -> None:
    strings = re.compile(r'"[^"\n]*"')
    unknown = {
        f"{path.relative_to(ROOT)}: {one}"
        for path in SOURCES
        for text in strings.findall(path.read_text())
        for one in _unknown_in_remedy(text)
    }
    assert not unknown


def _unknown_in_remedy(text: str) -> Iterator[str]:
    """In running text other words follow a command: only the word behind a group is judged."""
    top = _top()
    for found in _COMMAND.finditer(text):
        words = found[1].split()
        if len(words) < 2 or not isinstance(top.commands.get(words[0]), TyperGroup):
            continue
        yield from _unknown(f"phonefleet {words[0]} {words[1]}")


@pytest.mark.parametrize(("name", "heading"), [("README.md", "## Commands"), ("README.zh-CN.md", "## 命令")])
def test_the_table_of_a_readme_has_every_command_once(name: str, heading: str) -> None:
    told = [cells[0].strip("`").removeprefix("phonefleet ") for cells in rows(name, heading)]
    assert sorted(told) == sorted(_top().commands)


def test_every_command_is_documented() -> None:
    told = read("docs/commands.md")
    for path in _all_commands():
        assert f"`phonefleet {path}" in told, path


def _all_commands() -> Iterator[str]:
    top = _top()
    for name, command in top.commands.items():
        yield name
        if isinstance(command, TyperGroup):
            yield from (f"{name} {inner}" for inner in command.commands if inner != "list")


@pytest.mark.parametrize(("name", "least"), [("docs/commands.md", 16), ("docs/operations.md", 10)])
def test_options_in_the_pages_of_commands_exist(name: str, least: int) -> None:
    typed = re.compile(r"(?:sudo |PHONEFLEET_\w+=\S+ )?(?:\.venv/bin/)?(phonefleet .*)")
    lines = [found[1] for line in command_lines(name) if (found := typed.fullmatch(line))]
    assert len(lines) >= least
    for line in lines:
        command = _leaf([word for word in re.split(r"[ \[\]]+", line)[1:] if re.fullmatch(r"[a-z-]+", word)])
        assert command is not None, line
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", line)) - {"--help"} <= known, line


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    broken = [
        link
        for link in links(name)
        if not link.startswith(("http:", "https:", "#")) and not (folder / link.partition("#")[0]).exists()
    ]
    assert not broken


@pytest.mark.parametrize("name", NAMES)
def test_paths_exist(name: str) -> None:
    missing = [span for span in spans(name) if _PATH.fullmatch(span) and not _exists(span)]
    assert not missing


def _exists(path: str) -> bool:
    if path.startswith(_MADE):
        return True
    places = [ROOT / path, ROOT / "docs" / path, ROOT / "tests" / path, ROOT / "docs" / "decisions" / path]
    return any(place.exists() for place in places)


@pytest.mark.parametrize("name", NAMES)
def test_modules_that_are_run_exist(name: str) -> None:
    named = {module for line in command_lines(name) for module in re.findall(r"python -m ([\w.]+)", line)}
    assert not [module for module in sorted(named) if find_spec(module) is None]


def test_every_setting_is_documented_with_its_default() -> None:
    told = {cells[0].strip("`"): cells[1] for cells in rows("docs/commands.md", "## Environment")}
    assert set(told) == set(re.findall(r'"(PHONEFLEET_\w+)"', (ROOT / "workers/settings/declaration.py").read_text()))
    defaults = read_settings({})
    for variable, value in {
        "PHONEFLEET_ADB_PORT": defaults.adb_port,
        "PHONEFLEET_ADB_USB": int(defaults.adb_usb),
        "PHONEFLEET_TIMEZONE": defaults.timezone.key,
        "PHONEFLEET_DESKS": defaults.desks,
        "PHONEFLEET_LEASE": f"{defaults.lease:g}",
        "PHONEFLEET_HEARTBEAT": int(defaults.heartbeat),
        "PHONEFLEET_DRAIN": int(defaults.drain),
        "PHONEFLEET_TASKS": ",".join(defaults.task_modules),
        "PHONEFLEET_VAR": defaults.var,
        "PHONEFLEET_DELIVERY_SCHEDULE": ",".join(f"{one:.0f}" for one in defaults.delivery_schedule),
        "PHONEFLEET_DELIVERY_TIMEOUT": int(defaults.delivery_timeout),
        "PHONEFLEET_DELIVERIES": defaults.deliveries_at_once,
        "PHONEFLEET_MOST_ACCOUNTS": defaults.most_accounts,
        "PHONEFLEET_MOST_AUTHORS": defaults.most_authors,
        "PHONEFLEET_MOST_TASKS": defaults.most_tasks,
        "PHONEFLEET_CAMPAIGN_MB": defaults.campaign_mb,
        "PHONEFLEET_KEY_MB_A_DAY": defaults.key_mb_a_day,
    }.items():
        assert told[variable] == f"`{value}`", variable
