"""`phonefleet`, the command. Ends with 0 when all went well, 1 when not, 2 when the request was refused."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence

import typer

from scripts.terminal.lazy_group import Named, group_of
from scripts.terminal.words import in_words
from workers.runtime.private_files import keep_files_private

# The commands' help texts stand here as well, so that help need not import them. A test compares both.
# Panel of the help → each command's name, its place, its help text.
PANELS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "Every day": (
        (
            "up",
            "scripts.commands.parts:up",
            "Redis, ledger, host agent, coordinator, gateway and Flower on this machine, until Ctrl-C or SIGTERM.",
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
            "stop",
            "scripts.commands.stop:stop",
            "Stop a campaign, a task, or the tasks that run on a phone or are pinned to it.",
        ),
        ("pause", "scripts.commands.pause:pause", "Pause a campaign, a task or a phone until it is resumed."),
        ("resume", "scripts.commands.pause:resume", "Resume a paused campaign, task or phone."),
        (
            "phones",
            "scripts.commands.phones:phones",
            "List the phones that need attention, with reason and remedy; then every phone with its present task.",
        ),
        ("alerts", "scripts.commands.alerts:alerts", "List the latest alerts, each with its subject and its remedy."),
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
            "import",
            "scripts.commands.import_results:import_results",
            "Read titles and comments from Excel, CSV or docx tables, so that they count as collected.",
        ),
    ),
    "Customers' systems": (
        ("keys", "scripts.commands.keys:commands", "Keys of customers, with their secrets and limits."),
        ("deliveries", "scripts.commands.deliveries:commands", "Callbacks: their log, their endpoints, replays."),
    ),
    "Parts of a fleet on several machines": (
        (
            "gateway",
            "scripts.commands.gateway:gateway",
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
        ("doctor", "scripts.commands.parts:doctor", "Check this machine, and name the remedy for each problem."),
    ),
}
COMMANDS = tuple(Named(name, where, panel, says) for panel, named in PANELS.items() for name, where, says in named)

cli = typer.Typer(
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # secrets may be among them
)


@cli.callback()
def _phonefleet() -> None:
    """A shelf of Android phones as a Celery fleet."""


def main() -> None:
    """The entry point."""
    keep_files_private()
    gc.disable()  # until the command's modules are there: nothing of them is ever garbage
    with in_words():
        cli(prog_name="phonefleet")


if __name__ == "__main__":
    main()
