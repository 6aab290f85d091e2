"""Plants the looks that are due: one task for each watch and due time, whoever plants, and however late."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from models.database.base import new_id
from models.database.clock import database_now
from models.tables import ApiKey, Campaign, Task, Watch, WatchLook
from models.tasks.states import OPEN
from models.transactions.insert_many import insert_many
from models.transactions.read_write import write
from models.values.enums import LookOutcome
from models.values.refused import Refused
from workers.campaigns.due import Planned, not_planted, take_due
from workers.canvas.signatures import task
from workers.planting.plant import CheckedCampaign, check_planting, compile_for_planting, plant_checked
from workers.planting.quota import admit_bytes, check_key_quota, key_of
from workers.planting.validate import LedgerFacts

BATCH_SIZE = 200  # watches in one transaction; the coordinator comes back for the rest
SHORTEST = timedelta(hours=1)  # that a look may wait for a phone
LONGEST = timedelta(hours=24)
Clock = Callable[[Session], datetime]
STILL_OPEN = "the look before has not ended"


class SharedFacts:
    """What the ledger knows of the authors of several looks, asked for once: a round plants hundreds."""

    def __init__(self, session: Session, watches: Iterable[Watch]) -> None:
        self._session = session
        named = (watch.params.get("author_id") for watch in watches)
        self._authors = {author_id for author_id in named if isinstance(author_id, str)}
        self._made: dict[tuple[bool, int], LedgerFacts] = {}

    def of(self, sandbox: bool, highest_priority: int) -> LedgerFacts:
        """Returns the facts for a look with simulated phones or not, by a key that may give this priority."""
        made = self._made.get((sandbox, highest_priority))
        if made is None:
            made = LedgerFacts(self._session, sandbox=sandbox, highest_priority=highest_priority)
            made.read_bases(self._authors)
            self._made[sandbox, highest_priority] = made
        return made


def plant_looks(engine: Engine, zone: ZoneInfo, clock: Clock = database_now) -> list[str]:
    """Plants the looks that are due, of at most 200 watches. Returns the ids of the tasks that are ready at once.

    A watch that is late gets one look, which tells how many due times it stands for. While its look before has not
    ended, a due time is skipped.
    """
    return write(engine, lambda session: _plant(session, zone, clock(session)))


def _plant(session: Session, zone: ZoneInfo, now: datetime) -> list[str]:
    planned = not_planted(session, WatchLook.watch_id, WatchLook.due, list(_watches_due(session, zone, now)))
    if not planned:
        return []
    facts = SharedFacts(session, [one.row for one in planned])
    busy = _still_open(session, [one.row.id for one in planned])
    checked: list[CheckedCampaign] = []
    looks = []
    for one in planned:
        look = {"watch_id": one.row.id, "due": one.due.at, "planted_at": now, "missed": one.due.missed}
        if one.row.id in busy:
            looks.append({**look, "outcome": LookOutcome.SKIPPED, "task_id": None, "reason": STILL_OPEN})
            continue
        try:
            campaign = checked_look(session, one, now, facts)
        except Refused as refused:
            looks.append({**look, "outcome": LookOutcome.FAILED, "task_id": None, "reason": str(refused)})
            one.row.failed_looks += 1
        else:
            checked.append(campaign)
            task_id = campaign.planted.rows[0].id
            looks.append({**look, "outcome": LookOutcome.PLANTED, "task_id": task_id, "reason": None})
    insert_many(session, WatchLook, looks)
    return plant_checked(session, checked, now) if checked else []


def _watches_due(session: Session, zone: ZoneInfo, now: datetime) -> Iterator[Planned[Watch]]:
    out_of_use = select(ApiKey.id).where(or_(ApiKey.revoked_at.is_not(None), ApiKey.disabled_at.is_not(None)))
    in_use = or_(Watch.key_id.is_(None), Watch.key_id.not_in(out_of_use))
    return take_due(session, Watch, zone, now, Watch.paused.is_(False), in_use, most=BATCH_SIZE)


def _still_open(session: Session, watch_ids: Sequence[str]) -> set[str]:
    running = select(WatchLook.watch_id).join(Task, Task.id == WatchLook.task_id)
    mine = (WatchLook.watch_id.in_(watch_ids), WatchLook.outcome == LookOutcome.PLANTED, Task.state.in_(OPEN))
    return set(session.scalars(running.where(*mine)))


def checked_look(session: Session, one: Planned[Watch], now: datetime, facts: SharedFacts) -> CheckedCampaign:
    """Returns the checked campaign of one look: it could be planted now. Raises Refused."""
    watch = one.row
    planted = compile_for_planting(task(watch.flow, watch.params, immutable=True), "all")
    campaign = Campaign(
        id=new_id(),
        name=watch.name,
        asked_by=watch.created_by,
        asked_for={"watch": watch.id, "due": one.due.at.isoformat()},
        join="all",
        seed=random.SystemRandom().getrandbits(31),
        key_id=watch.key_id,
        sandbox=watch.sandbox,
    )
    key = key_of(session, campaign)
    known = facts.of(watch.sandbox, 0 if key is None else key.highest_priority)
    latest_end = now + min(LONGEST, max(SHORTEST, one.schedule.gap(one.due.at)))
    check_planting(planted.rows, latest_end, now, facts=known)
    check_key_quota(session, campaign, planted.rows)
    admit_bytes(session, campaign, planted.bytes, now)
    return CheckedCampaign(campaign, planted, latest_end)
