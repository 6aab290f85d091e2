"""`phonefleet`, the command. Ends with 0 when all went well, 1 when not, 2 when the request was refused."""

from __future__ import annotations

import gc

import typer

from scripts.terminal.lazy_group import Named, group_of
from scripts.terminal.words import in_words

WORK, CUSTOMERS, TRY = "Every day", "Customers' systems", "Try and examine"
PARTS = "Parts of a fleet on several machines"

# What each says of itself stands here as well: help imports none of them. A test holds the two together.
COMMANDS = (
    Named(
        "up",
        "scripts.commands.parts:up",
        WORK,
        "Redis, ledger, host agent, coordinator, gateway and Flower on this machine, until Ctrl-C or SIGTERM.",
    ),
    Named(
        "submit",
        "scripts.commands.submit:submit",
        WORK,
        "Check a campaign file and plant it; every mistake is named, and then nothing is planted.",
    ),
    Named(
        "status",
        "scripts.commands.status:status",
        WORK,
        "A campaign: how far it is, what failed and why, what waits and for what.",
    ),
    Named(
        "review",
        "scripts.commands.review:review",
        WORK,
        "List the tasks whose action nobody could tell about, or settle one after a look at the app.",
    ),
    Named(
        "stop",
        "scripts.commands.stop:stop",
        WORK,
        "Stop a campaign, a task, or what runs on a phone and is pinned to it.",
    ),
    Named("pause", "scripts.commands.pause:pause", WORK, "Pause a campaign, a task or a phone until it is resumed."),
    Named("resume", "scripts.commands.pause:resume", WORK, "Let what was paused go on where it was."),
    Named(
        "phones",
        "scripts.commands.phones:phones",
        WORK,
        "Which phones need somebody, why and what to do; then every phone, with what it does now.",
    ),
    Named(
        "alerts", "scripts.commands.alerts:alerts", WORK, "The latest alerts: what happened, to what, and what to do."
    ),
    Named("holds", "scripts.commands.holds:commands", WORK, "Tasks held because several phones failed alike."),
    Named(
        "accounts",
        "scripts.commands.accounts:commands",
        WORK,
        "Our accounts. Phones make those known that are logged in on them.",
    ),
    Named(
        "authors",
        "scripts.commands.authors:commands",
        WORK,
        "Authors, the basis for acting on their content, and the caps.",
    ),
    Named("keys", "scripts.commands.keys:commands", CUSTOMERS, "Keys of customers, with their secrets and limits."),
    Named(
        "deliveries",
        "scripts.commands.deliveries:commands",
        CUSTOMERS,
        "Callbacks: their log, their endpoints, replays.",
    ),
    Named(
        "gateway",
        "scripts.commands.gateway:gateway",
        PARTS,
        "Answer customers' systems over HTTP until SIGTERM. Several may run, on one ledger and one Redis.",
    ),
    Named(
        "deliver",
        "scripts.commands.parts:deliver",
        PARTS,
        "Send callbacks until SIGTERM. Several may run, where the receivers can be reached.",
    ),
    Named("host", "scripts.commands.parts:host", PARTS, "Serve the phones of this machine until SIGTERM."),
    Named(
        "coordinator",
        "scripts.commands.parts:coordinator",
        PARTS,
        "Keep tickets and ledger together until SIGTERM. Several may run; one leads.",
    ),
    Named(
        "migrate",
        "scripts.commands.parts:migrate",
        PARTS,
        "Make the ledger's tables, or change them as this version wants them.",
    ),
    Named(
        "demo",
        "scripts.demo.command:demo",
        TRY,
        "Run the operator's standard day on simulated phones, and judge the ledger by what really happened.",
    ),
    Named("doctor", "scripts.commands.parts:doctor", TRY, "What is missing on this machine, and how to mend it."),
)

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
    gc.disable()  # until the command's modules are there: nothing of them is ever garbage
    with in_words():
        cli(prog_name="phonefleet")


if __name__ == "__main__":
    main()
