"""`phonefleet keys`: makes, lists, changes and revokes the API keys of customers' systems."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine

from gateway.delivery.address_guard import NotThere, resolve
from gateway.keys.api_keys import (
    HIGHEST_PRIORITY,
    MOST_WAITING,
    RATE,
    KeySpec,
    ListedKey,
    change_key,
    disable_key,
    list_keys,
    make_key,
    revoke_key,
    rewrap_secrets,
    rotate_key,
)
from gateway.keys.master_key import HOW_TO_MAKE, MasterKeyWrong
from gateway.keys.unopened import REMEDY, note_unopened
from gateway.protocol.seal import Secret
from models.notify.addresses import read_address
from models.notify.undelivered import REMEDIES
from models.values.refused import refuse
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.arguments import finite
from scripts.terminal.language import put, said
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, list_blocks, say
from workers.settings import settings

commands = typer.Typer(invoke_without_command=True, help="Keys of customers, with their secrets and limits.")

ORIGIN = "Scheme, host and port: https://hooks.example.com:8443."
Allow = Annotated[list[str] | None, typer.Option(help=f"Where it may be called back. {ORIGIN} As often as needed.")]
Highest = Annotated[
    int | None,
    typer.Option(help=f"The highest priority of its tasks, 0 (urgent) to 9; {HIGHEST_PRIORITY} at first."),
]
Who = Annotated[str, typer.Option(help="Who does it; kept in the ledger. None: the user of this machine.")]


@commands.callback()
def by_default(context: typer.Context) -> None:
    """Keys of customers, with their secrets and limits. Without a command: list."""
    if context.invoked_subcommand is None:
        list_all()


@commands.command("list")
def list_all() -> None:
    """List every key with its customer, its callback addresses and the number of its valid secrets. Shows no secret."""
    console = Console()
    found = [_told(one) for one in list_keys(existing_ledger())]
    list_blocks(console, "keys", found, "make one: phonefleet keys make NAME --customer NAME")
    if settings().master_key is None:
        say(
            console, f"PHONEFLEET_MASTER_KEY is not set here: no key can be made, and no gateway started; {HOW_TO_MAKE}"
        )


@commands.command("make")
def make(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    customer: Annotated[str, typer.Option(help="Whose it is. A key sees its own customer's tasks alone.")],
    allow: Allow = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Its tasks run on simulated phones only.")] = False,
    plain_json: Annotated[bool, typer.Option("--plain-json", help="Take requests that are not sealed.")] = False,
    highest_priority: Highest = None,
    who: Who = "",
) -> None:
    """Make a key. Its secrets are shown once, here."""
    highest = HIGHEST_PRIORITY if highest_priority is None else highest_priority
    spec = KeySpec(name, customer, sandbox, allow or (), plain_json_allowed=plain_json, highest_priority=highest)
    engine = open_ledger()
    key_id, secret = make_key(engine, spec, who=operator(who))
    _show_once(key_id, secret)
    _tell_unopened(engine)
    _warn_of(spec.allowlist)
    if sandbox:
        say(Console(), "Its tasks wait for simulated phones: those of a host that runs with PHONEFLEET_SANDBOX=1.")


@commands.command("allow")
def allow_origins(key_id: str, origins: Annotated[list[str], typer.Argument(help=ORIGIN)], who: Who = "") -> None:
    """Replace a key's callback origins with these."""
    before, after = change_key(open_ledger(), key_id, who=operator(who), allowlist=origins)["allowlist"]
    console = Console()
    say(console, f"{key_id} may be called back at {', '.join(after)}")
    _warn_of(one for one in after if one not in before)
    dropped = [one for one in before if one not in after]
    if dropped:
        say(console, f"and no longer at {', '.join(dropped)}: callbacks owed there are refused from now on")
    elif sorted(before) == sorted(after):
        say(console, "as before: nothing was changed")


