"""How far lists run on after a swipe on this phone: learned from how far they moved."""

from __future__ import annotations

from dataclasses import dataclass

RUN_ON = 2.25  # times the finger's way that a list moves at most, as far as nothing else was seen
FOLLOWS = 1.05  # a list that moves no further than this does not run on
LEARNED = 3  # swipes after which that is believed
SHORT = 150  # pixels; a shorter way says nothing: fingers slip


@dataclass(slots=True)
class Scrolls:
    """What the swipes so far told."""

    measured: int = 0
    most: float = 0.0  # of the finger's way, that a list moved

    @property
    def steady(self) -> bool:
        """Lists have followed the finger and stood still so far."""
        return self.measured >= LEARNED and self.most <= FOLLOWS

    @property
    def factor(self) -> float:
        """How many times the finger's way a list may move."""
        return FOLLOWS + 0.05 if self.steady else max(RUN_ON, self.most * 1.15)

    def note(self, way: int, moved: int) -> None:
        """A finger went this way, in pixels, and the list moved so far, with more of it to come."""
        if way >= SHORT:
            self.measured += 1
            self.most = max(self.most, moved / way)

    def distrust(self) -> None:
        """A list was not where it should be: begin to learn again, with shorter ways if it ran on further yet."""
        if not self.steady:
            self.most = max(self.most, RUN_ON) * 1.5
        self.measured = 0
