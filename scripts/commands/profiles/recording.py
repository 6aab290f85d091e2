"""Records an app at the terminal: opens the phone, walks a person through it, and writes the profile or the flow."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from flows.packages.trial import TrialWatch
from models.values.refused import refuse
from scripts.commands.flow_packages.new import folder_for
from scripts.commands.flow_packages.phones import real_phone, simulated_phone
from scripts.commands.profiles.record import profile_of, walk
from scripts.commands.profiles.record import write as write_profile
from scripts.commands.profiles.typed_steps import TypedSteps
from scripts.commands.profiles.walked import Walked
from scripts.commands.profiles.write_flow import steps_of, write_flow
from scripts.terminal.language import put
from scripts.terminal.show import say

SECONDS = 4 * 3600.0  # that a person may take
PROFILE = ".yaml"


def record_app(into: Path, package: str, phone: str, heading: str) -> None:
    """Records a profile, or a flow where `into` is no YAML file. Raises Refused."""
    flow = into.suffix != PROFILE
    if flow:
        folder_for(into.name, into.parent)
    elif into.exists():
        raise refuse("INTO", f"{into} is there already", "name a new file, e.g. own.yaml, or a new flow")
    console = Console()
    walked = _walk(console, package, phone, TypedSteps() if flow else None)
    text, profile, _ranked = profile_of(walked)
    if not flow:
        write_profile(walked, text, into)
        say(
            console,
            put(
                "{file} is written: {count} pages; hold it against a phone: phonefleet profile check",
                file=into,
                count=len(profile.pages),
            ),
        )
        return
    steps = steps_of(walked, heading or into.name.replace("_", " "), profile)
    folder = write_flow(walked, into.name, into.parent, text, steps)
    say(console, put("{folder} is written; try it: {command}", folder=folder, command=_command(into, walked)))


def _walk(console: Console, package: str, phone: str, typed: TypedSteps | None) -> Walked:
    watch = TrialWatch(SECONDS)
    opened = real_phone(phone, lambda: watch.left) if phone else simulated_phone(lambda: watch.left, rough=False)
    with opened as (held, _):
        version = held.app_version(package)
        if version is None:
            raise refuse("--package", f"{package} is not installed there", "install it, or name another phone")
        return walk(
            held,
            package,
            version,
            lambda words: console.input(f"{words} ", markup=False),
            lambda line: say(console, line),
            typed=typed,
        )


def _command(into: Path, walked: Walked) -> str:
    """Returns the command that tries the flow with the values that it was recorded with."""
    typed = walked.typed
    given = typed.examples if typed is not None else {}
    used = typed.used() if typed is not None else {}
    params = "".join(f" --param {name}={value!r}" for name, value in given.items() if name in used)
    return f"phonefleet flow try {into}{params} --watch"
