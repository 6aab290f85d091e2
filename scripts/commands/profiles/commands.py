"""`phonefleet profile`: holds an app profile against a phone, lists its patches, and accepts or withdraws one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from models.values.refused import refuse
from scripts.terminal.arguments import sentence
from scripts.terminal.language import put
from scripts.terminal.show import Block, Sheet, print_blocks, print_sheet, say

if TYPE_CHECKING:
    from flows.profile import AppProfile
    from scripts.commands.profiles.check import Checked, Walk

MOST_ID = 2**63 - 1  # that a column holds
HEADINGS = ("id", "app", "version", "state", "proposed", "by", "changes", "accepted by", "why")
WHO = "Who decides; none: the user of this machine."

commands = typer.Typer(
    no_args_is_help=True, help="App profiles: hold one against a phone, and mend it after an update."
)
PatchId = Annotated[int, typer.Argument(min=1, max=MOST_ID, help="The patch's id, of phonefleet profile patches.")]
Why = Annotated[str, typer.Option(callback=sentence, help="Why; it stays with the patch.")]


@commands.command("check")
def check(
    folder: Annotated[str, typer.Argument(help="A flow package with a profile; none: the fleet's own profile.")] = "",
    param: Annotated[
        list[str], typer.Option("--param", help="A parameter of the flow: name=value. Again for each.")
    ] = [],  # noqa: B006
    author: Annotated[
        str, typer.Option(help="Without a package: an author whose titles and comments are read too.")
    ] = "",
    phone: Annotated[
        str, typer.Option(help="A phone that adb knows, and no fleet serves now. None: a simulated one.")
    ] = "",
    screens: Annotated[
        Path | None, typer.Option(help="The folder of recorded screens; none: the profile's own.")
    ] = None,
    update: Annotated[
        int | None, typer.Option(help="A simulated phone whose apps are new versions, drawn by this seed.")
    ] = None,
    no_trees: Annotated[
        bool, typer.Option("--no-trees", help="Leave out the old and the new tree of each page.")
    ] = False,
) -> None:
    """Hold a profile against a phone, page by page; propose a patch where the app has changed."""
    from scripts.commands.flow_packages.phones import real_phone, simulated_phone  # noqa: PLC0415
    from scripts.commands.profiles.check import check as hold_against  # noqa: PLC0415

    profile, own_screens, walk = _what(folder, param, author)
    found = hold_against(
        profile,
        screens or own_screens,
        walk,
        lambda left: real_phone(phone, left) if phone else simulated_phone(left, rough=False, update=update),
    )
    console = Console()
    _tell(console, profile, found, trees=not no_trees)
    if found.patch and phone:
        row = _store(profile.package, found)
        say(console, put("patch {id} is proposed: reads use it; acts wait: phonefleet profile accept {id}", id=row))
    raise typer.Exit(0 if found.holds else 1)


@commands.command("record")
def record(
    into: Annotated[
        Path,
        typer.Argument(help="The profile's file, e.g. own.yaml; or a flow's name, e.g. read_own: then a flow is made."),
    ],
    package: Annotated[str, typer.Option(help="The app's package, e.g. com.example.app.")] = "",
    phone: Annotated[
        str, typer.Option(help="A phone that adb knows, and no fleet serves now. None: a simulated one.")
    ] = "",
    heading: Annotated[str, typer.Option(help="Of a flow: what people call it. None: its name.")] = "",
    recording: Annotated[
        int, typer.Option(help="Write what was recorded in the console, by its number, in place of a walk.")
    ] = 0,
) -> None:
    """Make a profile of an app, or a flow of what you do in it, while you walk through it on a phone."""
    from scripts.commands.profiles.recording import record_app, write_recorded  # noqa: PLC0415

    if bool(package) == bool(recording):
        reason = "--package and --recording exclude each other" if package else "it is missing"
        raise refuse("--package", reason, "name the app's package, or a recording of the console")
    if recording:
        write_recorded(into, recording)
    else:
        record_app(into, package, phone, heading)


@commands.command("patches")
def patches() -> None:
    """List the patches that were proposed, and who accepted or withdrew them."""
    from models.responsible_use.profile_patches import list_patches  # noqa: PLC0415
    from models.transactions.read_write import read  # noqa: PLC0415
    from scripts.connect import existing_ledger  # noqa: PLC0415

    rows = [_row(one) for one in read(existing_ledger(), list_patches)]
    print_sheet(Console(), Sheet("patches", HEADINGS, rows, "none was proposed yet", timed=True))


@commands.command("accept")
def accept(patch: PatchId, why: Why = "", who: Annotated[str, typer.Option(help=WHO)] = "") -> None:
    """Accept a patch after a look at it: from then on acts use it as well."""
    from models.responsible_use.profile_patches import accept_patch  # noqa: PLC0415
    from models.transactions.read_write import write  # noqa: PLC0415
    from scripts.connect import open_ledger, operator  # noqa: PLC0415

    name = operator(who)
    one = write(open_ledger(), lambda session: accept_patch(session, patch, who=name, why=why))
    say(Console(), put("patch {id} is accepted by {who}", id=one.id, who=one.accepted_by))


@commands.command("withdraw")
def withdraw(patch: PatchId, why: Why = "", who: Annotated[str, typer.Option(help=WHO)] = "") -> None:
    """Take a patch out of use, for reads as well."""
    from models.responsible_use.profile_patches import withdraw_patch  # noqa: PLC0415
    from models.transactions.read_write import write  # noqa: PLC0415
    from scripts.connect import open_ledger, operator  # noqa: PLC0415

    name = operator(who)
    one = write(open_ledger(), lambda session: withdraw_patch(session, patch, who=name, why=why))
    say(Console(), put("patch {id} is withdrawn by {who}", id=one.id, who=one.withdrawn_by))


def _what(folder: str, param: list[str], author: str) -> tuple[AppProfile, Path, Walk]:
    """Returns the profile, the folder of its recorded screens, and the walk over its app. Raises Refused."""
    from scripts.commands.profiles.check import walk_of, walk_of_fleet  # noqa: PLC0415

    if folder:
        from scripts.commands.flow_packages.check import package_in  # noqa: PLC0415
        from scripts.commands.flow_packages.run import checked, load_package  # noqa: PLC0415

        whole = package_in(Path(folder))
        loaded = load_package(whole)
        return loaded.profile, whole / "screens", walk_of(loaded.flow, checked(loaded.flow, param))
    from flows.drift.recorded import screens_folder  # noqa: PLC0415
    from flows.profile import ProfileError, load_profile  # noqa: PLC0415
    from workers.settings import settings  # noqa: PLC0415

    if param:
        raise refuse("--param", "the fleet's own profile is checked without parameters", "name a package's folder too")
    named = settings().profile
    try:
        return load_profile(named), screens_folder(named), walk_of_fleet(author)
    except ProfileError as error:
        raise refuse("PHONEFLEET_PROFILE", str(error), "correct the profile") from error


def _store(package: str, found: Checked) -> int:
    from flows.drift.trees import stored_trees  # noqa: PLC0415
    from models.responsible_use.profile_patches import propose_patch  # noqa: PLC0415
    from models.transactions.read_write import write  # noqa: PLC0415
    from scripts.connect import open_ledger, operator  # noqa: PLC0415

    stored, name = found.patch.model_dump(mode="json"), operator("")
    trees = stored_trees(package, found.patch, found.recorded, found.seen)
    return write(
        open_ledger(), lambda session: propose_patch(session, package, found.version, stored, by=name, trees=trees).id
    )


def _tell(console: Console, profile: AppProfile, found: Checked, *, trees: bool) -> None:
    """Prints the version, what changed on each page, what is not mended, and both trees."""
    tried = ", ".join(profile.versions)
    say(
        console,
        put(
            "{package} {version}; the profile was tried with {tried}",
            package=profile.package,
            version=found.version,
            tried=tried,
        ),
    )
    say(console, put("pages seen: {pages}", pages=", ".join(sorted(found.seen))))
    if found.holds:
        say(console, put("the profile holds"))
        return
    if found.patch.changes:
        rows = [
            [
                one.page,
                one.part,
                one.old.rpartition("/")[2],
                one.new.rpartition("/")[2],
                f"{one.score:.2f}" if one.score else "",
                str(one.screens or ""),
            ]
            for one in found.patch.changes
        ]
        print_sheet(console, Sheet("drift", ("page", "part", "old", "new", "likeness", "proven on"), rows, ""))
    lost = [
        Block(
            put("page {page} has no {part} any more: {reason}", page=one.page, part=one.part, reason=one.reason),
            remedy=put("mend the profile by hand"),
        )
        for one in found.patch.unmended
    ]
    lost += [Block(f"{one.code}: {one.reason}", remedy=one.remedy) for one in found.failures]
    if lost:
        print_blocks(console, "not mended", lost)
    if trees:
        _tell_trees(console, profile, found)


def _tell_trees(console: Console, profile: AppProfile, found: Checked) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from flows.drift.trees import page_trees  # noqa: PLC0415
    from scripts.terminal.language import heading  # noqa: PLC0415

    for page, trees in page_trees(profile.package, found.patch, found.recorded, found.seen).items():
        table = Table(heading("before"), heading("now"), title=page, title_justify="left", box=None)
        sides = (trees.before, trees.now)
        table.add_row(*(Text("\n".join(lines), no_wrap=True, overflow="ellipsis") for lines in sides))
        console.print(table)


def _row(one: Any) -> list[str]:
    from models.responsible_use.profile_patches import patch_state  # noqa: PLC0415
    from scripts.terminal.moments import stamp  # noqa: PLC0415

    state = patch_state(one)
    count = len(one.patch.get("changes", ()))
    why = one.withdrawn_why or one.accepted_why or ""
    return [
        str(one.id),
        one.package,
        one.app_version,
        state,
        stamp(one.proposed_at),
        one.proposed_by,
        str(count),
        one.accepted_by or "",
        why,
    ]
