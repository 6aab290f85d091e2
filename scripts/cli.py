"""`phonefleet`, the command. Ends with 0 when all went well, 1 when not, 2 when the request was refused."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import typer

from scripts.terminal.arguments import check_arguments
from scripts.terminal.language import speak
from scripts.terminal.lazy_group import Named, group_of
from scripts.terminal.spoken_help import translate_gettext
from scripts.terminal.words import in_words
from workers.runtime.private_files import keep_files_private

# The commands' help texts stand here as well, so that help need not import them. A test compares both.
# Panel of the help → each command's name, its place, its help text.
PANELS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "Every day": (
        (
            "up",
            "scripts.commands.parts:up",
            "Redis, ledger, host agent, coordinator, gateway, console and Flower on this machine, until Ctrl-C.",
        ),
        (
            "submit",
            "scripts.commands.submit:submit",
            "Check a campaign file and plant it; every mistake is named, and then nothing is planted.",
        ),
        (
            "status",
            "scripts.commands.status:status",
            "Show a campaign's progress, its failed and waiting tasks with the reasons; or the details of any id.",
        ),
        (
            "review",
            "scripts.commands.review:review",
            "List the tasks whose action could not be verified, or settle one after a look at the app.",
        ),
        (
            "approvals",
            "scripts.commands.approvals:commands",
            "Acts on a comment that wait for a named person's approval.",
        ),
        (
            "approve",
            "scripts.commands.approvals:approve",
            "Approve one dislike or report of one comment, once, from the account that its task names; or refuse it.",
        ),
        (
            "stop",
            "scripts.commands.stop:stop",
            "Stop a campaign, a task, or the tasks that run on a phone or are pinned to it.",
        ),
        (
            "pause",
            "scripts.commands.pause:pause",
            "Pause a campaign, a task or a phone until it is resumed, or until a time.",
        ),
        ("resume", "scripts.commands.pause:resume", "Resume a paused campaign, task or phone."),
        (
            "release",
            "scripts.commands.pause:release",
            "End a phone's quarantine before its time, after a look at it.",
        ),
        (
            "phones",
            "scripts.commands.phones:phones",
            "List the phones that need attention, with reason and remedy; then every phone with its present task.",
        ),
        ("alerts", "scripts.commands.alerts:commands", "The latest alerts, and the channels that are told of them."),
        (
            "logs",
            "scripts.commands.logs:logs",
            "Show one task's story: the ledger's events and the lines of the logs, in order of time.",
        ),
        (
            "failures",
            "scripts.commands.failures:failures",
            "List what failed alike: how often, on which phones, when, why, what to do, and one evidence.",
        ),
        (
            "missing",
            "scripts.commands.missing:missing",
            "Show what a campaign is missing and why; --plant plants exactly that.",
        ),
        (
            "records",
            "scripts.commands.records:records",
            "List what ended, newest first: every attempt and action with its account, phone, result and reason.",
        ),
        (
            "comments",
            "scripts.commands.texts:comments",
            "List collected comments, those collected last first; with a text, those that contain it.",
        ),
        (
            "titles",
            "scripts.commands.texts:titles",
            "List collected titles, those collected last first; with a text, those that contain it.",
        ),
        (
            "watch",
            "scripts.commands.watch:commands",
            "Watches: look at the comments of videos again and again.",
        ),
        ("schedules", "scripts.commands.schedules:commands", "Campaign files that are planted again and again."),
        ("holds", "scripts.commands.holds:commands", "Tasks held because several phones failed alike."),
        (
            "accounts",
            "scripts.commands.accounts:commands",
            "The fleet's accounts. A phone registers the account that is logged in on it.",
        ),
        (
            "authors",
            "scripts.commands.authors:commands",
            "Authors, the basis for acting on their content, and the caps.",
        ),
        (
            "erase",
            "scripts.commands.erase:erase",
            "Erase one person's collected data everywhere in the ledger; workbooks are deleted too.",
        ),
        ("backup", "scripts.commands.backup:backup", "Write the whole ledger into one file, while the fleet works."),
        (
            "restore",
            "scripts.commands.backup:restore",
            "Put a backup in place of the ledger. Every campaign that is open in it is paused until you resume it.",
        ),
        (
            "import",
            "scripts.commands.import_results:import_results",
            "Read titles and comments from Excel, CSV or docx tables, so that they count as collected.",
        ),
        (
            "export",
            "scripts.commands.export:export",
            "Write tasks, attempts and completeness into an Excel workbook, one sheet for each kind of task.",
        ),
    ),
    "People": (
        ("users", "scripts.commands.users:commands", "Users of the console, with their roles."),
        (
            "console",
            "scripts.commands.listeners:console",
            "Answer people's browsers until SIGTERM. Several may run, on one ledger.",
        ),
    ),
    "Customers' systems": (
        ("keys", "scripts.commands.keys:commands", "Keys of customers, with their secrets and limits."),
        ("deliveries", "scripts.commands.deliveries:commands", "Callbacks: their log, their endpoints, replays."),
    ),
    "Parts of a fleet on several machines": (
        (
            "gateway",
            "scripts.commands.listeners:gateway",
            "Answer customers' systems over HTTP until SIGTERM. Several may run, on one ledger and one Redis.",
        ),
        (
            "deliver",
            "scripts.commands.parts:deliver",
            "Send callbacks until SIGTERM. Several may run, where the receivers can be reached.",
        ),
        ("host", "scripts.commands.parts:host", "Serve the phones of this machine until SIGTERM."),
        (
            "coordinator",
            "scripts.commands.parts:coordinator",
            "Keep tickets and ledger together until SIGTERM. Several may run; one leads.",
        ),
        (
            "install-services",
            "scripts.commands.install_services:install_services",
            "Write systemd units for the parts that this machine shall run.",
        ),
        (
            "migrate",
            "scripts.commands.parts:migrate",
            "Create the ledger's tables, or migrate them to this version.",
        ),
    ),
    "Try and examine": (
        (
            "demo",
            "scripts.demo.command:demo",
            "Run the operator's standard day on simulated phones, and judge the ledger by what really happened.",
        ),
        (
            "schema",
            "scripts.commands.schema:schema",
            "Print the JSON Schema of a campaign file or of a flow's parameters, for editors.",
        ),
        (
            "flow",
            "scripts.commands.flow_packages.commands:commands",
            "Write a flow of your own: a package that the fleet finds and runs.",
        ),
        (
            "profile",
            "scripts.commands.profiles.commands:commands",
            "App profiles: hold one against a phone, and mend it after an update.",
        ),
        ("doctor", "scripts.commands.doctor:doctor", "Check this machine, and name the remedy for each problem."),
    ),
}
COMMANDS = tuple(Named(name, where, panel, says) for panel, named in PANELS.items() for name, where, says in named)

cli = typer.Typer(
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # secrets may be among them
)


def _speak(language: str | None) -> None:
    if language is not None:
        speak(language)


@cli.callback()
def _phonefleet(
    lang: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(
            callback=_speak,
            is_eager=True,
            help="Speak Chinese or English. Without it: PHONEFLEET_LANG, else the locale, else English.",
        ),
    ] = None,
) -> None:
    """A shelf of Android phones as a Celery fleet."""
    check_arguments(sys.argv[1:])


def main() -> None:
    """The entry point."""
    keep_files_private()
    translate_gettext()
    # phonefleet has no plugins of pydantic; looking for some reads the metadata of every installed package
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()  # until the command's modules are there
    with in_words():
        cli(prog_name="phonefleet")


if __name__ == "__main__":
    main()
