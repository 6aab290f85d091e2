"""Records an app at the terminal: opens the phone, walks a person through it, and writes the profile or the flow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from sqlalchemy.orm import Session

from flows.packages.trial import TrialWatch
from flows.screen import Node, Screen
from models.fleet.recordings import pictures_of_recording, recording_named, screens_of_recording
from models.tables import Recording
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.commands.flow_packages.new import folder_for
from scripts.commands.flow_packages.phones import real_phone, simulated_phone
from scripts.commands.profiles.write_flow import write_flow
from scripts.commands.profiles.write_profile import write_profile
from scripts.connect import existing_ledger
from scripts.terminal.language import put, said
from scripts.terminal.show import say
from workers.policy.recorder.go_through import Answer, go_through
from workers.policy.recorder.steps_text import steps_of
from workers.policy.recorder.typed_steps import TypedSteps
from workers.policy.recorder.walk import profile_of, walk, words_of
from workers.policy.recorder.walked import Walked

SECONDS = 4 * 3600.0  # that a person may take
PROFILE = ".yaml"


def record_app(into: Path, package: str, phone: str, heading: str) -> None:
    """Records a profile, or a flow where `into` is no YAML file. Raises Refused."""
    flow = _makes_flow(into)
    walked = _walk(Console(), package, phone, TypedSteps() if flow else None)
    _write(into, walked, heading)


def write_recorded(into: Path, number: int) -> None:
    """Writes what was recorded in the console, with the same files as the walk at the terminal. Raises Refused."""
    flow = _makes_flow(into)

    def work(session: Session) -> tuple[Recording, list[Answer]]:
        one = recording_named(session, number)
        dumps, pictures = screens_of_recording(session, number), pictures_of_recording(session, number)
        kept = [Answer(Screen.parse(dump), picture) for dump, picture in zip(dumps, pictures, strict=True)]
        return one, kept

    one, answers = read(existing_ledger(), work)
    if one.flow != flow:
        reason = f"recording {number} makes a flow" if one.flow else f"recording {number} makes a profile"
        raise refuse("INTO", reason, "name a flow, e.g. read_own" if one.flow else "name a new file, e.g. own.yaml")
    reached = go_through(one.package, one.version or "", one.lines, answers, flow=flow)
    _write(into, reached.walked, one.heading)


def _makes_flow(into: Path) -> bool:
    """Returns whether a flow is to be written there. Raises Refused for a place that is taken."""
    flow = into.suffix != PROFILE
    if flow:
        folder_for(into.name, into.parent)
    elif into.exists():
        raise refuse("INTO", f"{into} is there already", "name a new file, e.g. own.yaml, or a new flow")
    return flow


def _write(into: Path, walked: Walked, heading: str) -> None:
    console = Console()
    text, profile, _ranked = profile_of(walked)
    if walked.typed is None:
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
            Walked(package, version, typed=typed),
            lambda words: console.input(f"{said(words)} ", markup=False),
            lambda line: say(console, line),
            lambda _page, _screen, elements: _list(console, elements),
        )


def _list(console: Console, elements: Sequence[Node]) -> None:
    for number, node in enumerate(elements, 1):
        say(console, f"{number:3} {words_of(node)}")


def _command(into: Path, walked: Walked) -> str:
    """Returns the command that tries the flow with the values that it was recorded with."""
    typed = walked.typed
    given = typed.examples if typed is not None else {}
    used = typed.used() if typed is not None else {}
    params = "".join(f" --param {name}={value!r}" for name, value in given.items() if name in used)
    return f"phonefleet flow try {into}{params} --watch"
