"""`phonefleet watch`: adds watches and tries them, lists what they found, pauses, resumes and removes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from models.tables import Watch, WatchLook
from models.transactions.read_write import read, write
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.arguments import finite
from scripts.terminal.language import put, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, Sheet, list_blocks, print_sheet, say
from workers.campaigns.watches.manage import OPERATOR, list_watches, look_up, pause_watch, remove_watch, resume_watch
from workers.settings import settings

if TYPE_CHECKING:
    from workers.campaigns.watches.watch_spec import WatchSpec

commands = typer.Typer(no_args_is_help=True, help="Watches: look at the comments of videos again and again.")

Named = Annotated[str, typer.Argument(help="The watch's name or id.")]
Who = Annotated[str, typer.Option(help="Who does it; kept in the ledger. None: the user of this machine.")]
New = Annotated[str, typer.Argument(help="A name for it.")]
Flow = Annotated[str, typer.Argument(help="What it looks at: see docs/monitoring.md.")]
Params = Annotated[list[str], typer.Argument(help="Its parameters: author_id=xiaopeng, title=…, most=200.")]
Every = Annotated[int | None, typer.Option(help="Minutes between two looks.")]
Cron = Annotated[str | None, typer.Option(help="Instead: a cron line of five fields, like 0 8-20 * * MON-FRI.")]
All = Annotated[list[str] | None, typer.Option("--all", help="A word that an item must have; as often as needed.")]
Any = Annotated[list[str] | None, typer.Option("--any", help="Words of which it must have one.")]
Nothing = Annotated[list[str] | None, typer.Option("--none", help="Words of which it must have none.")]
Words = Annotated[Path | None, typer.Option(help="A file with further words for --any, one a line.")]
Mood = Annotated[str | None, typer.Option(help="Only texts that triage calls negative, neutral or positive.")]
Threshold = Annotated[int, typer.Option(help="Tell people of so many items …")]
Window = Annotated[int, typer.Option(help="… within so many minutes.")]
Deviation = Annotated[
    float | None, typer.Option(callback=finite, help="Or of so many spreads above the same hour of past weeks …")
]
Least = Annotated[int, typer.Option(help="… and at least so many items in the hour.")]
Interval = Annotated[int, typer.Option(help="Minutes between two alerts, at least.")]
Quiet = Annotated[str, typer.Option(help="When nobody is told, in the operator's zone: 22:00-08:00.")]
Sandbox = Annotated[bool, typer.Option("--sandbox", help="Look with simulated phones.")]


@commands.command("add")
def add(  # noqa: PLR0913, PLR0917 - the settings of one watch, all options
    name: New, flow: Flow, params: Params, every: Every = None, cron: Cron = None, all_: All = None, any_: Any = None,
    none: Nothing = None, words: Words = None, mood: Mood = None, threshold: Threshold = 1, window: Window = 60,
    deviation: Deviation = None, least: Least = 5, min_interval: Interval = 60, quiet: Quiet = "",
    sandbox: Sandbox = False, who: Who = "",
) -> None:  # fmt: skip
    """Try a watch on the last 7 days, then save it; it looks for the first time at once."""
    from scripts.commands.watch_given import given_words, read_params  # noqa: PLC0415
    from workers.campaigns.watches.manage import Owner, add_watch  # noqa: PLC0415
    from workers.campaigns.watches.watch_spec import WatchSpec  # noqa: PLC0415

    spec = WatchSpec(name, flow, read_params(params), every, cron, given_words(all_, any_, none, words), mood, window,
                     threshold, deviation, least, min_interval, quiet)  # fmt: skip
    _tell_trial(spec, sandbox=sandbox)
    owner, zone = Owner(sandbox=sandbox), settings().timezone
    watch = write(open_ledger(), lambda session: add_watch(session, owner, spec, operator(who), zone))
    say(Console(), f"watch {watch.name} looks now, and then {_when(watch)}")


@commands.command("try")
def try_it(  # noqa: PLR0913, PLR0917 - the settings of one watch, all options
    flow: Flow, params: Params, every: Every = None, cron: Cron = None, all_: All = None, any_: Any = None,
    none: Nothing = None, words: Words = None, mood: Mood = None, threshold: Threshold = 1, window: Window = 60,
    deviation: Deviation = None, least: Least = 5, min_interval: Interval = 60, quiet: Quiet = "",
    sandbox: Sandbox = False,
) -> None:  # fmt: skip
    """Show how often a watch would have told people in the last 7 days, with what is collected. Saves nothing."""
    from scripts.commands.watch_given import given_words, read_params  # noqa: PLC0415
    from workers.campaigns.watches.watch_spec import WatchSpec  # noqa: PLC0415

    spec = WatchSpec("trial", flow, read_params(params), every, cron, given_words(all_, any_, none, words), mood,
                     window, threshold, deviation, least, min_interval, quiet)  # fmt: skip
    _tell_trial(spec, sandbox=sandbox)


def _tell_trial(spec: WatchSpec, *, sandbox: bool) -> None:
    from workers.campaigns.watches.manage import Owner  # noqa: PLC0415
    from workers.campaigns.watches.trial import DAYS, try_watch  # noqa: PLC0415

    owner, zone = Owner(sandbox=sandbox), settings().timezone
    found = read(open_ledger(), lambda session: try_watch(session, owner, spec, zone))
    counted = {"looks": found.looks, "items": found.items, "matched": found.matched, "alerts": len(found.alerts)}
    told = "in the last {days} days: {looks} looks, {items} items collected, {matched} count, {alerts} alerts"
    say(Console(), put(told, days=DAYS, **counted))
    rows = [(stamp(at), str(count), why) for at, why, count in found.alerts[-20:]]
    print_sheet(Console(), Sheet("alerts that there would have been", ("at", "items", "why"), rows, timed=True))


@commands.command("list")
def list_them() -> None:
    """List the watches with their schedule, their last look and their last alert."""
    found = read(existing_ledger(), lambda session: list_watches(session, OPERATOR))
    list_blocks(Console(), "watches", [_shown(one) for one in found], "add one: phonefleet watch add NAME FLOW …")


@commands.command("show")
def show(name: Named) -> None:
    """Show one watch with its latest looks."""
    watch, looks = look_up(existing_ledger(), OPERATOR, name)
    list_blocks(Console(), "watches", [_shown(watch)])
    rows = [_look(one) for one in looks]
    headings = ("due", "outcome", "seen", "new", "count", "missed", "task", "reason")
    print_sheet(Console(), Sheet("looks", headings, rows, "none yet", timed=True))


@commands.command("pause")
def pause(name: Named, who: Who = "") -> None:
    """Let a watch look no more until it is resumed."""
    watch = write(open_ledger(), lambda session: pause_watch(session, OPERATOR, name, operator(who)))
    say(Console(), f"watch {watch.name} is paused")


@commands.command("resume")
def resume(name: Named, who: Who = "") -> None:
    """Let a paused watch look again; nothing is made up for."""
    zone = settings().timezone
    watch = write(open_ledger(), lambda session: resume_watch(session, OPERATOR, name, operator(who), zone))
    say(Console(), f"watch {watch.name} looks again at {stamp(watch.next_due)}")


@commands.command("remove")
def remove(name: Named, who: Who = "") -> None:
    """Remove a watch. What it found stays as long as retention keeps it."""
    watch = write(open_ledger(), lambda session: remove_watch(session, OPERATOR, name, operator(who)))
    say(Console(), f"watch {watch.name} is removed")


@commands.command("mood")
def mood_of(
    file: Annotated[Path, typer.Argument(help="A CSV file: text, its mood as you label it, and a mark if you like.")],
) -> None:
    """Show how good triage is on texts that you labelled: precision and recall of each mood."""
    from scripts.commands.watch_given import labelled  # noqa: PLC0415
    from workers.policy.monitoring.mood import MoodWords, measure, right_by_mark  # noqa: PLC0415

    sample = list(labelled(file))
    found, marks = measure(MoodWords(), sample), right_by_mark(MoodWords(), sample)
    rows = [
        (mood, str(one.labelled), str(one.found), _share(one.precision), _share(one.recall))
        for mood, one in found.items()
    ]
    print_sheet(Console(), Sheet("triage", ("mood", "labelled", "found", "precision", "recall"), rows))
    if set(marks) > {""}:
        by_mark = [(mark, str(number), str(right), f"{right / number:.0%}") for mark, (number, right) in marks.items()]
        print_sheet(Console(), Sheet("by mark", ("mark", "labelled", "right", "share"), by_mark))


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _when(watch: Watch) -> str:
    return put("every {minutes} minutes", minutes=watch.every) if watch.every else put("at {cron}", cron=watch.cron)


def _shown(watch: Watch) -> Block:
    state = put("paused") if watch.paused else put("next look {moment}", moment=stamp(watch.next_due))
    last = put("last look {moment}", moment=stamp(watch.looked_at)) if watch.looked_at else put("no look yet")
    told = put("last alert {moment}", moment=stamp(watch.alerted_at)) if watch.alerted_at else put("no alert yet")
    enough = put("{count} within {minutes} minutes", count=watch.threshold, minutes=watch.window)
    lines = [
        " · ".join(f"{key}={value}" for key, value in watch.params.items()),
        f"{_when(watch)}; {enough}{_words(watch)}",
        f"{state}; {last}; {told}",
    ]
    if watch.failed_looks:
        failed = "{count} looks in a row failed: phonefleet watch show {name}"
        lines.append(put(failed, count=watch.failed_looks, name=watch.name))
    return Block(f"{watch.name}  {word('flow', watch.flow)}", lines)


def _words(watch: Watch) -> str:
    kinds = ((name, watch.words.get(name) or ()) for name in ("all", "any", "none"))
    told = ((name, f"{' '.join(words[:8])}{' …' if len(words) > 8 else ''}") for name, words in kinds if words)
    return "".join(f"; {word('words', name)}: {words}" for name, words in told)


def _look(look: WatchLook) -> Sequence[str]:
    numbers = (look.seen, look.new, look.matched, look.missed)
    return stamp(look.due), look.outcome, *map(str, numbers), (look.task_id or "")[:8], look.reason or ""
