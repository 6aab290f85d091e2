"""The shelf as people look at it: a tile for each phone in the order of their places, and what needs a person."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, load_only

from models.database.clock import database_now
from models.tables import Account, Alert, Attempt, Campaign, Hold, Phone, Task
from models.tasks.progress import Why
from models.tasks.states import State
from models.values.enums import UnfitCode
from workers.lifecycle.phone_needs import Need, need_of, paused_since
from workers.lifecycle.standstill import KEEPS_WORKING, why_nothing_moves

# What a tile's colour says. The order is that of the summary.
WORKING, IDLE, WATCH, PAUSED, TROUBLE = "working", "idle", "watch", "paused", "trouble"
KINDS = (WORKING, IDLE, WATCH, PAUSED, TROUBLE)
RECENT = timedelta(hours=24)
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Tile:
    """One phone: where it stands, how it is, and what it does."""

    serial: str
    host: str
    hub: str
    place: str
    kind: str
    state: str  # a word of the catalogue's kind `phone`
    why: str
    remedy: str
    account: str
    account_name: str
    sandbox: bool
    flow: str
    task_id: str
    step: str
    began: datetime | None
    percent: int | None
    celsius: int | None
    address: str  # as adb names it: what hub and place were read from

    @property
    def id(self) -> str:
        """Returns the id of its part of the page: a serial may hold any sign."""
        return tile_id(self.serial)


@dataclass(frozen=True, slots=True)
class Grid:
    """The tiles in groups. It counts as changed only when their order does."""

    order: tuple[tuple[str, tuple[str, ...]], ...]
    groups: Sequence[tuple[str, Sequence[Tile]]] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many phones are how, what waits for a person, and why nothing moves."""

    kinds: tuple[tuple[str, int], ...]
    phones: int
    running: int
    ready: int
    held: int
    review: int
    failed: int  # in the last day
    holds: int
    alerts: int
    still: Why | None
    campaign: str


def tile_id(serial: str) -> str:
    """Returns the id of a phone's tile."""
    return f"p-{hashlib.sha256(serial.encode()).hexdigest()[:12]}"


def look_at_shelf(session: Session) -> dict[str, Tile | Grid | Summary]:
    """Reads the fragments of the shelf: `summary`, `grid:host`, `grid:state`, and one for each phone."""
    tiles = sorted(tiles_now(session), key=place_of)
    found: dict[str, Tile | Grid | Summary] = {
        "summary": _summary(session, tiles),
        "grid:host": _grid(tiles, lambda one: f"{one.host} · {one.hub}" if one.hub else one.host),
        "grid:state": _grid(sorted(tiles, key=lambda one: -KINDS.index(one.kind)), lambda one: one.kind),
    }
    found.update((one.id, one) for one in tiles)
    return found


def place_of(tile: Tile) -> tuple[object, ...]:
    """Returns where a phone stands: host, hub and port, with numbers by their value."""
    return tile.host, _by_value(tile.hub), _by_value(tile.place), tile.serial


def tiles_now(session: Session, serial: str | None = None) -> list[Tile]:
    """Returns the tiles of all phones, or of one."""
    now = database_now(session)
    wanted = select(Phone) if serial is None else select(Phone).where(Phone.serial == serial)
    accounts = {one.id: one for one in session.scalars(select(Account))}
    paused_at = paused_since(session)
    running = _running(session)
    tiles = []
    for phone in session.scalars(wanted):
        account = accounts.get(phone.account_id or "")
        need = need_of(phone, account, now, paused_at)
        tiles.append(_tile(phone, account, need, running.get(phone.incarnation or "")))
    return tiles


def _running(session: Session) -> Mapping[str, tuple[Task, datetime | None]]:
    columns = load_only(Task.id, Task.flow, Task.step, Task.incarnation)
    rows = session.execute(
        select(Task, Attempt.started_at)
        .outerjoin(Attempt, (Attempt.task_id == Task.id) & (Attempt.number == Task.attempt))
        .where(Task.state == State.RUNNING)
        .options(columns)
    )
    return {task.incarnation or "": (task, started) for task, started in rows}


