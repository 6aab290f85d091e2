"""`phonefleet flow`: writes, checks, tries, records, replays and packs a flow package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from models.values.refused import refuse
from scripts.commands.flow_packages import versions
from scripts.terminal.language import put, said
from scripts.terminal.show import Block, print_blocks, say

# What drives a phone takes a second to import: each command imports it when it runs, and help does without.
if TYPE_CHECKING:
    from flows.packages.recording import Recording
    from scripts.commands.flow_packages.run import Loaded, Tried

SCREENS = "screens"

commands = typer.Typer(no_args_is_help=True, help="Write a flow of your own: a package that the fleet finds and runs.")
Folder = Annotated[Path, typer.Argument(help="The package's folder.")]
Param = Annotated[list[str], typer.Option("--param", help="A parameter: name=value. Again for each.")]
PhoneOption = Annotated[
    str, typer.Option(help="A phone that adb knows, and no fleet serves now. None: a simulated one.")
]
Rough = Annotated[bool, typer.Option("--rough", help="A simulated phone as rough as real ones.")]


@commands.command("new")
def new(
    name: Annotated[str, typer.Argument(help="The flow's name, e.g. collect_prices.")],
    into: Annotated[Path, typer.Option(help="The folder that gets the package's folder.")] = Path(),
) -> None:
    """Make a flow package that runs at once on a simulated phone."""
    from scripts.commands.flow_packages.new import make  # noqa: PLC0415

    folder = make(name, into)
    say(Console(), put("{folder} is written; try it: phonefleet flow try {folder} --watch", folder=folder))


@commands.command("check")
def check(folder: Folder) -> None:
    """Name each mistake of a flow package with its file, its line and the remedy."""
    from scripts.commands.flow_packages.check import check as check_package  # noqa: PLC0415
    from scripts.commands.flow_packages.check import package_in  # noqa: PLC0415

    whole = package_in(folder)
    found = check_package(whole)
    if not found:
        say(Console(), put("{folder} has no mistakes", folder=whole.name))
        return
    blocks = [Block(f"{one.file}:{one.line}: {said(one.reason)}", remedy=one.remedy) for one in found]
    print_blocks(Console(), "mistakes", blocks)
    raise typer.Exit(1)


@commands.command("try")
def try_flow(
    folder: Folder,
    param: Param = [],  # noqa: B006 - typer copies it
    phone: PhoneOption = "",
    watch: Annotated[bool, typer.Option("--watch", help="Show each step, screen and touch.")] = False,
    rough: Rough = False,
) -> None:
    """Run the flow on one phone, without a ledger, and show its result."""
    from flows.packages.replay import unread_columns  # noqa: PLC0415

    loaded, tried = _run(folder, param, phone, rough=rough, watch=watch)
    _tell(tried)
    unread = unread_columns(loaded.flow, tried.rows)
    if unread:
        _tell_same(Console(), folder.name, "", unread)
        raise typer.Exit(1)


@commands.command("record")
def record(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="The recording's name.")],
    param: Param = [],  # noqa: B006 - typer copies it
    phone: PhoneOption = "",
    rough: Rough = False,
    evidence: Annotated[
        str, typer.Option(help="Not a run: the evidence of a task's failed attempt, by the task's id or its folder.")
    ] = "",
    page: Annotated[str, typer.Option(help="With --evidence: the page that its screen is.")] = "",
) -> None:
    """Record a run of the flow, or the evidence of a failed attempt, as a test that replays it."""
    whole = _package(folder)
    target = whole / SCREENS / name
    if not name.isidentifier():
        raise refuse("NAME", f"{name!r} names no recording", "take letters, digits and _")
    if target.exists():
        raise refuse("NAME", f"{target} is there already", "take another name, or remove it")
    if evidence:
        _of_evidence(whole, evidence, page).write(target)
        tried = None
    else:
        _, tried = _run(folder, param, phone, rough=rough, watch=False)
        if tried.failure:
            say(Console(), put("nothing is written: only a run that succeeds is recorded"))
            _tell(tried)
        tried.recording.write(target)
    say(
        Console(),
        put("{folder} is written; replay it: phonefleet flow replay {package}", folder=target, package=folder),
    )
    if tried is not None:
        _tell(tried)


@commands.command("replay")
def replay(folder: Folder, name: Annotated[str, typer.Argument(help="One recording; none: all.")] = "") -> None:
    """Drive the flow over its recordings, without a phone."""
    from flows.packages.recording import FILE, read_recording  # noqa: PLC0415
    from flows.packages.replay import ReplayDiffers, unread_columns  # noqa: PLC0415
    from flows.packages.replay import replay as replay_one  # noqa: PLC0415

    whole, console, differ = _package(folder), Console(), 0
    loaded = _loaded(whole)
    found = sorted(one.parent for one in (whole / SCREENS).glob(f"{name or '*'}/{FILE}"))
    if not found:
        raise refuse("NAME", f"there is no recording {name} in {whole / SCREENS}", "make one: phonefleet flow record")
    for one in found:
        try:
            recording = read_recording(one)
            told = replay_one(loaded.flow, loaded.profile, recording)
        except (ReplayDiffers, ValueError, OSError) as error:
            differ += 1
            say(console, put("{recording} differs: {what}", recording=one.name, what=str(error)))
        else:
            unread = "" if told is None else unread_columns(loaded.flow, _rows(loaded, recording, told))
            differ += unread != ""
            _tell_same(console, one.name, recording.failure, unread)
    raise typer.Exit(int(differ > 0))


@commands.command("pack")
def pack(
    folder: Folder, into: Annotated[Path | None, typer.Option(help="The wheel's folder; none: FOLDER/dist.")] = None
) -> None:
    """Check a flow package and build its wheel, which pip installs on each machine of the fleet."""
    from scripts.commands.flow_packages.check import check as check_package  # noqa: PLC0415
    from scripts.commands.flow_packages.pack import pack as build  # noqa: PLC0415

    whole = _package(folder)
    found = check_package(whole)
    if found:
        reason = f"the package has {len(found)} mistakes, the first in {found[0].file}: {found[0].reason}"
        raise refuse("FOLDER", reason, f"see: phonefleet flow check {folder}")
    wheel = build(whole, into or whole / "dist")
    say(Console(), put("{wheel} is built; install it: pip install --no-deps {wheel}", wheel=wheel))


versions.add_to(commands)


def _package(folder: Path) -> Path:
    from scripts.commands.flow_packages.check import package_in  # noqa: PLC0415

    return package_in(folder)


def _loaded(folder: Path) -> Loaded:
    from scripts.commands.flow_packages.run import load_package  # noqa: PLC0415

    return load_package(folder)


def _run(folder: Path, param: list[str], phone: str, *, rough: bool, watch: bool) -> tuple[Loaded, Tried]:
    from scripts.commands.flow_packages.phones import real_phone, simulated_phone  # noqa: PLC0415
    from scripts.commands.flow_packages.run import checked, run_on  # noqa: PLC0415

    loaded = _loaded(_package(folder))
    params = checked(loaded.flow, param)
    console = Console()

    @contextmanager
    def opened(remaining: Any) -> Iterator[Any]:
        with real_phone(phone, remaining) if phone else simulated_phone(remaining, rough=rough) as held:
            yield held

    def tell(kind: str, text: str) -> None:
        if watch:
            mark = {"step": "==", "screen": "  ", "touch": "->"}[kind]
            console.print(f"{mark} {text}", markup=False, highlight=False, soft_wrap=True)

    return loaded, run_on(loaded, params, opened, real=bool(phone), tell=tell)


def _tell(tried: Tried) -> None:
    """Prints the result's rows, or the failure; a failure ends the command with 1."""
    import json  # noqa: PLC0415

    console = Console()
    if tried.failure:
        print_blocks(console, "the flow fails", [Block(tried.failure, remedy=tried.remedy)])
        raise typer.Exit(1)
    for row in tried.rows:
        console.print(json.dumps(row, ensure_ascii=False), markup=False, highlight=False, soft_wrap=True)
    say(console, put("{count} rows", count=len(tried.rows)))


def _rows(loaded: Loaded, recording: Recording, result: Any) -> list[dict[str, Any]]:
    return loaded.flow.rows(loaded.flow.params_model.model_validate(recording.params), result)


def _tell_same(console: Console, name: str, failure: str, unread: str) -> None:
    if unread:
        say(
            console,
            put(
                "{recording} brings no value for these columns of the sheet: {columns}", recording=name, columns=unread
            ),
        )
    elif failure:
        say(console, put("{recording} is the same: it fails with {code}", recording=name, code=failure))
    else:
        say(console, put("{recording} is the same", recording=name))


def _of_evidence(folder: Path, what: str, page: str) -> Recording:
    from scripts.commands.flow_packages.evidence import read_evidence, recording_of  # noqa: PLC0415

    return recording_of(*read_evidence(what), _loaded(folder).profile, page)
