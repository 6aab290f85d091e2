"""`phonefleet flow versions | canary | promote | withdraw`: the versions of the fleet's flow packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from scripts.terminal.arguments import sentence
from scripts.terminal.language import put
from scripts.terminal.show import Sheet, print_sheet, say

if TYPE_CHECKING:
    from models.tables import FlowTrialRun, FlowVersion

HEADINGS = ("flow", "version", "state", "since", "open tasks", "phones", "runs", "why")
EMPTY = "the coordinator saw no flow package yet"
Flow = Annotated[str, typer.Argument(help="The flow's name.")]
Version = Annotated[str, typer.Argument(help="Its version, of phonefleet flow versions.")]
Why = Annotated[str, typer.Option(callback=sentence, help="Why; it stays in the audit log.")]
Who = Annotated[str, typer.Option(help="Who decides; none: the user of this machine.")]
Phones = Annotated[list[str], typer.Option("--phone", help="A phone of the trial: one or two. None: two that work.")]


def versions() -> None:
    """List the versions of each flow package: which is in use, which is on trial and how its runs ended."""
    from models.fleet.flow_versions import all_versions, runs_of  # noqa: PLC0415
    from models.transactions.read_write import read  # noqa: PLC0415
    from scripts.connect import existing_ledger  # noqa: PLC0415
    from workers.control.flow_versions import open_tasks  # noqa: PLC0415

    def work(session: Any) -> list[list[str]]:
        left = open_tasks(session)
        return [_row(one, left, runs_of(session, one)) for one in all_versions(session)]

    print_sheet(Console(), Sheet("flow versions", HEADINGS, read(existing_ledger(), work), EMPTY, timed=True))


def canary(flow: Flow, version: Version, phone: Phones = [], why: Why = "", who: Who = "") -> None:  # noqa: B006
    """Try a version on one or two phones: it takes over when it does well there, and is taken back when it fails."""
    from models.transactions.read_write import write  # noqa: PLC0415
    from scripts.connect import existing_ledger, operator  # noqa: PLC0415
    from workers.control.flow_versions import try_version  # noqa: PLC0415

    name = operator(who)
    tried = write(existing_ledger(), lambda session: try_version(session, flow, version, phone, who=name, why=why))
    phones = ", ".join(tried.phones or ())
    say(Console(), put("{flow} {version} is tried on {phones}", flow=flow, version=version, phones=phones))


def promote(flow: Flow, version: Version, why: Why = "", who: Who = "") -> None:
    """Have new tasks planted with this version; tasks of the one before end under that one."""
    from models.transactions.read_write import write  # noqa: PLC0415
    from scripts.connect import existing_ledger, operator  # noqa: PLC0415
    from workers.control.flow_versions import promote_version  # noqa: PLC0415

    name = operator(who)
    write(existing_ledger(), lambda session: promote_version(session, flow, version, who=name, why=why))
    say(Console(), put("{flow} {version} is in use: new tasks get it", flow=flow, version=version))


def withdraw(flow: Flow, version: Version, why: Why = "", who: Who = "") -> None:
    """Take a version back: its open tasks go on under the one in use, or under the one that was before it."""
    from models.transactions.read_write import write  # noqa: PLC0415
    from scripts.connect import existing_ledger, operator  # noqa: PLC0415
    from workers.control.flow_versions import withdraw_version  # noqa: PLC0415

    name = operator(who)
    write(existing_ledger(), lambda session: withdraw_version(session, flow, version, who=name, why=why))
    say(Console(), put("{flow} {version} is taken back", flow=flow, version=version))


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to `phonefleet flow`."""
    for name, command in (("versions", versions), ("canary", canary), ("promote", promote), ("withdraw", withdraw)):
        commands.command(name)(command)


def _row(one: FlowVersion, left: Mapping[tuple[str, str], int], runs: Sequence[FlowTrialRun]) -> list[str]:
    from scripts.terminal.moments import stamp  # noqa: PLC0415

    told = [f"{run.phone_serial or '?'} {run.failure_code or 'succeeded'}" for run in runs]
    count = left.get((one.flow, one.version), 0)
    phones = ", ".join(one.phones or ()) if one.phones else ""
    return [one.flow, one.version, one.state, stamp(one.since), str(count), phones, "\n".join(told), one.why or ""]
