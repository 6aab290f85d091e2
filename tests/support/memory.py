"""A journal and a watch that are kept in memory: what a flow's session needs besides its phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from flows.action import Action, ActionKind, ActionRefused


@dataclass
class MemoryJournal:
    """A journal that forgets everything with the test; authors without a basis are refused."""

    earlier: list[Action] = field(default_factory=list)
    unseen: list[Action] = field(default_factory=list)  # those of `earlier` that nobody saw on the app
    without_basis: set[str] = field(default_factory=set)
    cap: int = 1000
    posted_before: set[str] = field(default_factory=set)  # texts that this account posted on every video
    declared: list[Action] = field(default_factory=list)
    confirmed: dict[int, bool] = field(default_factory=dict)
    refuted: dict[int, str] = field(default_factory=dict)

    def done(self) -> Sequence[Action]:
        return self.earlier

    def verified(self, action: Action) -> bool:
        return action in self.earlier and action not in self.unseen

    def refusal(self, action: Action) -> ActionRefused | None:
        if action.author_id in self.without_basis:
            return ActionRefused("no_basis", f"author {action.author_id} has no basis")
        if action.text in self.posted_before:
            return ActionRefused("text_repeated", f"{action.text!r} stands there")
        if len(self.declared) - len(self.refuted) >= self.cap:
            return ActionRefused("cap_reached", f"{self.cap} actions")
        return None

    def declare(self, action: Action) -> int:
        refusal = self.refusal(action)
        if refusal is not None:
            raise refusal
        self.declared.append(action)
        return len(self.declared)

    def confirm(self, number: int, *, verified: bool) -> None:
        self.confirmed[number] = verified

    def refute(self, number: int, reason: str) -> None:
        self.refuted[number] = reason

    def happened(self, kind: ActionKind) -> list[Action]:
        """The confirmed actions of a kind."""
        numbered = enumerate(self.declared, 1)
        return [action for number, action in numbered if number in self.confirmed and action.kind is kind]

    @property
    def open(self) -> list[Action]:
        """Declared actions of which nobody knows what came."""
        closed = self.confirmed.keys() | self.refuted.keys()
        return [action for number, action in enumerate(self.declared, 1) if number not in closed]


@dataclass
class MemoryWatch:
    """Counts the checks; raises `stop` once it is set."""

    stop: Exception | None = None
    checks: int = 0
    steps: list[str] = field(default_factory=list)

    def check(self) -> None:
        self.checks += 1
        if self.stop is not None:
            raise self.stop

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.steps.append(name)
        yield
