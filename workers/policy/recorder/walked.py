"""What a person showed while they walked through an app: screens, elements, and how they went from page to page."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.screen import Node, Screen
from workers.policy.recorder.typed_steps import TypedSteps


@dataclass(slots=True)
class Walked:
    """What a person showed: by page the screens and the chosen elements, and how they went from page to page.

    `typed`: the steps of the flow that they record; None for a profile alone.
    """

    package: str
    version: str
    screens: dict[str, list[Screen]] = field(default_factory=dict)
    parts: dict[str, dict[str, Node]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)  # file's stem → JPEG
    typed: TypedSteps | None = None

    def add(self, page: str, screen: Screen, picture: bytes) -> None:
        """Keeps a screen of this page."""
        self.screens.setdefault(page, []).append(screen)
        self.parts.setdefault(page, {})
        if self.typed is not None:
            self.typed.arrive(page)
        self.pictures[f"{page}_{len(self.screens[page])}"] = picture
