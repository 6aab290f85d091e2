"""`phonefleet install-services`: systemd units for the parts that this machine shall run."""

from __future__ import annotations

import grp
import pwd
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.values.refused import Problem, Refused, refuse
from scripts.local.units import (
    MARK,
    MASTER_KEY,
    SERVICES,
    SETTINGS,
    TARGET,
    VAR,
    Place,
    Service,
    target,
    unit,
    unit_name,
)
from scripts.terminal.show import say
from workers.settings import settings

Parts = Annotated[
    list[str] | None, typer.Option("--part", help=f"One of {', '.join(SERVICES)}; as often as needed. All unless told.")
]
RunAs = Annotated[str, typer.Option(help="The user that the parts run as.")]
Units = Annotated[Path, typer.Option(help="The folder for the units.")]
SettingsFolder = Annotated[Path, typer.Option("--settings", help="The folder for the files with their settings.")]

USB_GROUPS = ("plugdev",)
HOMES = (Path("/home"), Path("/root"))
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}\$?")
_NO_FOLDER = re.compile(r"[^A-Za-z0-9/._@%+-]")


def install_services(
    part: Parts = None,
    run_as: RunAs = "phonefleet",
    units: Units = Path("/etc/systemd/system"),
    settings_folder: SettingsFolder = Path("/etc/phonefleet"),
) -> None:
    """Write systemd units for the parts that this machine shall run."""
    chosen = _chosen(part or list(SERVICES))
    _check(run_as, units, settings_folder)
    place = Place(_command(), run_as, str(settings_folder.absolute()), _groups(), _below_home())
    texts = {unit_name(one): unit(one, place, settings().drain) for one in chosen} | {TARGET: target(chosen)}
    _check_ours(units, texts)
    try:
        kept = _write_settings(settings_folder)
        for name, text in texts.items():
            (units / name).write_text(text)
            (units / name).chmod(0o644)  # everybody may see them: secrets stand in the settings
    except OSError as error:
        remedy = f"run it as root (sudo {' '.join(place.command)} install-services), or name other folders"
        raise refuse("--units, --settings", f"{error.filename}: {error.strerror}", remedy) from error
    _tell(Console(), chosen, place, units, kept)


def _chosen(names: Sequence[str]) -> list[Service]:
    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        raise refuse("--part", f"there is no part {unknown[0]!r}", f"take some of {', '.join(SERVICES)}")
    return [SERVICES[name] for name in dict.fromkeys(names)]


def _check(run_as: str, units: Path, settings_folder: Path) -> None:
    problems = []
    if not _USER.fullmatch(run_as):
        problems.append(Problem("--run-as", f"{run_as!r} is not the name of a user", "name one, such as phonefleet"))
    if not units.is_dir():
        problems.append(Problem("--units", f"{units} is no folder", "name the folder where systemd finds units"))
    if strange := _NO_FOLDER.search(str(settings_folder)):
        problems.append(Problem("--settings", f"{settings_folder} holds {strange[0]!r}", "name a folder without it"))
    if problems:
        raise Refused(problems)


def _check_ours(units: Path, texts: dict[str, str]) -> None:
    """Nobody else's unit is written over. Raises Refused."""
    for name in texts:
        file = units / name
        if file.exists() and not file.read_text(errors="replace").startswith(MARK):
            raise refuse("--units", f"{file} is there, and not from this command", "remove it, or name another folder")


def _write_settings(folder: Path) -> list[Path]:
    """Write what is not there yet, readable by its owner alone. Returns the files that were kept."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = []
    for name, text in (("phonefleet.env", SETTINGS), ("master-key.env", MASTER_KEY)):
        file = folder / name
        if file.exists():
            kept.append(file)
            continue
        file.touch(mode=0o600)
        file.write_text(text)
    return kept


def _command() -> list[str]:
    """Returns the command that runs phonefleet with this Python, without a look at PATH."""
    beside = shutil.which("phonefleet", path=str(Path(sys.executable).parent))
    return [beside] if beside else [sys.executable, "-m", "scripts.cli"]


def _below_home() -> bool:
    needed = (Path(sys.executable), Path(sys.executable).resolve(), Path(__file__).resolve())
    return any(home in path.parents for home in HOMES for path in needed)


def _groups() -> list[str]:
    known = {one.gr_name for one in grp.getgrall()}
    return [name for name in USB_GROUPS if name in known]


def _tell(console: Console, chosen: Sequence[Service], place: Place, units: Path, kept: Sequence[Path]) -> None:
    say(console, f"{len(chosen)} units and {TARGET} are in {units}")
    for file in kept:
        say(console, f"{file} was there, and is as it was")
    steps = [
        f"write the ledger, Redis and the app's profile into {place.settings}/phonefleet.env",
        *([f"write the master key into {place.settings}/master-key.env"] if any(one.keyed for one in chosen) else []),
        "make the ledger's tables once, with the same settings: phonefleet migrate",
        f"systemctl daemon-reload && systemctl enable --now {TARGET}",
    ]
    if not _known(place.user):
        steps.insert(0, f"useradd --system --home-dir {VAR} --shell /usr/sbin/nologin {place.user}")
    say(console, "Next:")
    for number, step in enumerate(steps, 1):
        say(console, f"{number}. {step}", 2)


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
