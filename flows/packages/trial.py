"""What a flow's session needs beside a phone while somebody tries the flow: a journal and a watch, kept in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flows.action import Action, ActionRefused
from flows.failures import FlowFailure


class TrialJournal:
    """A journal of one run. `refusal_reason`: why nothing is done on this phone; empty: acts are done."""

    def __init__(self, refusal_reason: str) -> None:
        self._refusal = refusal_reason
        self.declared: list[Action] = []
        self.outcomes: dict[int, bool] = {}

    def done(self) -> Sequence[Action]:
        return ()

    def verified(self, action: Action) -> bool:
        return False

    def refusal(self, action: Action) -> ActionRefused | None:
        return ActionRefused("no_basis", self._refusal) if self._refusal else None

    def declare(self, action: Action) -> int:
        refused = self.refusal(action)
        if refused is not None:
            raise refused
        self.declared.append(action)
        return len(self.declared)

    def confirm(self, number: int, *, verified: bool) -> None:
        self.outcomes[number] = True

    def refute(self, number: int, reason: str) -> None:
        self.outcomes[number] = False


class TrialWatch:
    """Ends the flow at its time limit; tells each step's name when it begins."""

    def __init__(self, seconds: float, begins: Callable[[str], None] = lambda _: None) -> None:
        self._end = time.monotonic() + seconds
        self._begins = begins
        self.steps: list[str] = []

    @property
    def left(self) -> float:
        """Returns the seconds left."""
        return self._end - time.monotonic()

    def check(self) -> None:
        if self.left <= 0:
            raise FlowFailure("time_limit", "the flow's own time limit is over")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.steps.append(name)
        self._begins(name)
        yield
