"""The base of flows: a flow carries out one kind of task, as its spec declares it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from flows.session import Session
from flows.specs.flow_spec import FlowSpec, P, R


class Flow(FlowSpec[P, R], ABC):
    """Carries out one kind of task. One file per flow; instances have no state."""

    @abstractmethod
    def run(self, session: Session, params: P) -> R:
        """Carries out the flow. Raises FlowFailure; Stopped when the task must stop."""
