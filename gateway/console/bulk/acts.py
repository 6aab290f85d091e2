"""What may be done with many rows of each kind, one row at a time and by the functions that serve a single one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from models.notify.replays import replay_one
from models.tables import BulkAct, BulkRow
from workers.attempts.content_holds import hold_flow
from workers.control.pause import pause_task, resume_task
from workers.control.phone_pause import pause_phone, release_phone, resume_phone
from workers.control.reprioritise import reprioritise_task
from workers.control.retry import retry_failed
from workers.control.stop import stop_task


@dataclass(frozen=True, slots=True)
class Asked:
    """One row with what a person asked for."""

    engine: Engine
    act: BulkAct
    row: BulkRow

    @property
    def one(self) -> str:
        """Returns the row's id."""
        return self.row.subject

    @property
    def who(self) -> str:
        return self.act.asked_by

    @property
    def why(self) -> str:
        return self.act.reason or ""

    @property
    def until(self) -> datetime | None:
        """Returns when a pause ends by itself."""
        until = (self.act.given or {}).get("until")
        return None if until is None else datetime.fromisoformat(until)


@dataclass(frozen=True, slots=True)
class Act:
    """An act on each row: its label, its form's further fields, and what carries it out, which raises Refused.

    `carry` may return the path of the page of what it made.
    """

    label: str
    carry: Callable[[Asked], object]
    field: str = ""  # ending, priority, or none
    danger: bool = False


def _pause_phone(asked: Asked, *, drain: bool = False) -> object:
    how: Mapping[str, Any] = {"who": asked.who, "why": asked.why, "until": asked.until, "drain": drain}
    return pause_phone(asked.engine, asked.one, ring_now=False, anew=False, **how)


def _drain_phone(asked: Asked) -> object:
    return _pause_phone(asked, drain=True)


def _resume_phone(asked: Asked) -> object:
    return resume_phone(asked.engine, asked.one, who=asked.who, ring_now=False)


def _release_phone(asked: Asked) -> None:
    release_phone(asked.engine, asked.one, who=asked.who)


def _pause_task(asked: Asked) -> object:
    return pause_task(
        asked.engine, asked.one, who=asked.who, why=asked.why, until=asked.until, anew=False, at_once=False
    )


def _resume_task(asked: Asked) -> object:
    return resume_task(asked.engine, asked.one, who=asked.who, ring_now=False, at_once=False)


def _stop_task(asked: Asked) -> object:
    return stop_task(asked.engine, asked.one, who=asked.who, why=asked.why, at_once=False)


def _priority(asked: Asked) -> object:
    wanted = int((asked.act.given or {})["priority"])
    return reprioritise_task(asked.engine, asked.one, wanted, who=asked.who, ring_now=False, at_once=False)


def _retry(asked: Asked) -> str:
    given = asked.row.given or {}
    planted = retry_failed(asked.engine, given["tasks"], name=f"retry {given['code']}", who=asked.who)
    return f"/campaigns/{planted.handle.id}"


def _hold(asked: Asked) -> object:
    given = asked.row.given or {}
    return hold_flow(asked.engine, given["flow"], given["code"], who=asked.who, why=asked.why)


def _replay(asked: Asked) -> object:
    return replay_one(asked.engine, asked.one, who=asked.who)


ACTS: Mapping[str, Mapping[str, Act]] = {
    "phones": {
        "pause": Act("Pause", _pause_phone, "ending"),
        "drain": Act("Drain", _drain_phone, "ending"),
        "resume": Act("Resume", _resume_phone),
        "release": Act("Release", _release_phone),
    },
    "tasks": {
        "pause": Act("Pause", _pause_task, "ending"),
        "resume": Act("Resume", _resume_task),
        "priority": Act("Priority", _priority, "priority"),
        "stop": Act("Stop", _stop_task, danger=True),
    },
    "failures": {"retry": Act("Retry", _retry), "hold": Act("Hold its flow", _hold)},
    "deliveries": {"replay": Act("Send again", _replay)},
}


def given_of(act: Act, until: datetime | None, priority: str) -> Mapping[str, Any]:
    """Returns what an act needs beside its reason, for the ledger."""
    if act.field == "ending":
        return {} if until is None else {"until": until.isoformat()}
    return {"priority": int(priority)} if act.field == "priority" else {}
