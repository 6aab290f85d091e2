"""Learns how far lists on this phone run on after a swipe."""

from __future__ import annotations

from dataclasses import dataclass

RUN_ON = 2.25  # times the finger's distance that a list is assumed to move at most, before anything was learned
FOLLOWS = 1.05  # a list that moves no further than this does not run on
LEARNED = 3  # swipes after which a list counts as steady
SHORT = 150  # pixels; a shorter swipe is not counted, because fingers slip


@dataclass(slots=True)
class Scrolls:
    """The swipes measured so far."""

    measured: int = 0
    most: float = 0.0  # of the finger's way, that a list moved

    @property
    def steady(self) -> bool:
        """True when lists have moved with the finger and then stopped, in all swipes so far."""
        return self.measured >= LEARNED and self.most <= FOLLOWS

    @property
    def factor(self) -> float:
        """Returns how many times the finger's distance a list may move."""
        return FOLLOWS + 0.05 if self.steady else max(RUN_ON, self.most * 1.15)

    def note(self, way: int, moved: int) -> None:
        """Notes a swipe of `way` pixels after which the list moved by `moved`, without reaching its end."""
        if way >= SHORT:
            self.measured += 1
            self.most = max(self.most, moved / way)

    def distrust(self) -> None:
        """Begins to learn again, because a list was not where it should be; assumes a longer run if lists run on."""
        if not self.steady:
            self.most = max(self.most, RUN_ON) * 1.5
        self.measured = 0
