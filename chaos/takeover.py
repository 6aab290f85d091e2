"""How long the dead are missed: from the death of a worker to the next attempt at what it ran. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.judge import AttemptRow
from chaos.strikes import Death


@dataclass(frozen=True, slots=True)
class Takeover:
    """One death with an attempt lost, and the seconds until the next one began."""

    death: Death
    seconds: float


def takeovers(deaths: Sequence[Death], attempts: Sequence[AttemptRow]) -> Iterator[Takeover]:
    """Every death that cost an attempt which another one followed.

    A task that was recorded in the very moment before its worker died lost nothing, and is left out.
    """
    by_task = {(one.task_id, one.number): one for one in attempts}
    for death in deaths:
        died = by_task.get((death.task_id, death.attempt))
        after = by_task.get((death.task_id, death.attempt + 1))
        if died is not None and died.outcome == "lost" and after is not None:
            yield Takeover(death, max(0.0, after.started_at.timestamp() - death.at))


def worst(found: Sequence[Takeover]) -> float:
    """The longest among tasks that any phone may take and whose outcome was not in doubt; 0 for none.

    Pinned work waits for its own account, and so does the verification of an act.
    """
    return max((one.seconds for one in found if not one.death.pinned and not one.death.no_return), default=0.0)
