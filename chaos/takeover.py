"""How long the dead are missed: from the death of a worker to the next attempt at what it ran. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.blow import Death
from chaos.judge import AttemptRow


@dataclass(frozen=True, slots=True)
class Takeover:
    """One death with an attempt lost, and the seconds until the next one began."""

    death: Death
    seconds: float

    @property
    def counts(self) -> bool:
        """Any phone could take it: it was neither pinned nor past a point of no return, which its account verifies."""
        return not self.death.pinned and not self.death.no_return


def takeovers(deaths: Sequence[Death], attempts: Sequence[AttemptRow]) -> Iterator[Takeover]:
    """Every death that cost an attempt which another one followed.

    A task that was recorded in the very moment before its worker died lost nothing, and is left out;
    an attempt dies once, though its host be struck again before the ledger knows.
    """
    by_task = {(one.task_id, one.number): one for one in attempts}
    first = {(one.task_id, one.attempt): one for one in sorted(deaths, key=lambda one: -one.at)}
    for death in first.values():
        died = by_task.get((death.task_id, death.attempt))
        after = by_task.get((death.task_id, death.attempt + 1))
        if died is not None and died.outcome == "lost" and after is not None:
            yield Takeover(death, max(0.0, after.started_at.timestamp() - death.at))


def worst(found: Sequence[Takeover]) -> float:
    """The longest of those that count; 0 for none."""
    return max((one.seconds for one in found if one.counts), default=0.0)
