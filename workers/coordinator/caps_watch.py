"""Wakes the tasks that sleep for a cap when another account may act.

Whoever changes a cap, or finds that an action did not happen, wakes them at once. A day's end is when they sleep to.
What is left is an account that comes: logged in, rested, out of quarantine, on a phone that works again.
"""

from __future__ import annotations

from collections.abc import Set
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.online_phones import online_phones
from models.responsible_use.authors import read_caps
from models.responsible_use.caps import operator_day
from models.responsible_use.usage import actions_by_account
from models.tasks.transitions import wake_capped
from models.transactions.read_write import read, write


def wake_for_accounts(engine: Engine, could_act: set[str], zone: ZoneInfo) -> int:
    """Wakes tasks if an account may act that could not at the last look. Returns the number of tasks woken.

    `could_act`: the accounts that had actions left at the last look; replaced by those of this look.
    """
    may_act = read(engine, lambda session: _with_actions_left(session, zone.key))
    came = may_act - could_act
    could_act.clear()
    could_act.update(may_act)
    return write(engine, lambda session: wake_capped(session, database_now(session))) if came else 0


def _with_actions_left(session: Session, zone: str) -> Set[str]:
    now = database_now(session)
    most = read_caps(session).actions_per_account_day
    today = operator_day(now, zone)
    done = {sort: actions_by_account(session, today, sandbox=sort) for sort in (True, False)}
    working = ((one.account_id, one.sandbox) for one in online_phones(session, now) if one.works)
    return {one for one, sandbox in working if one is not None and done[sandbox].get(one, 0) < most}