def _tile(phone: Phone, account: Account | None, need: Need | None, does: tuple[Task, datetime | None] | None) -> Tile:
    health = phone.health if isinstance(phone.health, dict) else {}
    percent, celsius = health.get("percent"), health.get("celsius")
    hub, place = _hub_and_port(phone.address)
    task, began = does if does is not None else (None, None)
    return Tile(
        serial=phone.serial,
        host=phone.host,
        hub=hub,
        place=place,
        kind=kind_of(need, busy=task is not None),
        state="works" if need is None else need.state,
        why="" if need is None else need.why,
        remedy="" if need is None else need.remedy,
        account=phone.account_id or "",
        account_name=account.name if account is not None else "",
        sandbox=phone.sandbox,
        flow=task.flow if task is not None else "",
        task_id=task.id if task is not None else "",
        step=(task.step or "") if task is not None else "",
        began=began,
        percent=percent if isinstance(percent, int) else None,
        celsius=round(celsius) if isinstance(celsius, int | float) else None,
        address=phone.address,
    )


def kind_of(need: Need | None, *, busy: bool) -> str:
    """Returns what the tile's colour says: it works, is idle, is worth a look, is paused, or needs a person."""
    if need is None:
        return WORKING if busy else IDLE
    if need.state in KEEPS_WORKING:
        return WATCH
    return PAUSED if need.state == UnfitCode.PAUSED else TROUBLE


def _hub_and_port(address: str) -> tuple[str, str]:
    """Returns hub and port of usb:1-4.2; no hub for another address, which so stands in the group of its host.

    Phones with equal serials have one row with all their addresses: it stands where the first of them does.
    """
    first, comma, others = address.partition(", ")
    hub, dot, port = first.rpartition(".")
    if first.startswith("usb:") and dot:
        return hub, port + comma + others
    return "", address


def _by_value(text: str) -> tuple[tuple[int, object], ...]:
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in _NUMBER.split(text[:191]) if part)


def _grid(tiles: Sequence[Tile], group: Callable[[Tile], str]) -> Grid:
    groups: dict[str, list[Tile]] = {}
    for one in tiles:
        groups.setdefault(group(one), []).append(one)
    order = tuple((name, tuple(one.serial for one in some)) for name, some in groups.items())
    return Grid(order, list(groups.items()))


def _summary(session: Session, tiles: Sequence[Tile]) -> Summary:
    now = database_now(session)
    counted = session.execute(
        select(Task.state, func.count())
        .where(Task.state.in_((State.READY, State.RUNNING, State.HELD, State.NEEDS_REVIEW)))
        .group_by(Task.state)
    )
    states: dict[str, int] = dict(counted.all())
    failed = (
        select(func.count()).select_from(Attempt).where(Attempt.outcome == "failed", Attempt.ended_at > now - RECENT)
    )
    kinds = Counter(one.kind for one in tiles)
    still, campaign = standing_still(session)
    return Summary(
        tuple((kind, kinds.get(kind, 0)) for kind in KINDS),
        len(tiles),
        states.get(State.RUNNING, 0),
        states.get(State.READY, 0),
        states.get(State.HELD, 0),
        states.get(State.NEEDS_REVIEW, 0),
        session.scalar(failed) or 0,
        session.scalar(select(func.count()).select_from(Hold).where(Hold.released_at.is_(None))) or 0,
        session.scalar(select(func.count()).select_from(Alert).where(Alert.over_at.is_(None), Alert.at > now - RECENT))
        or 0,
        still,
        campaign,
    )


def standing_still(session: Session) -> tuple[Why | None, str]:
    """Returns why nothing moves, if no task of any campaign runs, and the campaign that this was asked of."""
    if session.scalar(select(Task.id).where(Task.state == State.RUNNING).limit(1)) is not None:
        return None, ""
    newest = select(Campaign).where(Campaign.outcome.is_(None)).order_by(Campaign.created_at.desc()).limit(1)
    campaign = session.scalars(newest).first()
    return (None, "") if campaign is None else (why_nothing_moves(session, campaign), campaign.id)
