"""Trials of a takeover or a stop, from what the ledger and the phones themselves say. Pure.

One clock: the database, the simulated phones and whoever strikes are on one machine, so the times
of all three are compared as they are (seconds since 1970).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.blow import Death
from chaos.judge import AttemptRow

QUIET_SECONDS = 3.0  # so long without a call, and a phone is left alone

Calls = Mapping[str, Sequence[Mapping[str, Any]]]  # by serial, as phonesim's GET /calls has them


@dataclass(frozen=True, slots=True)
class Trial:
    """Seconds from a death until the ledger knew, until another phone claimed the task, until it was first called.

    None for what did not happen while the trial was watched.
    """

    kind: str
    noticed: float | None = None
    claimed: float | None = None
    touched: float | None = None


def takeover(death: Death, attempts: Sequence[AttemptRow], calls: Calls) -> Trial | None:
    """Returns the trial of the attempt that died; None when it was recorded before its death and nothing was lost.

    `attempts` are those at its task, oldest first. Another phone counts, and the struck one does not:
    its own next worker may be quicker, but the phone may be what died.
    """
    died = next(one for one in attempts if one.number == death.attempt)
    if died.outcome == "succeeded":
        return None
    others = [one for one in attempts if one.number > death.attempt and one.phone_serial != died.phone_serial]
    firsts = [first for one in others if (first := _first_call(one, calls)) is not None]
    return Trial(
        death.kind,
        _since(death.at, died.ended_at.timestamp() if died.ended_at else None),
        _since(death.at, others[0].started_at.timestamp() if others else None),
        _since(death.at, min(firsts, default=None)),
    )


def _first_call(attempt: AttemptRow, calls: Calls) -> float | None:
    began = attempt.started_at.timestamp()
    ended = attempt.ended_at.timestamp() if attempt.ended_at else math.inf
    during = [call["began"] for call in calls.get(attempt.phone_serial or "", ()) if began <= call["began"] <= ended]
    return min(during, default=None)


def last_touch(asked_at: float, calls: Sequence[Mapping[str, Any]]) -> float:
    """Seconds from a stop request to the end of the last call to the phone; 0 when none came after it."""
    return max((_since(asked_at, call["ended"]) or 0.0 for call in calls), default=0.0)


def quiet(calls: Calls, serials: Iterable[str], now: float) -> bool:
    """Returns whether no call came to these phones for QUIET_SECONDS."""
    ends = [calls[serial][-1]["ended"] for serial in serials if calls[serial]]
    return all(ended is not None and now - ended >= QUIET_SECONDS for ended in ends)


def run_again(task: str, at: float, runs: Sequence[Mapping[str, Any]], calls: Calls) -> float | None:
    """Seconds from `at` until any phone was called for a task of stock Celery again; None when none was.

    `runs` tell which task began where: task, serial, at. The next worker of the struck phone counts:
    stock Celery does not leave a phone out.
    """
    later = [run for run in runs if run["task"] == task and run["at"] > at]
    firsts = [call["began"] for run in later for call in calls[run["serial"]] if call["began"] >= run["at"]]
    return _since(at, min(firsts, default=None))


def _since(began: float, ended: float | None) -> float | None:
    return None if ended is None else max(0.0, ended - began)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was measured, never one between two. Raises ValueError for none."""
    if not values:
        raise ValueError("no value has no percentile")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def capped(values: Sequence[float | None], most: float) -> list[float]:
    """Returns the times; an event that did not happen counts as the longest wait for it."""
    return [most if value is None else min(value, most) for value in values]