@commands.command("limits")
def limits(
    key_id: str,
    rate: Annotated[float | None, typer.Option(callback=finite, help=f"Requests a second; {RATE:g} at first.")] = None,
    most_waiting: Annotated[
        int | None, typer.Option(help=f"Tasks that have not ended; {MOST_WAITING} at first.")
    ] = None,
    highest_priority: Highest = None,
    weight: Annotated[
        int | None, typer.Option(help="Its customer's share while several wait for the phones; 1 at first.")
    ] = None,
    who: Who = "",
) -> None:
    """Set a key's limits. A limit that is not given stays the same."""
    given = {
        "rate_per_second": rate,
        "most_waiting": most_waiting,
        "highest_priority": highest_priority,
        "weight": weight,
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    if not wanted:
        raise refuse("limits", "none is given", "add --rate, --most-waiting, --highest-priority or --weight")
    changed = change_key(open_ledger(), key_id, who=operator(who), **wanted)
    words = {
        "rate_per_second": "requests a second",
        "most_waiting": "tasks that have not ended",
        "highest_priority": "as highest priority",
        "weight": "as weight",
    }
    told = [said(f"{after:g} {words[name]}, before {before:g}") for name, (before, after) in changed.items()]
    say(Console(), f"{key_id}: {'; '.join(told)}")


@commands.command("tell")
def tell(
    key_id: str,
    url: Annotated[str, typer.Argument(help="Where to; none: nothing is told any more.")] = "",
    alerts: Annotated[bool, typer.Option("--alerts", help="Alerts of the fleet, and of its own customer.")] = False,
    quarantines: Annotated[bool, typer.Option("--quarantines", help="Phones that are put in quarantine.")] = False,
    who: Who = "",
) -> None:
    """Subscribe a key to alerts or quarantines, which are not about its own tasks."""
    if url and not (alerts or quarantines):
        raise refuse("what", "neither alerts nor quarantines", "add --alerts, --quarantines or both")
    wanted = {"wants_alerts": bool(url) and alerts, "wants_quarantines": bool(url) and quarantines}
    before = change_key(open_ledger(), key_id, who=operator(who), events_url=url or None, **wanted)["events_url"][0]
    what = " and ".join(word for word, on in (("alerts", alerts), ("quarantines", quarantines)) if on)
    told = put("{said} go to {url}", said=said(what), url=url)
    line = f"{key_id}: {told}" if url else put("{key} is told of its own tasks only", key=key_id)
    was = put("before, they went to {before}", before=before) if before and before != url else ""
    say(Console(), f"{line}; {was}" if was else line)


@commands.command("rotate")
def rotate(
    key_id: str,
    hours: Annotated[
        float, typer.Option(callback=finite, help="How long the secret before it lives on; 0: it ends now.")
    ] = 24.0,
    who: Who = "",
) -> None:
    """Give a key a second secret. Both are valid for a while, so that the customer can switch without a pause."""
    engine = open_ledger()
    _show_once(key_id, rotate_key(engine, key_id, overlap=timedelta(hours=hours), who=operator(who)))
    _tell_unopened(engine)
    if hours:
        say(Console(), f"the secret before it lives for {hours:g} hours more, and seals until then; both sign")


@commands.command("rewrap")
def rewrap(who: Who = "") -> None:
    """Encrypt all secrets under the new master key; PHONEFLEET_OLD_MASTER_KEY has the old one.

    Customers notice nothing. Start gateway and delivery workers anew with the new master key afterwards.
    """
    old = settings().old_master_key
    if old is None:
        remedy = "set it to the master key that the secrets rest under, and PHONEFLEET_MASTER_KEY to the new one"
        raise refuse("PHONEFLEET_OLD_MASTER_KEY", "is not set", remedy)
    try:
        engine = open_ledger()
        moved = rewrap_secrets(engine, old, who=operator(who))
    except MasterKeyWrong as wrong:
        raise refuse("PHONEFLEET_OLD_MASTER_KEY", str(wrong), "give the one that it was kept under") from None
    say(Console(), f"{moved} secrets rest under the new master key; start gateway and delivery workers anew with it")
    _tell_unopened(engine)


@commands.command("disable")
def disable(key_id: str, who: Who = "") -> None:
    """Refuse a key's requests until it is enabled. Its secrets stay; its planted tasks and callbacks continue."""
    disable_key(open_ledger(), key_id, who=operator(who))
    say(Console(), f"{key_id} is disabled: its requests are refused; to go on: phonefleet keys enable {key_id}")


@commands.command("enable")
def enable(key_id: str, who: Who = "") -> None:
    """Accept the requests of a disabled key again."""
    disable_key(open_ledger(), key_id, who=operator(who), disabled=False)
    say(Console(), f"{key_id} is enabled: its requests are accepted")


@commands.command("revoke")
def revoke(key_id: str, who: Who = "") -> None:
    """Revoke a key: its requests are refused, and nothing is sent to it. Its planted tasks continue."""
    engine = open_ledger()
    unsent = revoke_key(engine, key_id, who=operator(who))
    say(Console(), f"{key_id} is revoked; {unsent} callbacks that it was owed stay unsent")
    _tell_unopened(engine)


def _tell_unopened(engine: Engine) -> None:
    """Says which keys the master key does not open, and raises or ends the alert about them."""
    if settings().master_key is None:
        return
    found = note_unopened(engine)
    if found is not None and found.keys:
        say(Console(), f"{found.told}; {REMEDY}")


def _warn_of(origins: Iterable[str]) -> None:
    """Warns of origins to which no callback can be sent now, before the first callback fails."""
    for origin in origins:
        address = read_address(origin)
        try:
            resolve(address.host, address.port, settings().callback_networks)
        except NotThere as problem:
            say(Console(), f"Nothing can be sent to {origin} as it stands: {REMEDIES[problem.code]}.")


def _show_once(key_id: str, secret: Secret) -> None:
    seal_key, signing_secret = secret.texts()
    console = Console()
    for label, value in (("key id", key_id), ("seal key", seal_key), ("signing secret", signing_secret)):
        say(console, f"{said(label):15} {value}", whole=True)
    say(console, "Shown this once. Hand them over by a way that nobody else reads.")


def _told(one: ListedKey) -> Block:
    row = one.row
    told = [word for word, wanted in (("alerts", row.wants_alerts), ("quarantines", row.wants_quarantines)) if wanted]
    kind = said("sandbox key" if row.sandbox else "live key").removesuffix(" key")
    kind += put(", plain JSON") if row.plain_json_allowed else ""
    lines = [put("called back at: {list}", list=", ".join(row.allowlist) or said("nowhere"))]
    if told:
        lines.append(put("{said} go to {url}", said=said(" and ".join(told)), url=row.events_url))
    limits = {"rate": f"{row.rate_per_second:g}", "waiting": row.most_waiting, "secrets": said(_secrets(one))}
    lines.append(put("limits: {rate}/s, {waiting} waiting; secrets: {secrets}", **limits))
    lines.append(f"priorities: {row.highest_priority} to 9; weight: {row.weight}")
    if row.disabled_at is not None and row.revoked_at is None:
        lines.append(put("disabled {day} by {who}", day=stamp(row.disabled_at)[:10], who=row.disabled_by))
    return Block(f"{row.id}  {row.customer}: {row.name}  ({kind})", lines)


def _secrets(one: ListedKey) -> str:
    if one.row.revoked_at is not None:
        return f"revoked {stamp(one.row.revoked_at)[:10]} by {one.row.revoked_by}"
    return str(one.live) if one.older_until is None else f"{one.live}, the older until {stamp(one.older_until)[5:-3]}"
