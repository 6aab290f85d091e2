"""The faults of the practice app that a test can set."""

from __future__ import annotations

from phonesim.update import Update


class AppFaults:
    """Attributes that take effect at once.

    `logged_out`, `may_not_act`, `rate_limited`, `verification`, `drifted`, `network_down`, and `loading_fails` (how
    many next loads of lists fail).
    """

    def __init__(self) -> None:
        self.logged_out = False
        self.may_not_act = False
        self.verification = False
        self.drifted = False
        self.network_down = False
        self.update: Update | None = None  # the new version that is installed
        self.loading_fails = 0
        self._rate_limited = False
        self._limit_hidden = False
        self._load_seconds = 0.0

    @property
    def rate_limited(self) -> bool:
        """The rate-limit page shows until its button is tapped, and again at the next act."""
        return self._rate_limited

    @rate_limited.setter
    def rate_limited(self, on: bool) -> None:
        self._rate_limited = on
        self._limit_hidden = False

    @property
    def limit_shows(self) -> bool:
        """Is the rate-limit page on top?"""
        return self._rate_limited and not self._limit_hidden

    def show_limit(self) -> None:
        """An act brings the rate-limit page back."""
        self._limit_hidden = False

    def hide_limit(self) -> None:
        """A finger closes the rate-limit page."""
        self._limit_hidden = True

    def load_delay(self, seconds: float) -> None:
        """How long every part of a list takes to load from now on, in seconds of the clock."""
        self._load_seconds = seconds

    def load_seconds(self) -> float:
        return self._load_seconds

    def load_fails(self) -> bool:
        if self.network_down:
            return True
        if self.loading_fails > 0:
            self.loading_fails -= 1
            return True
        return False
